"""Models that lost their accuracy, each in another way, come to the gate."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.calibration.evaluation import judge
from edge_app.model import sha256
from edge_app.model.agreement import agreement
from tests.calibration import quantized
from tests.model.reports import report

THRESHOLD = quantized.FOUND.card.thresholds.confidence
BLACK = [np.zeros((256, 448, 3), np.uint8)] * 10


@pytest.fixture(scope="module")
def holdout():
    return list(quantized.streets(7_000_000, 8))


@pytest.fixture(scope="module")
def reference(holdout):
    """What FP32 finds there."""
    return quantized.detect(quantized.PATH, holdout)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A model calibrated on other streets."""
    return quantized.quantize(quantized.streets(7_100_000, 5), tmp_path_factory.mktemp("int8") / "good.onnx")


@pytest.fixture(scope="module")
def verdict(holdout, reference):
    """The gate's verdict on a file."""
    return lambda path: judge(agreement(reference, quantized.detect(path, holdout), THRESHOLD), None, 0.95)


def test_a_good_model_passes(verdict, good):
    assert verdict(good).passed


def test_ten_black_pictures_make_no_model(verdict, tmp_path):
    refused = verdict(quantized.quantize(BLACK, tmp_path / "black.onnx"))
    assert not refused.passed
    assert refused.reason.endswith("below 0.95")


def test_black_pictures_judge_no_model(good):
    verdict = judge(agreement(quantized.detect(quantized.PATH, BLACK), quantized.detect(good, BLACK), 0.5), None, 0.95)
    assert not verdict.passed
    assert "not enough evidence" in verdict.reason


def test_a_dequantizers_scale_times_eight_is_refused(verdict, good, tmp_path):
    path = quantized.scaled(good, tmp_path / "scaled.onnx", "relu_28", 8, ["DequantizeLinear"])
    assert not verdict(path).passed


def test_a_quantizers_scale_times_eight_is_another_file(good, tmp_path):
    """Three bits less of one tensor cost this model nothing by the gate's figures: only the digest refuses the file."""
    path = quantized.scaled(good, tmp_path / "scaled.onnx", "relu_28", 8)
    vouching = report(int8_sha256=sha256(good), preprocessing=quantized.SPEC)
    assert vouching.refuses(sha256(good), quantized.SPEC, "yolox") is None
    assert vouching.refuses(sha256(path), quantized.SPEC, "yolox") == "its report is about another file"


def test_a_range_that_cuts_off_is_refused(verdict, good, tmp_path):
    """Of all figures it is the recall at the threshold that shows it: the boxes are there, their scores are not."""
    refused = verdict(quantized.scaled(good, tmp_path / "cut.onnx", "relu_31", 1 / 8))
    assert not refused.passed
    assert "recall" in refused.reason


def test_swapped_colours_are_refused(holdout, reference, good):
    swapped = quantized.detect(good, [np.ascontiguousarray(picture[..., ::-1]) for picture in holdout])
    assert not judge(agreement(reference, swapped, THRESHOLD), None, 0.95).passed
