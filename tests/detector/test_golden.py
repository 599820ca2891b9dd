"""Golden inputs: written whole, read back, and answered through an engine's slots."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.core.detections import Detections
from edge_app.core.errors import DataError
from edge_app.detector import Golden, golden_path, read_golden, write_golden
from edge_app.detector.golden import answers, shortfall
from edge_app.engine.ort.cpu import OnnxRuntimeEngine
from edge_app.model import InputSpec
from edge_app.model.agreement import Agreement
from edge_app.postprocess.postprocess import Found
from tests.onnx_models import SIDE, channel_means

SPEC = InputSpec(width=SIDE, height=SIDE, color="bgr")


def found(count: int) -> Detections:
    """So many boxes that differ."""
    boxes = np.arange(4 * count, dtype=np.float32).reshape(count, 4)
    return Detections(boxes, np.linspace(0.9, 0.1, count, dtype=np.float32), np.arange(count, dtype=np.int32))


def golden(count: int = 32) -> Golden:
    """Pictures that are as bright as their number, with 0, 1, 2, 0, … boxes."""
    pictures = np.repeat(np.arange(count, dtype=np.uint8), SIDE * SIDE * 3).reshape(count, SIDE, SIDE, 3)
    return Golden(pictures, [found(i % 3) for i in range(count)])


def test_what_was_written_is_read(tmp_path):
    path = golden_path(tmp_path / "m.int8.onnx")
    assert path.name == "m.int8.golden.npz"
    write_golden(golden(), path)
    read = read_golden(path)
    assert np.array_equal(read.pictures, golden().pictures)
    for ours, theirs in zip(read.detections, golden().detections, strict=True):
        for name in ("xyxy", "score", "class_id"):
            a, b = getattr(ours, name), getattr(theirs, name)
            assert np.array_equal(a, b)
            assert a.dtype == b.dtype
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("damage", ["cut", "empty", "other arrays", "missing", "pickled"])
def test_a_broken_file_is_named(tmp_path, damage):
    path = tmp_path / "m.golden.npz"
    write_golden(golden(), path)
    if damage == "other arrays":
        np.savez(path, pictures=np.zeros(3))
    elif damage == "pickled":
        np.savez(path, pictures=np.array([{}], object), counts=np.array([1]))
    elif damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: 200 if damage == "cut" else 0])
    with pytest.raises(DataError, match=r"m\.golden\.npz: not golden inputs"):
        read_golden(path)


def brightness(arrays, letterboxes, sizes_wh):
    """One detection a picture, whose class is the picture's mean."""
    kinds = [np.array([round(float(mean))], np.int32) for mean in arrays[0][: len(letterboxes), 0]]
    return [Found(Detections(np.zeros((1, 4), np.float32), np.ones(1, np.float32), kind), 0, 0) for kind in kinds]


@pytest.mark.parametrize("batch", [pytest.param(None, id="any batch"), pytest.param(5, id="fixed at 5")])
def test_every_picture_is_answered_once_in_its_order(tmp_path, batch):
    path = channel_means(tmp_path / "m.onnx", batch or "batch")
    with OnnxRuntimeEngine(path, SPEC, batch=batch, max_batch=7, slots=2, threads=1) as engine:
        kinds = [picture.class_id.tolist() for picture in answers(engine, golden(33).pictures, brightness)]
    assert kinds == [[i] for i in range(33)]


def test_without_a_class_to_judge_recall_and_precision_do():
    figures = {"map50_95": 0.0, "score_drift": 0.0, "not_judged": {0: 19}, "judged": {}, "map50": 0.0, "sure": 9}
    assert shortfall(Agreement(recall=0.96, precision=0.95, **figures), 0.95) is None
    assert shortfall(Agreement(recall=0.94, precision=0.95, **figures), 0.95) == "recall 0.9400 below 0.95"
