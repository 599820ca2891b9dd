"""The families with a grid: decoded and suppressed like a slow reference, NaN counted and never published."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.core.frames import Letterbox
from edge_app.model import TensorSpec
from edge_app.postprocess import Postprocess, recognise
from tests.postprocess.reference import (
    CELLS,
    CLASSES,
    WH,
    assert_same,
    distinct_scores,
    in_source,
    of_one,
    signature,
    slow_nms,
)


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


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), iou=st.floats(0.1, 0.9))
def test_yolox_equals_a_slow_reference_on_random_tensors(seed, iou):
    rng = np.random.default_rng(seed)
    rows = np.zeros((CELLS, 5 + CLASSES), np.float32)
    rows[:, :2], rows[:, 2:4] = rng.uniform(-1, 2, (CELLS, 2)), rng.uniform(-1, 1.5, (CELLS, 2))
    rows[:, 4], rows[:, 5:] = distinct_scores(seed, CELLS), rng.uniform(0, 0.1, (CELLS, CLASSES))
    rows[np.arange(CELLS), 5 + rng.integers(0, CLASSES, CELLS)] = 1.0
    rows[rng.random(CELLS) < 0.1, 2:4] = rng.uniform(20, 80)  # finite, and far larger than any picture
    postprocess = Postprocess(recognise(signature(1, CELLS, 5 + CLASSES), "yolox"), confidence=0.3, nms_iou=iou)
    found, invalid_rows = of_one(postprocess, (rows[None],))
    assert invalid_rows == 0
    assert_same(found, in_source(slow_nms(slow_yolox(rows, 0.3), iou)))


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), iou=st.floats(0.1, 0.9))
def test_ultralytics_equals_a_slow_reference_on_random_tensors(seed, iou):
    rng = np.random.default_rng(seed)
    columns = rng.uniform(0, 0.1, (4 + CLASSES, CELLS)).astype(np.float32)
    columns[:2], columns[2:4] = rng.uniform(-5, 70, (2, CELLS)), rng.uniform(1, 40, (2, CELLS))
    columns[4 + rng.integers(0, CLASSES, CELLS), np.arange(CELLS)] = distinct_scores(seed, CELLS)
    postprocess = Postprocess(recognise(signature(1, 4 + CLASSES, CELLS), None), confidence=0.3, nms_iou=iou)
    found, _ = of_one(postprocess, (columns[None],))
    assert_same(found, in_source(slow_nms(slow_ultralytics(columns, 0.3), iou)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("field", range(6))
def test_a_row_with_nan_or_inf_is_counted_and_never_published(field, value):
    rows = np.zeros((CELLS, 5 + CLASSES), np.float32)
    rows[[3, 20], 4:6] = 0.9
    rows[3, field] = value
    found, invalid_rows = of_one(
        Postprocess(recognise(signature(1, CELLS, 8), "yolox"), confidence=0.3, nms_iou=0.5), (rows[None],)
    )
    assert invalid_rows == 1
    assert len(found) == 1
    assert np.isfinite(found.xyxy).all()


def test_a_giant_box_takes_nothing_from_other_classes_and_places():
    rows = np.zeros((CELLS, 5 + CLASSES), np.float32)
    rows[[0, 3, 7, 20], 4] = 0.5, 0.9, 0.8, 0.7
    rows[[0, 3, 7, 20], [6, 6, 7, 7]] = 1.0
    rows[0, 2:4] = 45.0
    postprocess = Postprocess(recognise(signature(1, CELLS, 8), "yolox"), confidence=0.3, nms_iou=0.5)
    found, invalid_rows = of_one(postprocess, (rows[None],))
    assert (found.class_id.tolist(), invalid_rows) == ([1, 2, 2, 1], 0)


def test_the_best_three_thousand_of_a_picture_reach_suppression_and_the_others_are_counted():
    columns = np.zeros((4 + CLASSES, 8400), np.float32)
    columns[:2, :3364] = np.divmod(np.arange(3364), 58)
    columns[:2, :3364] *= 11
    columns[2:4, :3364], columns[4, :3364] = 8, np.linspace(0.4, 0.9, 3364)
    decoder = recognise(signature(1, 4 + CLASSES, 8400, wh=(640, 640)), None)
    box = Letterbox.fit((640, 640), (640, 640))
    (found,) = Postprocess(decoder, confidence=0.3, nms_iou=0.5)((columns[None],), [box], [(640, 640)])
    assert found.detections.score.tolist() == columns[4, 3363:363:-1].tolist()
    assert found.cut == 364


def test_a_box_without_an_area_in_the_picture_is_not_published_and_takes_nothing_from_others():
    columns = np.zeros((4 + CLASSES, CELLS), np.float32)
    columns[:, 3] = 40, 16, -300_000, 20, 0.9, 0, 0  # inside out
    columns[:, 5] = 20, 16, 0, 0, 0, 0.9, 0
    columns[:, 7] = 32, 48, 10, 20, 0, 0, 0.9  # below the picture
    columns[:, 9] = 40, 16, 30, 20, 0, 0.8, 0
    columns[:, 11] = 0, 0, 3e38, 3e38, 0, 0, 0.7
    postprocess = Postprocess(recognise(signature(1, 4 + CLASSES, CELLS), None), confidence=0.3, nms_iou=0.5)
    found, invalid_rows = of_one(postprocess, (columns[None],), box=Letterbox(0.1, 0.1, 0, 0, 64, 32), wh=(640, 320))
    assert (found.class_id.tolist(), invalid_rows) == ([1, 2], 0)
    assert found.xyxy.tolist() == [[250, 60, 550, 260], [0, 0, 640, 320]]


def test_the_second_picture_of_a_batch_is_the_second():
    rows = np.zeros((2, CELLS, 5 + CLASSES), np.float32)
    rows[1, 7, 4:6] = 0.9
    postprocess = Postprocess(recognise(signature(None, CELLS, 8), "yolox"), confidence=0.3, nms_iou=0.5)
    assert len(of_one(postprocess, (rows,))[0]) == 0
    assert len(of_one(postprocess, (rows,), 1)[0]) == 1


@pytest.mark.parametrize("class_ids", [None, [0, 2]])
@pytest.mark.parametrize("family", ["yolox", "yolov5"])
def test_a_batch_is_what_its_pictures_are_one_by_one(family, class_ids):
    """One picture has nothing, one a row of NaN, one a box as large as floats go, and the last row is padding."""
    rows = np.random.default_rng(1).uniform(0, 1, (6, CELLS, 5 + CLASSES)).astype(np.float32)
    rows[1, :, 4], rows[2, 5, [4, 6]], rows[3, 7, 2:6] = 0, [0.9, np.nan], [80, 80, 1, 1]
    shape = (None, CELLS if family == "yolox" else 3 * CELLS, 5 + CLASSES)
    if family == "yolov5":  # in pixels
        rows = np.tile(rows * np.float32([*WH, 16, 16, *[1] * (1 + CLASSES)]), (1, 3, 1))
    postprocess = Postprocess(recognise(signature(*shape), family), confidence=0.5, nms_iou=0.5, class_ids=class_ids)
    sizes = [(128, 64), (128, 64), (640, 360), (64, 64), (20, 90)]
    boxes = [Letterbox.fit(size, WH) for size in sizes]
    together = postprocess((rows,), boxes, sizes)
    assert len(together) == len(sizes)
    for row, (found, invalid_rows, _) in enumerate(together):
        alone, alone_invalid_rows = of_one(postprocess, (rows[row : row + 1],), box=boxes[row], wh=sizes[row])
        assert invalid_rows == alone_invalid_rows
        assert (invalid_rows > 0) == (row == 2)
        assert (len(alone) == 0) == (row == 1)
        for name in ("xyxy", "score", "class_id"):
            np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))


def test_only_the_wanted_labels_are_kept():
    rows = np.zeros((CELLS, 5 + CLASSES), np.float32)
    rows[0, [4, 5]], rows[30, [4, 7]] = 0.9, 0.9
    decoder = recognise(signature(1, CELLS, 8), "yolox")
    found, _ = of_one(Postprocess(decoder, confidence=0.3, nms_iou=0.5, class_ids=[2]), (rows[None],))
    assert found.class_id.tolist() == [2]


def slow_yolov5(rows, confidence):
    found = []
    for cx, cy, w, h, objectness, *classes in rows.tolist():
        best = max(range(CLASSES), key=lambda c: classes[c])
        if objectness * classes[best] >= confidence:
            found.append((objectness * classes[best], best, (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)))
    return found


@pytest.mark.parametrize("family", ["yolov5", "yolov6", "yolox_decoded"])
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), iou=st.floats(0.1, 0.9))
def test_rows_of_centres_equal_a_slow_reference_on_random_tensors(family, seed, iou):
    rng, anchors = np.random.default_rng(seed), 3 * CELLS
    rows = np.zeros((anchors, 5 + CLASSES), np.float32)
    rows[:, :2], rows[:, 2:4] = rng.uniform(-5, 70, (anchors, 2)), rng.uniform(1, 40, (anchors, 2))
    rows[:, 4], rows[:, 5:] = distinct_scores(seed, anchors), rng.uniform(0, 0.1, (anchors, CLASSES))
    rows[np.arange(anchors), 5 + rng.integers(0, CLASSES, anchors)] = 1.0
    postprocess = Postprocess(recognise(signature(1, anchors, 5 + CLASSES), family), confidence=0.3, nms_iou=iou)
    found, invalid_rows = of_one(postprocess, (rows[None],))
    assert invalid_rows == 0
    assert_same(found, in_source(slow_nms(slow_yolov5(rows, 0.3), iou)))


@pytest.mark.parametrize(
    "form", ["rows", "rows of centres", "seven columns of centres", "three outputs", "three outputs of centres"]
)
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), iou=st.floats(0.1, 0.9))
def test_deepstreams_forms_equal_a_slow_reference_on_random_tensors(form, seed, iou):
    rng = np.random.default_rng(seed)
    centre, size = rng.uniform(-5, 70, (CELLS, 2)), rng.uniform(1, 40, (CELLS, 2))
    corners = np.concatenate([centre - size / 2, centre + size / 2], axis=1).astype(np.float32)
    scores, classes = distinct_scores(seed, CELLS).astype(np.float32), rng.integers(0, CLASSES, CELLS)
    boxes = np.concatenate([centre, size], axis=1).astype(np.float32) if "centres" in form else corners
    columns = [boxes[None], scores[None, :, None], classes[None, :, None].astype(np.float32)]
    if "seven" in form:
        objectness = rng.uniform(0.5, 1, (1, CELLS, 1)).astype(np.float32)
        scores = scores * objectness[0, :, 0]
        model, arrays = signature(1, CELLS, 7), (np.concatenate([*columns, objectness], axis=2),)
    elif "outputs" not in form:
        model, arrays = signature(1, CELLS, 6), (np.concatenate(columns, axis=2),)
    else:
        shapes = {"boxes": 4, "scores": 1, "classes": 1}
        outputs = tuple(TensorSpec(name, (1, CELLS, width), "float32") for name, width in shapes.items())
        model, arrays = signature(outputs=outputs), tuple(columns)
    decoder = recognise(model, "deepstream_centres" if "centres" in form else "deepstream")
    found, invalid_rows = of_one(Postprocess(decoder, confidence=0.3, nms_iou=iou), arrays)
    there = zip(scores.tolist(), classes.tolist(), corners.tolist(), strict=True)
    assert invalid_rows == 0
    assert_same(found, in_source(slow_nms([row for row in there if row[0] >= 0.3], iou)))


@pytest.mark.parametrize(
    ("rows", "first", "stride"),
    [
        pytest.param(8 * 4 + 4 * 2 + 2 * 1, 32, 16, id="8 to 32"),
        pytest.param(16 * 8 + 8 * 4 + 4 * 2 + 2 * 1, 160, 16, id="4 to 32"),
        pytest.param(4 * 2 + 2 * 1, 0, 16, id="16 and 32"),
    ],
)
@pytest.mark.parametrize("family", ["yolox", "ultralytics"])
def test_grids_of_any_strides_are_read(family, rows, first, stride):
    """The third cell of the grid of 16 pixels: its middle is (40, 8) of 64 x 32."""
    cell = first + 2
    if family == "yolox":
        table = np.zeros((rows, 8), np.float32)
        table[cell, :6] = 0.5, 0.5, math.log(20 / stride), math.log(10 / stride), 0.9, 1
    else:
        table = np.zeros((7, rows), np.float32)
        table[:5, cell] = 40, 8, 20, 10, 0.9
    decoder = recognise(signature(1, *table.shape), family)
    assert decoder.plausible
    found, _ = of_one(Postprocess(decoder, confidence=0.3, nms_iou=0.5), (table[None],))
    np.testing.assert_allclose(found.xyxy, [[60, 6, 100, 26]], atol=1e-4)
