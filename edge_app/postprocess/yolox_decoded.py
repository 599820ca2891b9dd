"""YOLOX exported with `--decode_in_inference`: (batch, cells, 5 + classes), centre boxes [model px], all sigmoided."""

from __future__ import annotations

from typing import ClassVar

from edge_app.model import ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.centre_rows import CentreRowsDecoder, rows_and_classes
from edge_app.postprocess.grid import are_cells


class DecodedYoloxDecoder(CentreRowsDecoder):
    """Rows of a cell each; the picture is fed as YOLOX wants it."""

    __slots__ = ()
    family: ClassVar[str] = "yolox_decoded"

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> DecodedYoloxDecoder | None:
        """The decoder, if there is one output of this family's columns."""
        shape = rows_and_classes(signature)
        if shape is None or len(signature.outputs) != 1:
            return None
        rows, classes = shape
        return cls(official.yolox(wh), classes, are_cells(rows, wh))
