"""From a model's raw outputs to detections: one module per family, which recognises its layout and decodes it."""

from edge_app.postprocess.decoder import OutputDecoder, RawOutputs
from edge_app.postprocess.network import Network, as_declared
from edge_app.postprocess.postprocess import Postprocess
from edge_app.postprocess.recognise import checked_wh, recognise, takes_one_picture
from edge_app.postprocess.scores import Scores, scores_in
from edge_app.postprocess.selection import CellDecoder, CellLayout, SelectedCells

__all__ = [
    "CellDecoder",
    "CellLayout",
    "Network",
    "OutputDecoder",
    "Postprocess",
    "RawOutputs",
    "Scores",
    "SelectedCells",
    "as_declared",
    "checked_wh",
    "recognise",
    "scores_in",
    "takes_one_picture",
]
