"""What the families' tests share: signatures, a slow suppression, and the comparison with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_app.core.frames import Letterbox
from edge_app.model import ModelSignature, TensorSpec
from edge_app.postprocess.nms import COORDINATE_LIMIT

WH = (64, 32)
CELLS = 8 * 4 + 4 * 2 + 2 * 1
CLASSES = 3
BOX = Letterbox.fit((128, 64), WH, "top_left", "floor")


def signature(*shape, metadata=None, wh=WH, outputs=None):
    image = TensorSpec("images", (1, 3, wh[1], wh[0]), "float32")
    return ModelSignature(
        Path("m.onnx"), (image,), outputs or (TensorSpec("output", shape, "float32"),), metadata or {}, False
    )


def slow_iou(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    inner = width * height
    outer = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner
    return inner / outer if outer > 0 else 0.0


def within_limit(xyxy):
    return [max(-COORDINATE_LIMIT, min(COORDINATE_LIMIT, side)) for side in xyxy]


def slow_nms(found, iou):
    kept = []
    for score, class_id, xyxy in sorted(found, key=lambda f: -f[0]):
        if all(c != class_id or slow_iou(within_limit(b), within_limit(xyxy)) <= iou for _, c, b in kept):
            kept.append((score, class_id, xyxy))
    return kept


def of_one(postprocess, arrays, row=0, box=BOX, wh=(128, 64)):
    """The detections of one picture of a batch, and how many rows of its answer were none."""
    found = postprocess(arrays, [box] * (row + 1), [wh] * (row + 1))[row]
    return found.detections, found.invalid_rows


def in_source(found):
    """Twice the size, clipped to 128 x 64; what is not in it is left out."""
    every = [(s, c, np.clip(np.array(b) * 2, 0, [128, 64, 128, 64])) for s, c, b in found]
    return [(s, c, b) for s, c, b in every if b[0] < b[2] and b[1] < b[3]]


def assert_same(detections, reference):
    assert len(detections) == len(reference)
    for row, (score, class_id, xyxy) in enumerate(reference):
        assert detections.class_id[row] == class_id
        assert detections.score[row] == pytest.approx(score, abs=1e-5)
        np.testing.assert_allclose(detections.xyxy[row], xyxy, atol=1e-2)


def distinct_scores(seed, count):
    """Scores that no rounding can reorder or push over the threshold of 0.3."""
    scores = (np.random.default_rng(seed).permutation(count) + 0.5) / count
    scores[np.abs(scores - 0.3) < 1e-3] += 5e-3
    return scores
