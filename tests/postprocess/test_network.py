"""What a file leaves open of its outputs is closed by the answer to a blank picture, unless the picture decides it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_app.model import ModelSignature, TensorSpec
from edge_app.postprocess.network import Answers
from tests.postprocess.test_table import Answering


@pytest.mark.parametrize(
    ("fixed", "declared", "known"),
    [
        pytest.param(True, (None, None, None), (None, 17, 6), id="all but how many pictures there are"),
        pytest.param(True, (4, None, 6), (4, 17, 6), id="what is open"),
        pytest.param(True, (), (None, 17, 6), id="the rank too"),
        pytest.param(False, (None, None, None), (None, None, 6), id="where rows depend on the picture, columns alone"),
        pytest.param(False, (), (None, None, 6), id="where rows depend on the picture, the rank too"),
    ],
)
def test_open_dimensions_are_closed_by_the_answer(fixed, declared, known):
    picture = TensorSpec("images", (None, 3, 64, 64), "float32")
    output = TensorSpec("output", declared, "float32")
    signature = ModelSignature(Path("m.onnx"), (picture,), (output,), {}, False, fixed_outputs=fixed)
    network = Answering((np.zeros((1, 17, 6), np.float32),))
    (found,) = Answers(network, signature, (64, 64)).known_shapes().outputs
    assert found.shape == known
