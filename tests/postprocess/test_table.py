"""Recognition, row by row of the table; and nothing that a file or a model says can break it."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_app.core.errors import ConfigError
from edge_app.model import ModelSignature, TensorSpec
from edge_app.model.companion import Companion
from edge_app.postprocess import recognise
from edge_app.postprocess.recognise import FAMILIES
from tests.postprocess.table import SIDE, TABLE


class Answering:
    """What computes a model, without one: the same answer to whatever it is fed, or another to patches."""

    def __init__(self, arrays, to_patches=None):
        self.arrays = arrays
        self.to_patches = to_patches or arrays
        self.asked = 0

    def answer(self, feed):
        self.asked += 1
        picture = next(iter(feed.values()))
        return self.arrays if (picture == picture[..., :1, :1]).all() else self.to_patches


def network_of(row):
    if row.answer is None:
        return None
    return Answering(row.answer(), row.patches and row.patches())


def described(row):
    picture = TensorSpec(row.picture, (None, 3, SIDE, SIDE), "float32")
    return ModelSignature(
        Path("m.onnx"),
        (picture, *row.inputs),
        row.outputs,
        dict(row.metadata),
        False,
        companion=Companion(kind=row.kind),
    )


def test_the_table_has_a_row_for_each_of_sixty_layouts_and_for_every_family():
    assert len({row.name for row in TABLE}) == len(TABLE) >= 60
    assert {row.taken_for for row in TABLE if isinstance(row.taken_for, str)} == set(FAMILIES)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_layout_is_taken_for_its_family_or_the_choices_are_listed(row):
    network = network_of(row)
    if isinstance(row.taken_for, str):
        assert recognise(described(row), None, network).family == row.taken_for
        return
    with pytest.raises(ConfigError) as refusal:
        recognise(described(row), None, network)
    listed = re.search(r"may be of ([\w, ]+?)(;|, but)", str(refusal.value))
    assert tuple(listed[1].split(", ") if listed else ()) == row.taken_for


@pytest.mark.parametrize("row", [row for row in TABLE if isinstance(row.taken_for, str)], ids=lambda row: row.name)
def test_a_named_decoder_is_taken_whatever_the_model_answers(row):
    network = network_of(row)
    assert recognise(described(row), row.taken_for, network).family == row.taken_for


@pytest.mark.parametrize("row", [row for row in TABLE if not row.answer], ids=lambda row: row.name)
def test_a_model_that_answers_nothing_is_no_other_error(row):
    try:
        recognise(described(row), None, Answering(None))
    except ConfigError:
        assert not isinstance(row.taken_for, str)


def test_a_model_is_not_asked_what_its_file_says():
    rows = {row.name: row for row in TABLE}
    told = ("v8 with its metadata", "v10 with its metadata", "v10, dynamic, with its metadata", "RT-DETR, its authors'")
    for name in told:
        network = Answering(None)
        recognise(described(rows[name]), None, network)
        assert network.asked == 0


dimensions = st.one_of(
    st.none(), st.sampled_from([1, 4, 6, 7, 8, 85, 100, 300, 500, 525, 2100, 6300]), st.integers(1, 9000)
)
tensors = st.builds(
    TensorSpec,
    st.sampled_from(["output", "output0", "boxes", "scores", "classes", "labels", "dets", "num_dets", "x"]),
    st.lists(dimensions, max_size=5).map(tuple),
    st.sampled_from(["float32", "float16", "int64", "sequence_type"]),
)
texts = st.dictionaries(
    st.sampled_from(["task", "names", "description", "imgsz"]), st.sampled_from(["detect", "", "[1]", "{", "rtdetr"])
)
numbers = st.sampled_from([0.0, 0.5, 1.0, -6.0, 200.0, 1e30, np.nan, np.inf])


def listed(*boxes: int | None) -> dict[str, Any]:
    """Lists by torchvision's names, with boxes of that shape."""
    outputs = [TensorSpec("boxes", boxes, "float32")]
    outputs += [TensorSpec(name, (), "float32") for name in ("scores", "labels")]
    return {"outputs": outputs, "metadata": {}, "number": 0.0, "family": None, "seed": 0}


@settings(deadline=None, max_examples=200)
@example(**listed(None, 6))
@example(**listed())
@given(
    outputs=st.lists(tensors, min_size=1, max_size=4),
    metadata=texts,
    number=numbers,
    family=st.sampled_from([None, *FAMILIES]),
    seed=st.integers(0, 99),
)
def test_whatever_a_file_declares_and_answers_is_a_decoder_or_an_error_for_its_user(
    outputs, metadata, number, family, seed
):
    rng = np.random.default_rng(seed)
    shapes = [[size or 3 for size in tensor.shape] for tensor in outputs]
    arrays = None
    if all(math.prod(shape) < 1_000_000 for shape in shapes):
        arrays = tuple(np.where(rng.random(shape) < 0.5, number, rng.random()).astype(np.float32) for shape in shapes)
    picture = TensorSpec("images", (None, 3, SIDE, SIDE), "float32")
    signature = ModelSignature(Path("m.onnx"), (picture,), tuple(outputs), metadata, False)
    with suppress(ConfigError):
        assert recognise(signature, family, Answering(arrays)).family in FAMILIES
