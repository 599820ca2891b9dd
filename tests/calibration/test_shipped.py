"""The INT8 file that ships with the bundled model, as the engine runs it."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app import model
from edge_app.calibration.cache import open_cache
from edge_app.calibration.context import ReferenceModel
from edge_app.calibration.evaluation import Evaluation
from edge_app.calibration.series import find_series
from edge_app.detector import read_detector, start_engine
from edge_app.detector.golden import answers
from edge_app.model.agreement import LEAST_SCORE
from tests.calibration.conftest import DATA, ROOT, nobody
from tests.config.files import load_text

SHIPPED = ROOT / "models/traffic/model.int8.onnx"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    text = "model: {name: traffic}\nengine: {precision: int8, threads: 1}\ncameras: {a: {url: rtsp://h/1}}\n"
    settings = load_text(tmp_path_factory.mktemp("shipped"), text)
    return read_detector(settings.detector), settings.engine


def test_its_report_vouches_for_it(shipped, detector):
    found, settings = shipped
    assert found.signature.path.samefile(SHIPPED)
    report = found.qualification.report
    assert (report.model_sha256, report.int8_sha256) == (detector.sha256, model.sha256(SHIPPED))
    assert report.ground_truth.int8_map50 >= report.ground_truth.fp32_map50 - 0.01
    assert SHIPPED.with_suffix(".report.html").stat().st_size > 100_000
    with start_engine(found, settings)[1] as engine:
        assert found.qualification.check(engine) >= 0.99


def test_it_loses_no_more_than_a_hundredth_against_the_truth(shipped, detector, tmp_path):
    found, settings = shipped
    with open_cache(tmp_path / "cache", detector.input) as cache, start_engine(found, settings)[1] as engine:
        (series,) = find_series([DATA / "holdout"])
        for shown in series.read(range(series.count)):
            cache.add(shown.picture, shown.name, shown.file)
        pictures = np.stack([picture.bgr for picture in cache])
        evaluation = Evaluation(cache, ReferenceModel(detector.signature.path, detector), detector, nobody)
        truth = evaluation.ground_truth(answers(engine, pictures, detector.postprocess_from(LEAST_SCORE)))
    assert truth.fp32_map50 > 0.9
    assert truth.int8_map50 >= truth.fp32_map50 - 0.01
