"""RF-DETR's pairs of query and class, and the older of Ultralytics' two RT-DETR layouts, against slow references."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.model import TensorSpec
from edge_app.postprocess import Postprocess, recognise
from tests.postprocess.reference import CLASSES, WH, assert_same, distinct_scores, in_source, of_one, signature

QUERIES = 40


def rfdetr(slots, queries=QUERIES):
    outputs = TensorSpec("dets", (1, queries, 4), "float32"), TensorSpec("labels", (1, queries, slots), "float32")
    return Postprocess(recognise(signature(outputs=outputs), None), confidence=0.3, nms_iou=0.5)


def corners(row):
    cx, cy, w, h = (float(value) * size for value, size in zip(row, WH * 2, strict=True))
    return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2


def slow_rfdetr(boxes, logits, classes, confidence):
    pairs = [
        (1 / (1 + math.exp(-logits[q][c])), c, corners(boxes[q])) for q in range(len(boxes)) for c in range(classes)
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return [pair for pair in pairs[: len(boxes)] if pair[0] >= confidence]


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), slots=st.sampled_from([2, 4, 91]))
def test_rfdetr_equals_a_slow_reference_on_random_tensors(seed, slots):
    rng = np.random.default_rng(seed)
    scores = distinct_scores(seed, QUERIES * slots)
    logits = np.log(scores / (1 - scores)).reshape(1, QUERIES, slots).astype(np.float32)
    boxes = rng.uniform(0.05, 0.9, (1, QUERIES, 4)).astype(np.float32)
    classes = 91 if slots == 91 else slots - 1  # the background's slot is the last, but for COCO's own numbers
    found, invalid_rows = of_one(rfdetr(slots), (boxes, logits))
    assert invalid_rows == 0
    assert_same(found, in_source(slow_rfdetr(boxes[0].tolist(), logits[0].tolist(), classes, 0.3)))


def test_one_query_may_be_two_classes():
    logits = np.full((1, QUERIES, 4), -9, np.float32)
    logits[0, 5, [0, 2]] = 2.0, 1.0
    found, _ = of_one(rfdetr(4), (np.full((1, QUERIES, 4), 0.5, np.float32), logits))
    assert found.class_id.tolist() == [0, 2]


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_rfdetr_takes_thresholds_at_the_ends(confidence):
    logits = np.full((1, QUERIES, 4), -9, np.float32)
    logits[0, 3, 1] = 40.0
    outputs = TensorSpec("dets", (1, QUERIES, 4), "float32"), TensorSpec("labels", (1, QUERIES, 4), "float32")
    postprocess = Postprocess(recognise(signature(outputs=outputs), None), confidence=confidence, nms_iou=0.5)
    found, _ = of_one(postprocess, (np.full((1, QUERIES, 4), 0.5, np.float32), logits))
    assert len(found) == (QUERIES if confidence == 0 else 1)
    assert (found.class_id[0], found.score[0]) == (1, 1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rfdetr_counts_what_is_not_finite(value):
    logits, boxes = np.full((1, QUERIES, 4), -9, np.float32), np.full((1, QUERIES, 4), 0.5, np.float32)
    logits[0, [3, 7], 1] = 3.0
    boxes[0, 3, 2] = value
    found, invalid_rows = of_one(rfdetr(4), (boxes, logits))
    assert (len(found), invalid_rows) == (1, 1)
    logits[0, 7, 0] = np.nan
    assert of_one(rfdetr(4), (boxes, logits))[1] == 2


def slow_old_rtdetr(rows, confidence):
    found = []
    for row in rows.tolist():
        best = max(range(CLASSES), key=lambda c: row[4 + c])
        if row[4 + best] >= confidence:
            found.append((row[4 + best], best, corners(row[:4])))
    return sorted(found, key=lambda f: -f[0])


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_old_rtdetr_layout_equals_a_slow_reference_on_random_tensors(seed):
    rng = np.random.default_rng(seed)
    rows = rng.uniform(0, 0.1, (300, 4 + CLASSES)).astype(np.float32)
    rows[:, :4] = rng.uniform(0, 1, (300, 4))
    rows[np.arange(300), 4 + rng.integers(0, CLASSES, 300)] = distinct_scores(seed, 300)
    decoder = recognise(signature(1, 300, 4 + CLASSES), None)
    found, invalid_rows = of_one(Postprocess(decoder, confidence=0.3, nms_iou=0.5), (rows[None],))
    assert invalid_rows == 0
    assert_same(found, in_source(slow_old_rtdetr(rows, 0.3)))


@pytest.mark.parametrize("field", range(7))
def test_the_old_rtdetr_layout_counts_nan(field):
    rows = np.zeros((300, 4 + CLASSES), np.float32)
    rows[[3, 9], :5] = 0.5
    rows[3, field] = np.nan
    decoder = recognise(signature(1, 300, 4 + CLASSES), None)
    found, invalid_rows = of_one(Postprocess(decoder, confidence=0.3, nms_iou=0.5), (rows[None],))
    assert (len(found), invalid_rows) == (1, 1)
