"""Every family through the whole program: a model with planted boxes, two cameras, the messages."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_app.cli import execute
from edge_app.detector import Overrides, resolve
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.model import find_argument
from tests.postprocess.layouts import LAYOUTS
from tests.postprocess.models import planted

SOURCE_WH, MODEL_WH = (128, 64), (64, 64)
# Class, score, corners [source px]. The second doubles the first, the last is below the threshold.
THERE = [
    (0, 0.9, (20, 10, 60, 40)),
    (0, 0.7, (22, 11, 62, 41)),
    (2, 0.8, (70, 30, 120, 60)),
    (1, 0.1, (5, 5, 25, 45)),
]
# Official preprocessing of 128x64 in 64x64: factor and offset of x1, y1, x2, y2.
FIT = {"centre": ([0.5] * 4, [0, 16, 0, 16]), "top_left": ([0.5] * 4, [0] * 4), "stretch": ([0.5, 1, 0.5, 1], [0] * 4)}


def outputs(layout):
    factor, offset = (np.array(part) for part in FIT[layout.letterbox])
    classes, scores, boxes = (np.array(column, float) for column in zip(*THERE, strict=True))
    return layout.write(boxes * factor + offset, scores, classes, MODEL_WH)


def assert_found(messages, layout):
    assert len(messages) == 4
    expected = [THERE[0], THERE[2]] if layout.suppresses else [THERE[0], THERE[2], THERE[1]]
    tolerance = 0.2 if layout.dtype == "float16" else 0.02  # [source px]
    for message in messages:
        assert [found["class_id"] for found in message["objects"]] == [class_id for class_id, _, _ in expected]
        for found, (_, score, box) in zip(message["objects"], expected, strict=True):
            assert found["score"] == pytest.approx(score, abs=1e-3)
            assert found["box"] == pytest.approx(box, abs=tolerance)


@pytest.mark.parametrize("name", LAYOUTS)
def test_planted_boxes_are_published(run, tmp_path, name):
    layout = LAYOUTS[name]
    model = planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH)
    code, messages, log = run(model)
    assert code == 0, log
    assert_found(messages, layout)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_named_decoder_does_the_same_as_a_recognised_one(run, tmp_path, name):
    layout = LAYOUTS[name]
    model = planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH)
    code, messages, log = run(model, decoder=layout.family)
    assert code == 0, log
    assert_found(messages, layout)


@pytest.mark.parametrize(
    ("name", "batch"), [("torchvision, any batch", 1), ("torchvision", 1), ("PP-YOLOE", 1), ("RTMDet", None)]
)
def test_what_lists_one_pictures_boxes_is_given_one_at_a_time(tmp_path, name, batch):
    layout = LAYOUTS[name]
    found = find_argument(str(planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH)), tmp_path)
    assert resolve(found, "fp32", OnnxRuntimeCpu("a test"), Overrides()).signature.batch == batch


def test_names_come_from_the_metadata_and_others_are_numbers(run, tmp_path):
    for name, labels in (("YOLOv10", ["cat", "cow", "cat"]), ("RT-DETR", ["class_0", "class_2", "class_0"])):
        layout = LAYOUTS[name]
        _, messages, _ = run(planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH))
        assert [found["label"] for found in messages[-1]["objects"]] == labels


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        pytest.param("RT-DETR", ["person", "car", "person"], id="from zero"),
        pytest.param("SSD", ["class_0", "bicycle", "class_0"], id="from one"),
    ],
)
def test_cocos_names_are_given_by_that_name(run, tmp_path, name, labels):
    layout = LAYOUTS[name]
    _, messages, _ = run(planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH), labels="coco")
    assert [found["label"] for found in messages[0]["objects"]] == labels


def test_an_input_without_a_fixed_size_is_an_error_that_says_what_to_do(run, tmp_path):
    layout = LAYOUTS["YOLOv5"]
    model = planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH, side="side")
    code, _, log = run(model)
    assert code == 78
    assert "has no fixed height and width; export it with a fixed size" in log.splitlines()[-1]
    assert "images float32 (?, 3, ?, ?)" in log.splitlines()[-1]


def test_a_size_in_ultralytics_metadata_is_taken(run, tmp_path):
    layout = LAYOUTS["YOLOv10"]
    sized = type(layout)(**{**vars(layout), "metadata": {**layout.metadata, "imgsz": "[64, 64]"}})
    code, messages, log = run(planted(tmp_path / "m.onnx", sized, outputs(layout), MODEL_WH, side="side"))
    assert code == 0, log
    assert_found(messages, layout)


def test_a_size_in_the_card_is_taken(run, tmp_path, configured):
    layout = LAYOUTS["SSD"]
    folder = tmp_path / "models" / "toy"
    folder.mkdir(parents=True)
    planted(folder / "m.onnx", layout, outputs(layout), MODEL_WH, side="side")
    (folder / "model.yaml").write_text(
        "name: toy\nfiles: {fp32: m.onnx}\ninput: {width: 64, height: 64, color: rgb, letterbox: stretch}\n"
    )
    config = configured(
        model={"name": "toy"},
        cameras={"a": {"url": "synthetic://street?seed=7&frames=4&size=128x64"}},
        publish=[{"type": "file", "path": str(tmp_path / "out.ndjson")}],
    )
    assert execute(["run", str(config)]) == 0
    assert_found([json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines()], layout)
