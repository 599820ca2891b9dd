"""RTMDet as MMDeploy exports it: `dets` (batch, n, 5) and `labels` (batch, n), integers, suppressed inside.

Rows of x1, y1, x2, y2 [model px], score. MMDeploy writes all detectors of MMDetection so: one with other preprocessing
than RTMDet's needs a card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes
from edge_app.postprocess.judgement import Verdict, judge_listed


@dataclass(frozen=True, slots=True)
class RtmdetDecoder:
    """Takes what reaches the threshold."""

    preprocessing: InputSpec
    classes: int | None
    output_indices: tuple[int, ...]
    family: ClassVar[str] = "rtmdet"
    plausible: ClassVar[bool] = True
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> RtmdetDecoder | None:
        """The decoder, if the outputs have these names, and there is one class a row."""
        indices = signature.output_indices("dets", "labels")
        if indices is None or not signature.picture.is_float:
            return None
        dets, labels = (signature.outputs[index] for index in indices)
        if len(dets.shape) != 3 or dets.shape[2] not in (5, None) or len(labels.shape) != 2 or labels.is_float:
            return None
        return cls(official.openmmlab(wh), metadata_classes(signature), indices)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Boxes are corners in pixels."""
        return judge_listed(arrays[self.output_indices[0]][0, :, :4])

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows as they are."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        dets, labels = (arrays[index][row] for index in self.output_indices)
        return keep_listed(dets[:, :4], dets[:, 4], labels, confidence, self.classes)
