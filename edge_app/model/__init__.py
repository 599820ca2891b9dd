"""A detector on disk: its card, its graph, its labels, and where it is found."""

from edge_app.model.card import Card, DecoderSpec, InputSpec, Precision, Thresholds
from edge_app.model.files import Model, find, sha256
from edge_app.model.graph import Graph, Tensor, read_graph
from edge_app.model.labels import MOST_CLASSES, choose_labels, metadata_labels

__all__ = [
    "MOST_CLASSES",
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
    "metadata_labels",
    "read_graph",
    "sha256",
]
