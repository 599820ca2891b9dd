"""The geometry that fits a picture into a model's input, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.core.frames import Letterbox, Picture

SIDES = st.integers(1, 5000)
MODEL_SIDES = st.integers(32, 1280)


@given(
    source_wh=st.tuples(SIDES, SIDES),
    model_wh=st.tuples(MODEL_SIDES, MODEL_SIDES),
    mode=st.sampled_from(["centre", "top_left", "stretch"]),
    rounding=st.sampled_from(["floor", "round"]),
)
def test_the_picture_lies_inside_the_models_input(source_wh, model_wh, mode, rounding):
    letterbox = Letterbox.fit(source_wh, model_wh, mode, rounding)
    assert letterbox.width >= 1
    assert letterbox.height >= 1
    assert 0 <= letterbox.left <= letterbox.left + letterbox.width <= model_wh[0]
    assert 0 <= letterbox.top <= letterbox.top + letterbox.height <= model_wh[1]


@pytest.mark.parametrize(
    ("source_wh", "mode", "rounding", "expected"),
    [
        pytest.param((1920, 1080), "centre", "round", (0, 140, 640, 360), id="wide, centred"),
        pytest.param((1080, 1920), "centre", "round", (140, 0, 360, 640), id="tall, centred"),
        pytest.param((1920, 1080), "top_left", "floor", (0, 0, 640, 360), id="YOLOX"),
        pytest.param((100, 37), "top_left", "floor", (0, 0, 640, 236), id="YOLOX cuts the fraction"),
        pytest.param((100, 37), "centre", "round", (0, 201, 640, 237), id="the odd pixel goes below"),
        pytest.param((100, 37), "stretch", "round", (0, 0, 640, 640), id="RT-DETR"),
    ],
)
def test_letterbox_is_the_families_own(source_wh, mode, rounding, expected):
    letterbox = Letterbox.fit(source_wh, (640, 640), mode, rounding)
    assert (letterbox.left, letterbox.top, letterbox.width, letterbox.height) == expected


def test_a_picture_says_what_it_wants():
    with pytest.raises(ValueError, match=r"want uint8 \(height, width, 3\); got float32 \(2, 2, 3\)"):
        Picture.from_bgr(np.zeros((2, 2, 3), np.float32))  # type: ignore[arg-type]
