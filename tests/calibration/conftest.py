"""The bundled model, some of its calibration pictures, and what one calibration of it needs."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from edge_app import model
from edge_app.calibration.cache import open_cache
from edge_app.calibration.context import CalibrationContext
from edge_app.calibration.placement import place
from edge_app.calibration.qdq import prepared
from edge_app.calibration.ranges import observe
from edge_app.calibration.series import find_series
from edge_app.detector import read_fp32

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "calib_data/traffic"


def nobody(*step):
    """Is told what is being done, and does not care."""


@pytest.fixture(scope="session")
def detector():
    return read_fp32(model.find_argument(str(ROOT / "models/traffic"), Path("nowhere")))


@pytest.fixture(scope="session")
def some(tmp_path_factory):
    """Folders with 18 pictures to calibrate with and 40 to judge by, with their ground truth."""
    folder = tmp_path_factory.mktemp("some")
    for name, count in (("calibration", 18), ("holdout", 40)):
        (folder / name).mkdir()
        for picture in sorted((DATA / name).glob("*.jpg"))[:count]:
            for file in (picture, picture.with_suffix(".txt")):
                (folder / name / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="session")
def cache(some, detector, tmp_path_factory):
    """The pictures to calibrate with."""
    with open_cache(tmp_path_factory.mktemp("cache") / "pictures", detector.input) as cache:
        (series,) = find_series([some / "calibration"])
        for shown in series.read(range(series.count)):
            cache.add(shown.picture, shown.name, shown.file)
        yield cache


@pytest.fixture(scope="session")
def context(cache, detector, tmp_path_factory):
    """The bundled model with the default's ranges."""
    graph, folder = prepared(onnx.load(detector.signature.path)), tmp_path_factory.mktemp("context")
    histograms = observe(graph, sorted(place(graph).uses), detector, cache, folder, nobody)
    ranges = {tensor: histogram.range("mse") for tensor, histogram in histograms.items()}
    return CalibrationContext(detector, graph, ranges, folder, nobody)
