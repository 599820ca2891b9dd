"""Ultralytics v5u, v8, v9, 11, 12: (batch, 4 + classes, anchors), centre boxes [model px], sigmoided classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.model import Graph, InputSpec
from edge_app.postprocess.decoder import Candidates, centre_to_corners
from edge_app.postprocess.yolox import anchors


class UltralyticsDecoder:
    """Reads boxes and class scores as they are; there is no objectness."""

    family = "ultralytics"

    def __init__(self, input_wh: tuple[int, int], classes: int) -> None:
        self.classes = classes
        self._wh = input_wh

    @classmethod
    def recognise(cls, graph: Graph) -> UltralyticsDecoder | None:
        """The decoder, if the outputs have this family's shape and the metadata does not name another task."""
        wh = graph.input_wh
        if wh is None or len(graph.outputs) != 1 or len(graph.outputs[0].shape) != 3:
            return None
        _, rows, columns = graph.outputs[0].shape
        if columns not in (None, anchors(wh)) or rows is None or rows < 5:
            return None
        if graph.metadata.get("task", "detect") != "detect":
            return None
        return cls(wh, rows - 4)

    @property
    def preprocessing(self) -> InputSpec:
        """RGB, 0 to 1, centred."""
        width, height = self._wh
        return InputSpec(width=width, height=height, color="rgb", scale=1 / 255, letterbox="centre", rounding="round")

    def candidates(self, arrays: tuple[NDArray[Any], ...], row: int, confidence: float) -> Candidates:
        """A box's score is its best class."""
        columns: NDArray[np.float32] = arrays[0][row]
        best = columns[4:].max(axis=0)  # NaN wins a maximum, so none goes unseen
        near = columns[:, ~(best < confidence)].T
        class_id = near[:, 4:].argmax(axis=1)
        score = near[np.arange(len(near)), 4 + class_id]
        with np.errstate(invalid="ignore"):
            xyxy = centre_to_corners(near[:, :4])
        whole = np.isfinite(xyxy).all(axis=1) & np.isfinite(score)
        return Candidates(xyxy[whole], score[whole], class_id[whole].astype(np.int32), int((~whole).sum()))
