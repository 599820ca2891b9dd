"""A detector on disk: its card, its graph, its labels, where it is found, and from where it can be fetched."""

from edge_app.model.card import Card, DecoderSpec, InputSpec, Precision, Thresholds
from edge_app.model.catalogue import Entry, catalogued, read_catalogue
from edge_app.model.files import Model, find, find_argument, sha256
from edge_app.model.graph import Graph, Tensor, read_any_graph, read_graph
from edge_app.model.installed import Installed, installed
from edge_app.model.labels import MOST_CLASSES, Labels, find_labels, metadata_labels
from edge_app.model.pull import pull
from edge_app.model.report import Report, read_report, report_path, write_report

__all__ = [
    "MOST_CLASSES",
    "Card",
    "DecoderSpec",
    "Entry",
    "Graph",
    "InputSpec",
    "Installed",
    "Labels",
    "Model",
    "Precision",
    "Report",
    "Tensor",
    "Thresholds",
    "catalogued",
    "find",
    "find_argument",
    "find_labels",
    "installed",
    "metadata_labels",
    "pull",
    "read_any_graph",
    "read_catalogue",
    "read_graph",
    "read_report",
    "report_path",
    "sha256",
    "write_report",
]
