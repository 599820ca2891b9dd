"""Detector families: recognised from shapes, decoded like a slow reference, NaN counted and never published."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.errors import ConfigError
from edge_app.frames import Letterbox
from edge_app.model import Graph, Tensor
from edge_app.postprocess import Postprocess, recognise

WH = (64, 32)
CELLS = 8 * 4 + 4 * 2 + 2 * 1
CLASSES = 3
BOX = Letterbox.fit((128, 64), WH, "top_left", "floor")


def graph(*shape, metadata=None, wh=WH, outputs=None):
    image = Tensor("images", (1, 3, wh[1], wh[0]), "float32")
    return Graph(Path("m.onnx"), (image,), outputs or (Tensor("output", shape, "float32"),), metadata or {}, False)


def slow_iou(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    inner = width * height
    outer = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner
    return inner / outer if outer > 0 else 0.0


def slow_nms(found, iou):
    kept = []
    for score, class_id, xyxy in sorted(found, key=lambda f: -f[0]):
        if all(c != class_id or slow_iou(b, xyxy) <= iou for _, c, b in kept):
            kept.append((score, class_id, xyxy))
    return kept


def slow_yolox(rows, confidence):
    """Cell by cell, as the paper says."""
    found, index = [], 0
    for stride in (8, 16, 32):
        for y in range(WH[1] // stride):
            for x in range(WH[0] // stride):
                dx, dy, log_w, log_h, objectness, *classes = map(float, rows[index])
                index += 1
                cx, cy, w, h = (dx + x) * stride, (dy + y) * stride, math.exp(log_w) * stride, math.exp(log_h) * stride
                best = max(range(CLASSES), key=lambda c: classes[c])
                score = objectness * classes[best]
                if score >= confidence:
                    found.append((score, best, (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)))
    return found


def slow_ultralytics(columns, confidence):
    found = []
    for cx, cy, w, h, *classes in columns.T.tolist():
        best = max(range(CLASSES), key=lambda c: classes[c])
        if classes[best] >= confidence:
            found.append((classes[best], best, (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)))
    return found


def in_source(found):
    """Twice the size, clipped to 128 x 64."""
    return [(s, c, np.clip(np.array(b) * 2, 0, [128, 64, 128, 64])) for s, c, b in found]


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


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), iou=st.floats(0.1, 0.9))
def test_yolox_equals_a_slow_reference_on_random_tensors(seed, iou):
    rng = np.random.default_rng(seed)
    rows = np.zeros((CELLS, 5 + CLASSES), np.float32)
    rows[:, :2], rows[:, 2:4] = rng.uniform(-1, 2, (CELLS, 2)), rng.uniform(-1, 1.5, (CELLS, 2))
    rows[:, 4], rows[:, 5:] = distinct_scores(seed, CELLS), rng.uniform(0, 0.1, (CELLS, CLASSES))
    rows[np.arange(CELLS), 5 + rng.integers(0, CLASSES, CELLS)] = 1.0
    postprocess = Postprocess(recognise(graph(1, CELLS, 5 + CLASSES), None), confidence=0.3, nms_iou=iou)
    found, broken = postprocess((rows[None],), 0, BOX, (128, 64))
    assert broken == 0
    assert_same(found, in_source(slow_nms(slow_yolox(rows, 0.3), iou)))


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), iou=st.floats(0.1, 0.9))
def test_ultralytics_equals_a_slow_reference_on_random_tensors(seed, iou):
    rng = np.random.default_rng(seed)
    columns = rng.uniform(0, 0.1, (4 + CLASSES, CELLS)).astype(np.float32)
    columns[:2], columns[2:4] = rng.uniform(-5, 70, (2, CELLS)), rng.uniform(1, 40, (2, CELLS))
    columns[4 + rng.integers(0, CLASSES, CELLS), np.arange(CELLS)] = distinct_scores(seed, CELLS)
    postprocess = Postprocess(recognise(graph(1, 4 + CLASSES, CELLS), None), confidence=0.3, nms_iou=iou)
    found, _ = postprocess((columns[None],), 0, BOX, (128, 64))
    assert_same(found, in_source(slow_nms(slow_ultralytics(columns, 0.3), iou)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("field", range(6))
def test_a_row_with_nan_or_inf_is_counted_and_never_published(field, value):
    rows = np.zeros((CELLS, 5 + CLASSES), np.float32)
    rows[[3, 20], 4:6] = 0.9
    rows[3, field] = value
    found, broken = Postprocess(recognise(graph(1, CELLS, 8), "yolox"), confidence=0.3, nms_iou=0.5)(
        (rows[None],), 0, BOX, (128, 64)
    )
    assert broken == 1
    assert len(found) == 1
    assert np.isfinite(found.xyxy).all()


def test_the_second_picture_of_a_batch_is_the_second():
    rows = np.zeros((2, CELLS, 5 + CLASSES), np.float32)
    rows[1, 7, 4:6] = 0.9
    postprocess = Postprocess(recognise(graph(None, CELLS, 8), None), confidence=0.3, nms_iou=0.5)
    assert len(postprocess((rows,), 0, BOX, (128, 64))[0]) == 0
    assert len(postprocess((rows,), 1, BOX, (128, 64))[0]) == 1


def test_only_the_wanted_labels_are_kept():
    rows = np.zeros((CELLS, 5 + CLASSES), np.float32)
    rows[0, [4, 5]], rows[30, [4, 7]] = 0.9, 0.9
    decoder = recognise(graph(1, CELLS, 8), None)
    found, _ = Postprocess(decoder, confidence=0.3, nms_iou=0.5, class_ids=[2])((rows[None],), 0, BOX, (128, 64))
    assert found.class_id.tolist() == [2]


@pytest.mark.parametrize(
    ("shape", "metadata", "family"),
    [
        pytest.param((1, CELLS, 85), {}, "yolox", id="YOLOX, COCO"),
        pytest.param((None, CELLS, 6), {}, "yolox", id="YOLOX, one class, any batch"),
        pytest.param((1, 84, CELLS), {}, "ultralytics", id="v8, COCO"),
        pytest.param((1, 84, CELLS), {"task": "detect"}, "ultralytics", id="v8 with its metadata"),
    ],
)
def test_a_family_is_recognised_by_the_shape_of_its_output(shape, metadata, family):
    assert recognise(graph(*shape, metadata=metadata), None).family == family


@pytest.mark.parametrize(
    ("model", "family", "words"),
    [
        pytest.param(graph(1, 100, 6), None, "output float32 (1, 100, 6).*yolox, ultralytics", id="nothing fits"),
        pytest.param(graph(1, CELLS, CELLS), None, "may be of yolox, ultralytics", id="two fit"),
        pytest.param(graph(1, 84, CELLS), "yolox", "not laid out as decoder yolox", id="the named one does not fit"),
        pytest.param(
            graph(1, CELLS, 85), "yolo", "unknown decoder yolo; the choices: yolox, ultralytics", id="no such"
        ),
        pytest.param(graph(1, 116, CELLS, metadata={"task": "segment"}), None, "no known layout", id="another task"),
    ],
)
def test_ambiguity_is_an_error_that_lists_the_choices(model, family, words):
    with pytest.raises(ConfigError, match=words.replace("(", r"\(").replace(")", r"\)")):
        recognise(model, family)


def test_a_named_decoder_settles_an_ambiguity():
    assert recognise(graph(1, CELLS, CELLS), "ultralytics").classes == CELLS - 4
