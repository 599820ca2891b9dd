"""From a model's raw outputs to detections: one file a family, each recognises its layout and decodes it."""

from edge_app.postprocess.decoder import Candidates, Decoder
from edge_app.postprocess.detect import Postprocess
from edge_app.postprocess.recognise import recognise

__all__ = ["Candidates", "Decoder", "Postprocess", "recognise"]
