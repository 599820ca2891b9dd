"""A few boxes in an answer that is zeros otherwise: they are read as what they are, or the user is asked.

Among the layouts are some that no family has: corners or shares where others have centres in pixels.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.core.errors import ConfigError
from edge_app.model import ModelSignature, TensorSpec
from edge_app.postprocess import recognise
from tests.postprocess.layouts import centres, one_hot
from tests.postprocess.table import CELLS, SIDE
from tests.postprocess.test_table import Answering

WITH_SCORES, LISTED = ("box", "classes"), ("box", "score", "class")
ROWS = {
    # Family, or none; how many rows; how boxes are written; what is behind each other in a row; whether it is turned.
    "YOLOX decoded": ("yolox_decoded", CELLS, "centres", ("box", "sure", "classes"), False),
    "v5": ("yolov5", 3 * CELLS, "centres", ("box", "sure", "classes"), False),
    "v8": ("ultralytics", CELLS, "centres", WITH_SCORES, True),
    "v8 turned": ("ultralytics", CELLS, "centres", WITH_SCORES, False),
    "v8 of corners": (None, CELLS, "corners", WITH_SCORES, True),
    "v8 of shares": (None, CELLS, "shares", WITH_SCORES, True),
    "v8 of corners in shares": (None, CELLS, "corner shares", WITH_SCORES, True),
    "v8 of angles": (None, CELLS, "centres", ("box", "classes", "angle"), True),
    "v8 turned, of shares": (None, CELLS, "shares", WITH_SCORES, False),
    "YOLOX's shape, of corners": (None, CELLS, "corners", ("box", "sure", "classes"), False),
    "YOLOX's shape, of corners in shares": (None, CELLS, "corner shares", ("box", "sure", "classes"), False),
    "v5 of corners": (None, 3 * CELLS, "corners", ("box", "sure", "classes"), False),
    "v5 of shares": (None, 3 * CELLS, "shares", ("box", "sure", "classes"), False),
    "DeepStream": ("deepstream", CELLS, "corners", LISTED, False),
    "DeepStream, six with centres": ("deepstream_centres", CELLS, "centres", LISTED, False),
    "DeepStream, seven": ("deepstream_centres", CELLS, "centres", (*LISTED, "sure"), False),
    "DeepStream's order, of corners in shares": (None, CELLS, "corner shares", LISTED, False),
    "DeepStream's seven, of corners": (None, CELLS, "corners", (*LISTED, "sure"), False),
    "a list": ("end2end", 300, "corners", LISTED, False),
    "a list of shares": (None, 300, "shares", LISTED, False),
    "a list of corners in shares": (None, 300, "corner shares", LISTED, False),
    "a list of centres": (None, 300, "centres", LISTED, False),
    "a list with the class first": (None, 300, "corners", ("class", "score", "box"), False),
    "a list with angles": (None, 300, "centres", (*LISTED, "angle"), False),
}


def boxes(rng, number, largest):
    """Corners of boxes that lie in the picture, shape (number, 4)."""
    size = rng.uniform(5, largest, (number, 2))
    corner = rng.uniform(0, 1, (number, 2)) * (SIDE - size)
    return np.concatenate([corner, corner + size], axis=1)


def written(corners, form):
    return {
        "corners": corners,
        "centres": centres(corners),
        "shares": centres(corners) / SIDE,
        "corner shares": corners / SIDE,
    }[form]


@pytest.mark.parametrize("name", ROWS)
@settings(deadline=None, max_examples=25)
@given(
    number=st.integers(1, 60), classes=st.integers(1, 4), largest=st.integers(20, 250), seed=st.integers(0, 2**32 - 1)
)
def test_a_few_boxes_are_of_their_own_layout_or_of_none_that_is_certain(name, number, classes, largest, seed):
    family, rows, form, parts, turned = ROWS[name]
    rng = np.random.default_rng(seed)
    score, class_id = -np.sort(-rng.uniform(0.4, 1, number)), rng.integers(0, classes, number)
    columns = {
        "box": written(boxes(rng, number, largest), form),
        "score": score[:, None],
        "class": class_id[:, None],
        "classes": one_hot(score, class_id, classes),
        "sure": rng.uniform(0.5, 1, (number, 1)),
        "angle": rng.uniform(1.1, 2.3, (number, 1)),
    }
    table = np.concatenate([columns[part] for part in parts], axis=1)
    answer = np.zeros((1, rows, table.shape[1]), np.float32)
    answer[0, :number] = table
    answer = answer.transpose(0, 2, 1) if turned else answer
    picture, output = (TensorSpec(*each, "float32") for each in (("images", (1, 3, SIDE, SIDE)), ("o", answer.shape)))
    with suppress(ConfigError):
        model = ModelSignature(Path("m.onnx"), (picture,), (output,), {}, False)
        found = recognise(model, None, Answering((answer,)))
        assert found.family == family
