"""YOLOv5 and YOLOv7 with anchors: (batch, anchors × cells, 5 + classes), centre boxes [model px], all sigmoided.

The layout is that of YOLOv5's `export.py` and of YOLOv7's with `--grid`; further outputs are ignored.
"""

from __future__ import annotations

from typing import ClassVar

from edge_app.model import ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.centre_rows import CentreRowsDecoder, rows_and_classes
from edge_app.postprocess.grid import are_anchors


class Yolov5Decoder(CentreRowsDecoder):
    """Rows of an anchor each."""

    __slots__ = ()
    family: ClassVar[str] = "yolov5"

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> Yolov5Decoder | None:
        """The decoder, if the first output has this family's columns and all others are raw maps of rank 5."""
        shape = rows_and_classes(signature)
        if shape is None or any(len(tensor.shape) != 5 for tensor in signature.outputs[1:]):
            return None
        rows, classes = shape
        return cls(official.yolo(signature, wh), classes, rows is None or are_anchors(rows, wh))
