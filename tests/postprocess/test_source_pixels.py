"""The way of boxes from model pixels back to source pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_app.core.frames import Letterbox
from edge_app.postprocess.postprocess import _to_source

SIDES = st.integers(1, 5000)
MODEL_SIDES = st.integers(32, 1280)


@given(
    sizes_wh=st.tuples(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES)),
    model_wh=st.tuples(MODEL_SIDES, MODEL_SIDES),
    mode=st.sampled_from(["centre", "top_left", "stretch"]),
    rounding=st.sampled_from(["floor", "round"]),
    points=st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4),
    picture=st.sampled_from([0, 1]),
)
def test_a_box_comes_back_to_where_it_is_in_its_own_picture(sizes_wh, model_wh, mode, rounding, points, picture):
    letterboxes = [Letterbox.fit(wh, model_wh, mode, rounding) for wh in sizes_wh]
    letterbox = letterboxes[picture]
    source = np.array([points], np.float32) * np.array(sizes_wh[picture] * 2, np.float32)
    scale, offset = np.array([letterbox.scale_x, letterbox.scale_y] * 2), np.array([letterbox.left, letterbox.top] * 2)
    model = (source * scale + offset).astype(np.float32)
    rounding_error = np.spacing(np.float32(max(model_wh))) / min(letterbox.scale_x, letterbox.scale_y)
    found = _to_source(model, np.array([picture]), letterboxes, sizes_wh)
    np.testing.assert_allclose(found, source, rtol=1e-5, atol=4 * rounding_error)
