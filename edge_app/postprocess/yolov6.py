"""YOLOv6: (batch, cells, 5 + classes), centre boxes [model px], an objectness of 1 throughout, sigmoided classes.

The layout is that of its `deploy/ONNX/export_onnx.py` without `--end2end`.
"""

from __future__ import annotations

from typing import ClassVar

from edge_app.model import ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.centre_rows import CentreRowsDecoder, rows_and_classes
from edge_app.postprocess.grid import are_cells


class Yolov6Decoder(CentreRowsDecoder):
    """Rows of a cell each, all of them sure that there is an object."""

    __slots__ = ()
    family: ClassVar[str] = "yolov6"
    always_sure: ClassVar[bool] = True

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> Yolov6Decoder | None:
        """The decoder, if there is one output of this family's columns."""
        shape = rows_and_classes(signature)
        if shape is None or len(signature.outputs) != 1:
            return None
        rows, classes = shape
        return cls(official.yolo(signature, wh), classes, are_cells(rows, wh))
