"""Families are recognised by names, shapes, dtypes and metadata; where two look alike the user is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge_app.core.errors import ConfigError
from edge_app.model import ModelSignature, TensorSpec
from edge_app.postprocess import recognise, takes_one_picture
from edge_app.postprocess.recognise import FAMILIES
from tests.postprocess.layouts import RTDETR, YOLO
from tests.postprocess.reference import CELLS, signature

NANODET_CELLS = CELLS + 1 * 1  # of 64 x 32, whose last grid lies half outside
TWO_CLASSES = {**RTDETR, "names": "['a', 'b']"}
CALIBRATED = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")


def named(*names, count="int32", extra=()):
    """A model whose outputs have these names: a count, boxes, scores, classes."""
    shapes = (1, 1), (1, 100, 4), (1, 100), (1, 100)
    dtypes = count, "float32", "float32", "float32"
    outputs = tuple(TensorSpec(*parts) for parts in zip(names, shapes, dtypes, strict=True))
    return ModelSignature(Path("m.onnx"), (TensorSpec("images", (1, 3, 64, 64), "float32"), *extra), outputs, {}, False)


def listed(*names, shape=(1, 3, 64, 64), more=()):
    """A model of torchvision's whose outputs have these names: boxes, scores, classes, and more of these shapes."""
    parts = [((None, 4), "float32"), ((None,), "float32"), ((None,), "int64"), *((each, "float32") for each in more)]
    outputs = tuple(TensorSpec(name, *part) for name, part in zip(names, parts, strict=True))
    return ModelSignature(Path("m.onnx"), (TensorSpec("input", shape, "float32"),), outputs, {}, False)


@pytest.mark.parametrize(
    ("model", "family", "words"),
    [
        pytest.param(
            signature(1, 100, 9), None, "no known layout has the output output float32 (1, 100, 9)", id="nothing"
        ),
        pytest.param(
            signature(1, 100, 9), None, "`decoder:` may be yolox, yolox_decoded, ultralytics, end2end", id="the choices"
        ),
        pytest.param(
            signature(1, CELLS, CELLS),
            None,
            "may be of yolox, yolox_decoded, ultralytics, yolov6, nanodet_first;",
            id="two fit",
        ),
        pytest.param(
            signature(1, CELLS, 6),
            None,
            "ultralytics, end2end, yolov6, rtdetr_ultralytics, deepstream, deepstream_centres;",
            id="small YOLOX",
        ),
        pytest.param(
            signature(1, 300, 6),
            None,
            "may be of end2end, rtdetr_ultralytics, rtdetr_ultralytics_old, deepstream_detr;",
            id="six columns without metadata",
        ),
        pytest.param(
            signature(1, 300, 6, metadata=TWO_CLASSES),
            None,
            "may be of rtdetr_ultralytics, rtdetr_ultralytics_old;",
            id="RT-DETR, two classes",
        ),
        pytest.param(
            signature(outputs=(TensorSpec("boxes", (None, 7), "float32"),)),
            None,
            "may be of yolov7_flat, yolonas;",
            id="flat",
        ),
        pytest.param(
            signature(1, 84, CELLS), "yolox", "not laid out as decoder yolox", id="the named one does not fit"
        ),
        pytest.param(
            signature(1, CELLS, 85),
            "yolo",
            "unknown decoder yolo; the choices: yolox, yolox_decoded, ultr",
            id="no such",
        ),
        pytest.param(
            signature(1, 116, CELLS, metadata={"task": "segment"}),
            None,
            "is of task segment, as the metadata says; want detect",
            id="another task",
        ),
        pytest.param(
            signature(1, 7, CELLS, metadata={"task": "pose"}),
            "ultralytics",
            "is of task pose, as",
            id="another task, named",
        ),
        pytest.param(
            signature(outputs=(TensorSpec("b", (1, CELLS, 4), "float32"), TensorSpec("s", (1, CELLS, 4), "float32"))),
            None,
            "may be of yolonas, damoyolo, yoloworld;",
            id="four classes in either order",
        ),
        pytest.param(
            listed("boxes", "scores", "labels", shape=(2, 3, 64, 64)), None, "no known layout", id="two pictures' lists"
        ),
        pytest.param(
            named(*CALIBRATED, extra=(TensorSpec("threshold", (1,), "float32"),)),
            None,
            "(inputs: images float32 (1, 3, 64, 64), threshold float32 (1))",
            id="an input that nothing feeds",
        ),
    ],
)
def test_what_is_not_clear_is_an_error_that_lists_the_choices(model, family, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        recognise(model, family)


@pytest.mark.parametrize("family", ["end2end", "rtdetr_ultralytics", "rtdetr_ultralytics_old"])
@pytest.mark.parametrize("metadata", [{}, {"task": "detect", "description": "Ultralytics YOLOv10n"}])
def test_a_named_decoder_settles_it_whatever_the_metadata_says(family, metadata):
    assert recognise(signature(1, 300, 6, metadata=metadata), family).family == family


def test_classes_come_from_the_columns_else_from_the_metadata_else_they_are_unknown():
    assert recognise(signature(1, CELLS, CELLS), "ultralytics").classes == CELLS - 4
    assert recognise(signature(1, 300, 6, metadata=YOLO), None).classes == 3
    assert recognise(signature(1, 300, 6), "end2end").classes is None


@pytest.mark.parametrize("batch", [None, 1])
def test_a_list_without_an_axis_for_the_batch_is_of_one_picture_whatever_is_declared(batch):
    model = listed("boxes", "scores", "labels", shape=(batch, 3, 64, 64))
    assert takes_one_picture(recognise(model, None))
    assert model.of_one_picture().batch == 1
    assert model.of_one_picture().picture.shape == (1, 3, 64, 64)
    assert not takes_one_picture(recognise(signature(1, CELLS, 85), "yolox"))


@pytest.mark.parametrize("page", ["configs/everything.yaml", "configs/edge_app.schema.json", "docs/models.md"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_choice_is_listed(page, family):
    text = (Path(__file__).parents[2] / page).read_text().replace("\\n", " ")
    assert re.search(rf"\b{family}\b", text)


def test_the_size_that_rtdetr_scales_to_is_the_models_width_and_height():
    inputs = TensorSpec("images", (None, 3, 32, 64), "float32"), TensorSpec("orig_target_sizes", (None, 2), "int64")
    shapes = {"labels": (None, 300), "boxes": (None, 300, 4), "scores": (None, 300)}
    outputs = tuple(TensorSpec(name, shape, "float32") for name, shape in shapes.items())
    constant = recognise(ModelSignature(Path("m.onnx"), inputs, outputs, {}, False), None).constants[
        "orig_target_sizes"
    ]
    assert (constant.tolist(), constant.dtype) == ([[64, 32]], "int64")
