"""What each layer in INT8, and nothing else, does to the detections: measured, not guessed."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge_app.calibration.cache import CalibrationCache
from edge_app.calibration.checkpoint import Checkpoint
from edge_app.calibration.context import CalibrationContext
from edge_app.calibration.placement import Placement, only
from edge_app.calibration.reference_model import ReferenceModel
from edge_app.core.detections import Detections
from edge_app.model.agreement import TRUTH_SCORE, iou

LOOKED_THROUGH, PICTURES = 64, 8  # of the calibration's pictures; those with the most boxes are measured with


def damages(
    bench: CalibrationContext, placement: Placement, album: CalibrationCache, reference: ReferenceModel
) -> dict[str, float]:
    """How much each layer alone hurts; empty where the model finds nothing in the pictures to measure it by.

    What is measured is kept, so that an interrupted calibration goes on from there.
    """
    rows = album.spread(LOOKED_THROUGH)
    every = list(reference.detect(album[row] for row in rows))
    richest = sorted(range(len(rows)), key=lambda i: -_sure(every[i]).sum())[:PICTURES]
    wanted, pictures = [every[i] for i in richest], [album[rows[i]] for i in richest]
    if not any(_sure(found).any() for found in wanted):
        return {}
    digests = [album.items[rows[i]].sha256 for i in richest]
    kept = Checkpoint(bench.folder / "sensitivity.json", bench.subject.identity, digests, dict(bench.ranges))

    def alone(layer: str) -> float:
        found = bench.form(only(placement, layer)).detect(pictures)
        return float(np.mean([damage(*pair) for pair in zip(wanted, found, strict=True)]))

    hurt: dict[str, float] = {}
    for layer in placement.layers:
        hurt[layer] = kept.once(layer, partial(alone, layer))
        bench.progress("trying layers", len(hurt), len(placement.layers))
    return hurt


def damage(reference: Detections, found: Detections) -> float:
    """What is missing of the reference's boxes, 0 to 1 each: overlap times share of the score is what is not."""
    lost = 0.0
    for row in np.flatnonzero(_sure(reference)):
        same = found.class_id == reference.class_id[row]
        share = np.minimum(1.0, found.score[same] / reference.score[row])
        lost += 1.0 - float((iou(reference.xyxy[row : row + 1], found.xyxy[same])[0] * share).max(initial=0.0))
    return lost


def _sure(found: Detections) -> NDArray[np.bool_]:
    return found.score >= TRUTH_SCORE
