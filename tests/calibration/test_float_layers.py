"""A layer that INT8 hurts goes back to float on the way through `calibrate`, and the golden answers are FP32's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edge_app import model
from edge_app.calibration import CalibrationJob, calibrate, find_series
from edge_app.calibration.context import ReferenceModel
from edge_app.core.frames import Picture
from edge_app.detector import golden_path, read_golden
from tests.calibration.conftest import nobody

pytestmark = pytest.mark.timeout(600)  # on a busy machine

BEFORE, HURT = "node_conv2d_6", "node_conv2d_7"  # the second alone takes what the first makes
LOUD = 1024.0  # a power of two: FP32's results stay what they were


def loud(source: Path, target: Path) -> None:
    """The same function, but a channel between the two layers is so loud that INT8 leaves nothing of the others."""
    graph = onnx.load(source)
    nodes = {node.name: node for node in graph.graph.node}
    constants = {constant.name: constant for constant in graph.graph.initializer}
    for name, index, by in [(nodes[BEFORE].input[i], 0, LOUD) for i in (1, 2)] + [(nodes[HURT].input[1], 1, 1 / LOUD)]:
        values = numpy_helper.to_array(constants[name]).copy()
        np.moveaxis(values, index, 0)[0] *= np.float32(by)
        constants[name].CopyFrom(numpy_helper.from_array(values, name))
    onnx.save(graph, target)


@pytest.fixture(scope="module")
def hurt(detector, some, tmp_path_factory):
    """The report on the loud model, its detector, and its INT8 file."""
    folder = tmp_path_factory.mktemp("loud")
    path, out = folder / "model.onnx", folder / "model.int8.onnx"
    loud(detector.signature.path, path)
    other = replace(detector, signature=model.read_signature(path), sha256=model.sha256(path))
    data, holdout = find_series([some / "calibration"]), find_series([some / "holdout"])
    job = CalibrationJob(
        detector=other, data=data, holdout=holdout, images=400, method="max", min_agreement=0.95,
        allow_thin_evidence=False, out=out,
    )  # fmt: skip
    return calibrate(job, nobody), other, out


def test_the_layer_that_is_hurt_goes_back_to_float_and_no_other(hurt):
    report, _, _ = hurt
    assert report.passed
    assert [each.layer for each in report.fallbacks] == [HURT]
    assert report.fallbacks[0].gain > 0.02
    assert 0 < report.fallbacks[0].cost < 0.1


def test_the_golden_answers_are_those_of_fp32(hurt):
    _, detector, out = hurt
    golden = read_golden(golden_path(out))
    pictures = [Picture.from_bgr(picture) for picture in golden.pictures]
    for path, wanted in ((detector.signature.path, True), (out, False)):
        found = [each.score.tolist() for each in ReferenceModel(path, detector).detect(pictures)]
        assert (found == [each.score.tolist() for each in golden.detections]) == wanted
