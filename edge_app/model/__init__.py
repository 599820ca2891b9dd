"""A detector on disk: its card, its signature, its labels, where it is found and where it can be fetched from."""

from edge_app.model.card import FilePrecision, InputSpec, Precision, Thresholds
from edge_app.model.catalogue import CatalogueEntry, catalogued, read_catalogue
from edge_app.model.files import Model, digest, find, find_argument, sha256
from edge_app.model.installed import Installed, installed
from edge_app.model.labels import MAX_CLASSES, Labels, find_labels, metadata_labels
from edge_app.model.onnx_file import load_onnx, may_name_weights, read_onnx
from edge_app.model.pull import pull
from edge_app.model.report import CalibrationReport, read_report, report_path, write_report
from edge_app.model.signature import ModelSignature, TensorSpec, check_pictures, read_any_signature, read_signature
from edge_app.model.source import read_source, source_of
from edge_app.model.weights import data_files, load_weights

__all__ = [
    "MAX_CLASSES",
    "CalibrationReport",
    "CatalogueEntry",
    "FilePrecision",
    "InputSpec",
    "Installed",
    "Labels",
    "Model",
    "ModelSignature",
    "Precision",
    "TensorSpec",
    "Thresholds",
    "catalogued",
    "check_pictures",
    "data_files",
    "digest",
    "find",
    "find_argument",
    "find_labels",
    "installed",
    "load_onnx",
    "load_weights",
    "may_name_weights",
    "metadata_labels",
    "pull",
    "read_any_signature",
    "read_catalogue",
    "read_onnx",
    "read_report",
    "read_signature",
    "read_source",
    "report_path",
    "sha256",
    "source_of",
    "write_report",
]
