"""A detector on disk: its card, its graph, its labels, and where it is found."""

from edge_app.model.card import Card, DecoderSpec, InputSpec, Precision, Thresholds
from edge_app.model.files import Model, find, sha256
from edge_app.model.graph import Graph, Tensor, read_graph
from edge_app.model.labels import choose_labels

__all__ = [
    "Card",
    "DecoderSpec",
    "Graph",
    "InputSpec",
    "Model",
    "Precision",
    "Tensor",
    "Thresholds",
    "choose_labels",
    "find",
    "read_graph",
    "sha256",
]
