"""NanoDet: one output (batch, cells, classes + 32), sigmoided classes and four distributions of distances.

Each side's distance [cells] is the mean of a softmax over 0 to 7 (Li et al., "Generalized Focal Loss",
arXiv:2006.04388), from the cell's corner in NanoDet-Plus, from its middle in the first NanoDet. The layout is that of
`tools/export_onnx.py`; a grid's last cells may lie partly outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, keep_valid, pairs_above, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.grid import LARGE_STRIDES, STRIDES
from edge_app.postprocess.judgement import STEEPEST_LOGIT, Verdict, are_probabilities, verdict

BINS = 8  # of a distribution
DISTANCES = 4 * BINS


class NanodetDecoder:
    """Adds the mean distances to a place in each cell and multiplies by the stride; the picture is stretched."""

    family: ClassVar[str] = "nanodet"
    strides: ClassVar[tuple[int, ...]] = LARGE_STRIDES
    place: ClassVar[float] = 0.0  # [cells]
    spec = staticmethod(official.nanodet)
    plausible = True
    needs_nms = True
    from_one = False
    constants: Mapping[str, NDArray[Any]] = {}

    def __init__(self, wh: tuple[int, int], classes: int) -> None:
        self.classes = classes
        self.preprocessing: InputSpec = self.spec(wh)
        grids = [_grid(wh, stride, self.place) for stride in self.strides]
        self._from = np.concatenate(grids)
        self._stride = np.repeat(np.array(self.strides, np.float32), [len(grid) for grid in grids])[:, None]

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> NanodetDecoder | None:
        """The decoder, if the output has this family's shape."""
        if len(signature.outputs) != 1 or len(signature.outputs[0].shape) != 3 or not signature.picture.is_float:
            return None
        _, rows, columns = signature.outputs[0].shape
        if columns is None or columns <= DISTANCES or rows != sum(_columns(wh, s) * _rows(wh, s) for s in cls.strides):
            return None
        return cls(wh, columns - DISTANCES)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Distributions are not between 0 and 1, in no bin, and no pixels."""
        rows = arrays[0][0].astype(np.float32, copy=False)
        bins = rows[:, self.classes :]
        logits = bool((np.abs(bins) <= STEEPEST_LOGIT).all()) and not any(map(are_probabilities, bins.T))
        return verdict(logits, rows[:, : self.classes])

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """Every pair of a cell and a class."""
        return stack(self._decode_picture(arrays[0][row], confidence) for row in rows)

    def _decode_picture(self, rows: NDArray[Any], confidence: float) -> Candidates:
        cell, class_id = pairs_above(rows[:, : self.classes], confidence)
        logits = rows[cell, self.classes :].astype(np.float32).reshape(-1, 4, BINS)
        with np.errstate(over="ignore", invalid="ignore"):
            powers = np.exp(logits - logits.max(axis=2, keepdims=True))
            distances = powers @ np.arange(BINS, dtype=np.float32) / powers.sum(axis=2) * self._stride[cell]
        start = self._from[cell]
        xyxy = np.concatenate([start - distances[:, :2], start + distances[:, 2:]], axis=1)
        return keep_valid(xyxy, rows[cell, class_id], class_id, self.classes)


class FirstNanodetDecoder(NanodetDecoder):
    """The first version, of three grids; the picture is centred on black."""

    family: ClassVar[str] = "nanodet_first"
    strides: ClassVar[tuple[int, ...]] = STRIDES
    place: ClassVar[float] = 0.5
    spec = staticmethod(official.nanodet_first)


def _columns(wh: tuple[int, int], stride: int) -> int:
    return -(-wh[0] // stride)


def _rows(wh: tuple[int, int], stride: int) -> int:
    return -(-wh[1] // stride)


def _grid(wh: tuple[int, int], stride: int, place: float) -> NDArray[np.float32]:
    """A place in each cell of one grid [px], row by row, shape (cells, 2): 0 is its corner, 0.5 its middle."""
    y, x = np.mgrid[: _rows(wh, stride), : _columns(wh, stride)].astype(np.float32)
    return (np.stack([x, y], axis=-1).reshape(-1, 2) + np.float32(place)) * stride
