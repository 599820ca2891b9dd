"""The report beside an INT8 model vouches for one file, one preprocessing and one decoder."""

from __future__ import annotations

import json

import pytest

from edge_app.core.errors import ConfigError
from edge_app.model import read_report, report_path, write_report
from tests.model.reports import FILE, INPUT, OTHER, report


def test_it_vouches_for_what_it_was_made_for():
    assert report().refuses(FILE, INPUT, "yolox") is None


def test_it_reads_what_it_writes(tmp_path):
    path = report_path(tmp_path / "toy.int8.onnx")
    write_report(report(), path)
    assert path.name == "toy.int8.report.json"
    assert read_report(path) == report()


def test_it_holds_the_keys_of_the_contract(tmp_path):
    write_report(report(), tmp_path / "toy.report.json")
    document = json.loads((tmp_path / "toy.report.json").read_text())
    assert document["schema"] == "edge_app.calibration/1"
    assert document["agreement"] == {
        "map50": 0.99, "map50_95": 0.9, "recall": 0.98, "precision": 0.97, "score_drift": -0.01,
    }  # fmt: skip
    assert document["layers"] == [{"name": "stem", "sqnr_db": 31.5}]
    assert document["passed"] is True
    assert document["ground_truth"] is None


def test_a_report_copied_from_another_model_is_refused():
    assert report().refuses(OTHER, INPUT, "yolox") == "its report is about another file"


def test_a_report_on_int8_of_another_fp32_model_is_refused():
    assert report().refuses(FILE, INPUT, "yolox", OTHER) is None
    assert report().refuses(FILE, INPUT, "yolox", FILE).startswith("its report is about INT8 of another FP32 model")


def test_a_failed_report_is_refused_with_its_reason():
    failed = report(passed=False, reason="recall 0.6000 below 0.95").refuses(FILE, INPUT, "yolox")
    assert failed == "its report says that it did not pass: recall 0.6000 below 0.95"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"color": "rgb"}, "color bgr, not rgb"),
        ({"mean": (0.5, 0.5, 0.5)}, "mean"),
        ({"pad": 0, "letterbox": "centre"}, "letterbox top_left, not centre; pad 114, not 0"),
        ({"width": 128}, "width 64, not 128"),
    ],
)
def test_other_preprocessing_is_refused(change, words):
    refusal = report().refuses(FILE, INPUT.model_copy(update=change), "yolox")
    assert refusal is not None
    assert refusal.startswith("its report is about other preprocessing: ")
    assert words in refusal


def test_another_decoder_is_refused():
    assert report().refuses(FILE, INPUT, "ssd") == "its report is about decoder yolox, not ssd"


def test_a_missing_report_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"toy\.report\.json: there is no such report"):
        read_report(tmp_path / "toy.report.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "edge_app.calibration/2"}, "schema: "),
        ({"passed": None}, "passed: "),
        ({"int8_sha256": "abc"}, "int8_sha256: "),
        ({"agreement": {}}, "agreement: map50: "),
    ],
)
def test_a_broken_report_is_named_with_its_key(tmp_path, change, words):
    path = tmp_path / "toy.report.json"
    write_report(report(), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError, match=f"not a calibration report: {words}"):
        read_report(path)


def test_what_a_later_version_adds_is_passed_over(tmp_path):
    path = tmp_path / "toy.report.json"
    write_report(report(), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weather": "fair"}))
    assert read_report(path) == report()


def test_half_a_report_is_no_report(tmp_path):
    path = tmp_path / "toy.report.json"
    write_report(report(), path)
    path.write_text(path.read_text()[:200])
    with pytest.raises(ConfigError, match="not a calibration report"):
        read_report(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot read this report"):
        read_report(path)
