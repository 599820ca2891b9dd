"""What each layer in INT8, and nothing else, does to the detections: measured, not guessed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_app import atomic
from edge_app.agreement import TRUTH_SCORE
from edge_app.calibration.album import Album
from edge_app.calibration.network import Network
from edge_app.calibration.placement import Placement, only
from edge_app.calibration.workbench import Workbench
from edge_app.detections import Detections

LOOKED_THROUGH, PICTURES = 64, 8  # of the calibration's pictures; those with the most boxes are measured with


def damages(bench: Workbench, placement: Placement, album: Album, reference: Network) -> dict[str, float]:
    """How much each layer alone hurts; empty where the model finds nothing in the pictures to measure it by.

    What is measured is kept, so that an interrupted calibration goes on from there.
    """
    rows = album.spread(LOOKED_THROUGH)
    every = list(reference.detect(album[row] for row in rows))
    richest = sorted(range(len(rows)), key=lambda i: -_sure(every[i]).sum())[:PICTURES]
    wanted, pictures = [every[i] for i in richest], [album[rows[i]] for i in richest]
    if not any(_sure(found).any() for found in wanted):
        return {}
    known = _Known(bench.folder / "sensitivity.json", [album.items[rows[i]].sha256 for i in richest], bench)
    for done, layer in enumerate(placement.layers, 1):
        if layer not in known.values:
            found = bench.form(only(placement, layer)).detect(pictures)
            known.add(layer, float(np.mean([damage(*pair) for pair in zip(wanted, found, strict=True)])))
        bench.progress("trying layers", done, len(placement.layers))
    return {layer: known.values[layer] for layer in placement.layers}


def damage(reference: Detections, found: Detections) -> float:
    """What is missing of the reference's boxes, 0 to 1 each: overlap times share of the score is what is not."""
    lost = 0.0
    for row in np.flatnonzero(_sure(reference)):
        same = found.class_id == reference.class_id[row]
        share = np.minimum(1.0, found.score[same] / reference.score[row])
        lost += 1.0 - float((_overlaps(reference.xyxy[row], found.xyxy[same]) * share).max(initial=0.0))
    return lost


def _sure(found: Detections) -> NDArray[np.bool_]:
    return found.score >= TRUTH_SCORE


def _overlaps(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of a box (4,) and others (n, 4): (n,)."""
    inner = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(axis=1)
    area, areas = (box[2:] - box[:2]).prod(), (others[:, 2:] - others[:, :2]).prod(axis=1)
    overlaps: NDArray[np.float32] = inner / np.maximum(area + areas - inner, 1e-9)
    return overlaps


class _Known:
    """What was measured so far, on the disk."""

    def __init__(self, path: Path, pictures: Sequence[str], bench: Workbench) -> None:
        about = [bench.subject.sha256, bench.subject.input.model_dump(), pictures, dict(bench.ranges)]
        self._key = hashlib.sha256(json.dumps(about).encode()).hexdigest()
        self._path = path
        self.values: dict[str, float] = {}
        if path.is_file() and (saved := json.loads(path.read_text()))["key"] == self._key:
            self.values = saved["values"]

    def add(self, layer: str, value: float) -> None:
        self.values[layer] = value
        atomic.write(self._path, json.dumps({"key": self._key, "values": self.values}))
