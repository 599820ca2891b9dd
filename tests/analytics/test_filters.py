"""Objects that do not exist: by label, size, shape, score and place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.analytics.filters import FilterConfig, ObjectFilter
from edge_app.core.detections import Detections
from tests.analytics.tracked import PATIENT

LABELS = ("person", "car")
WH = (640, 360)


def found(*rows):
    """Detections of (class, score, box)."""
    return Detections(
        np.array([box for _, _, box in rows], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in rows], np.float32),
        np.array([class_id for class_id, _, _ in rows], np.int32),
    )


def kept(detections, filters, ignored=(), source_wh=WH):
    configs = {label: FilterConfig.model_validate(keys) for label, keys in filters.items()}
    return ObjectFilter(configs, ignored, LABELS).keep(detections, source_wh).tolist()


BOX = [100, 100, 164, 172]  # 64 x 72: 0.02 of the picture, 0.889 times as wide as high


@pytest.mark.parametrize(
    ("keys", "is_kept"),
    [
        ({"min_score": 0.7}, True),
        ({"min_score": 0.71}, False),
        ({"min_area": 0.02}, True),
        ({"min_area": 0.0201}, False),
        ({"max_area": 0.02}, True),
        ({"max_area": 0.0199}, False),
        ({"min_ratio": 0.88}, True),
        ({"min_ratio": 0.89}, False),
        ({"max_ratio": 0.89}, True),
        ({"max_ratio": 0.88}, False),
        ({"min_score": 0.7, "min_area": 0.01, "max_area": 0.1, "min_ratio": 0.5, "max_ratio": 1}, True),
    ],
)
def test_a_filter_is_for_its_label_and_its_bounds_belong_to_what_it_keeps(keys, is_kept):
    detections = found((0, 0.7, BOX), (1, 0.7, BOX))
    assert kept(detections, {"person": keys}) == [is_kept, True]
    assert kept(detections, {"car": keys}) == [True, is_kept]


def test_an_area_is_a_share_of_the_picture_and_a_ratio_one_of_pixels():
    detections = found((0, 0.7, BOX))
    assert kept(detections, {"person": {"min_area": 0.02}}, source_wh=(641, 360)) == [False]
    assert kept(detections, {"person": {"min_ratio": 0.88, "max_ratio": 0.89}}, source_wh=(360, 640)) == [True]


def test_what_stands_in_an_ignored_area_does_not_exist():
    right = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]
    corner = [[0, 0], [0.25, 0], [0.25, 0.25], [0, 0.25]]
    boxes = [[200, 0, 300, 100], [310, 0, 330, 100], [312, 0, 332, 360], [0, 50, 100, 90], [0, 0, 100, 91]]
    detections = found(*((0, 0.7, box) for box in boxes))
    assert kept(detections, {}, [right]) == [True, False, False, True, True]
    assert kept(detections, {}, [right, corner]) == [True, False, False, False, True]
    assert kept(detections, {}) == [True] * 5


def test_what_is_kept_stays_as_it_is():
    detections = found((0, 0.9, BOX), (1, 0.5, BOX), (0, 0.4, BOX))
    left = ObjectFilter({"person": FilterConfig(min_score=0.5)}, (), LABELS)(detections, WH)
    assert (left.xyxy.tolist(), left.class_id.tolist()) == ([BOX, BOX], [0, 1])
    assert left.score.tolist() == pytest.approx([0.9, 0.5])
    assert ObjectFilter({}, (), LABELS)(detections, WH) is detections
    assert len(ObjectFilter({"car": FilterConfig(min_score=0.9)}, (), LABELS)(found((1, 0.1, BOX)), WH)) == 0
    assert len(ObjectFilter({}, [[[0, 0], [1, 0], [1, 1]]], LABELS)(found(), WH)) == 0


@PATIENT
@given(st.floats(0, 1, width=32))
def test_a_score_that_reaches_the_lowest_is_kept_whatever_its_last_digits(score):
    assert kept(found((0, score, BOX)), {"person": {"min_score": float(str(np.float32(score)))}}) == [True]
