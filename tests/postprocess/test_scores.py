"""A score is a probability in every family: what is above 1 is counted, not published; half floats are not rounded."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.postprocess import Postprocess, Scores, recognise, scores_in
from tests.postprocess.layouts import LAYOUTS
from tests.postprocess.reference import CELLS, WH, of_one, signature
from tests.postprocess.test_listed import signature_of

SIGMOID_INSIDE = {"RF-DETR"}  # what it reads is logits
MULTIPLIES = {"YOLOX", "YOLOX, decoded", "YOLOv5", "YOLOv7", "DeepStream, seven"}
READS_SCORES = sorted(set(LAYOUTS) - SIGMOID_INSIDE)


def detections(name, *scores, confidence=0.3, dtype=np.float32):
    """What comes of boxes that do not touch, with these scores, and how many rows were invalid."""
    layout = LAYOUTS[name]
    boxes = np.array([[2.0 + 20 * i, 4, 12 + 20 * i, 24] for i in range(len(scores))])
    arrays = layout.write(boxes, np.array(scores), np.arange(len(scores)) % 3 * 1.0, WH)
    if layout.family == "rtdetr":
        arrays["boxes"] = arrays["boxes"] * np.array(WH * 2)
    decoder = recognise(signature_of(layout, arrays), layout.family)
    outputs = tuple(array.astype(dtype) if array.dtype.kind == "f" else array for array in arrays.values())
    return of_one(Postprocess(decoder, confidence=confidence, nms_iou=0.5), outputs)


@pytest.mark.parametrize("name", READS_SCORES)
def test_a_score_above_one_is_counted_and_not_published(name):
    found, invalid_rows = detections(name, 0.5, 11.9, 1.2)
    assert (found.score.tolist(), invalid_rows) == (pytest.approx([0.5], abs=1e-6), 2)


@pytest.mark.parametrize("name", sorted(set(READS_SCORES) - MULTIPLIES))
def test_a_score_that_rounding_has_put_above_one_is_one(name):
    found, invalid_rows = detections(name, 1.004)
    assert (found.score.tolist(), invalid_rows) == ([1.0], 0)


@pytest.mark.parametrize("name", sorted(set(READS_SCORES) - MULTIPLIES))
@pytest.mark.parametrize(("confidence", "kept"), [(0.4, 0), (0.35, 1)])
def test_a_half_float_is_compared_with_the_threshold_itself(name, confidence, kept):
    """In half floats 0.4 is 0.3999, and 0.35 is 0.3501."""
    found, _ = detections(name, confidence, confidence=confidence, dtype=np.float16)
    assert len(found) == kept


@pytest.mark.parametrize("columns", [(4.1, 0.1), (0.5, 1.9)])
@pytest.mark.parametrize("family", ["yolox", "yolox_decoded", "yolov5", "yolov6"])
def test_a_product_of_logits_that_looks_like_a_probability_is_none(family, columns):
    rows = np.zeros((CELLS, 8), np.float32)
    rows[3, [0, 1, 2, 3]], rows[3, [4, 6]] = (20, 16, 2, 2), columns
    postprocess = Postprocess(recognise(signature(1, CELLS, 8), family), confidence=0.3, nms_iou=0.5)
    found, invalid_rows = of_one(postprocess, (rows[None],))
    assert (len(found), invalid_rows) == (0, 1)


def test_an_answer_to_a_blank_picture_shows_logits_and_what_is_beyond_one():
    decoder = recognise(signature(1, CELLS, 8), "yolox")
    rows = np.full((1, CELLS, 8), 0.01, np.float32)
    assert scores_in(decoder, (rows,)) is Scores.PROBABILITIES
    rows[0, 3, 4:6] = 3
    assert scores_in(decoder, (rows,)) is Scores.BEYOND
    rows[0, :, 4:] = -6
    assert scores_in(decoder, (rows,)) is Scores.LOGITS


def test_a_list_that_is_filled_up_has_no_logits():
    listed = recognise(signature(1, 300, 6), "end2end")
    assert scores_in(listed, (np.zeros((1, 300, 6), np.float32),)) is Scores.PROBABILITIES
    assert scores_in(listed, (np.full((1, 300, 6), 3, np.float32),)) is Scores.BEYOND
    filled = np.full((1, 300, 6), -1, np.float32)
    filled[0, 0] = 10, 4, 60, 24, 0.9, 2
    assert scores_in(listed, (filled,)) is not Scores.LOGITS
    filled[0, 1:] = 0, 0, 0, 0, -1, 0
    assert scores_in(listed, (filled,)) is not Scores.LOGITS
    filled[0, :] = filled[0, 0]
    filled[0, :, 4] = np.linspace(0.6, -6, 300)
    assert scores_in(listed, (filled,)) is Scores.LOGITS


@pytest.mark.parametrize("name", ["RTMDet", "SSD", "RT-DETR", "torchvision", "PP-YOLOE, raw"])
def test_logits_show_in_families_that_no_other_is_like(name):
    layout = LAYOUTS[name]
    boxes = np.tile([[2.0, 4, 12, 24]], (30, 1))
    arrays = layout.write(boxes, np.linspace(0.7, -9, 30), np.zeros(30), WH)
    if (table := arrays.get("concat_14.tmp_0")) is not None:
        table[table == 0] = -6  # what is no score in the others is one here
    decoder = recognise(signature_of(layout, arrays), layout.family)
    outputs = tuple(array.astype(np.float32) if array.dtype.kind == "f" else array for array in arrays.values())
    assert scores_in(decoder, outputs) is Scores.LOGITS


def test_a_class_between_two_numbers_is_none():
    listed = recognise(signature(1, 300, 6), "end2end")
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [2, 4, 12, 24, 0.9, 1.5]
    found, invalid_rows = of_one(Postprocess(listed, confidence=0.3, nms_iou=0.5), (rows,))
    assert (len(found), invalid_rows) == (0, 1)
