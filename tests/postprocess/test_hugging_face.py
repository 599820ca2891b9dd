"""Hugging Face's detectors: what tells sigmoid from softmax, and what the files beside the model say."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.core.errors import ConfigError, DataError
from edge_app.detector.inspection import inspect
from edge_app.model import TensorSpec, find_argument, read_signature
from edge_app.postprocess import Postprocess, recognise
from tests.postprocess.layouts import HF_SIGMOID, HF_SOFTMAX
from tests.postprocess.models import planted
from tests.postprocess.reference import WH, assert_same, distinct_scores, in_source, of_one, signature
from tests.postprocess.test_program import MODEL_WH, assert_found, outputs

LABELS = {"0": "cat", "1": "dog", "2": "cow"}


def model(folder, layout, *, side=None, channels=3, config=None, processor=None):
    """A model of that layout with such documents beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in (("config.json", config), ("preprocessor_config.json", processor)):
        if document is not None:
            (folder / name).write_text(json.dumps(document))
    return planted(folder / "model.onnx", layout, outputs(layout), MODEL_WH, side=side, channels=channels)


@pytest.mark.parametrize(
    ("layout", "config"),
    [
        pytest.param(HF_SIGMOID, {"model_type": "rt_detr"}, id="RT-DETR"),
        pytest.param(HF_SIGMOID, {"model_type": "rt_detr_v2"}, id="RT-DETRv2"),
        pytest.param(HF_SIGMOID, {"model_type": "d_fine"}, id="D-FINE"),
        pytest.param(HF_SIGMOID, {"architectures": ["RTDetrForObjectDetection"]}, id="RT-DETR, by its class"),
        pytest.param(HF_SIGMOID, {"model_type": "new"}, id="another, a column a label"),
        pytest.param(HF_SOFTMAX, {"model_type": "yolos"}, id="YOLOS"),
        pytest.param(HF_SOFTMAX, {"model_type": "detr"}, id="DETR"),
        pytest.param(HF_SOFTMAX, {"model_type": "table-transformer"}, id="Table Transformer"),
        pytest.param(HF_SOFTMAX, {"architectures": ["YolosForObjectDetection"]}, id="YOLOS, by its class"),
        pytest.param(HF_SOFTMAX, {}, id="another, a column more than labels"),
    ],
)
def test_config_json_tells_the_kind_and_the_labels(run, tmp_path, layout, config):
    code, messages, log = run(model(tmp_path / "hf", layout, config={**config, "id2label": LABELS}))
    assert code == 0, log
    assert_found(messages, layout)
    assert [found["label"] for found in messages[0]["objects"]] == ["cat", "cow", "cat"]


@pytest.mark.parametrize("layout", [HF_SIGMOID, HF_SOFTMAX])
def test_without_config_json_a_named_decoder_tells_the_kind(run, tmp_path, layout):
    code, messages, log = run(model(tmp_path / "hf", layout), decoder=layout.family)
    assert code == 0, log
    assert_found(messages, layout)


@pytest.mark.parametrize("config", [None, {"id2label": {"0": "a"}}, {"model_type": "x", "id2label": None}])
def test_nothing_is_guessed_where_nothing_tells_the_kind(tmp_path, config):
    told = read_signature(model(tmp_path, HF_SIGMOID, config=config))
    with pytest.raises(ConfigError, match="may be of hf_detr_sigmoid, hf_detr_softmax; say which with `decoder:`"):
        recognise(told, None)


def test_a_named_decoder_wins_over_config_json(tmp_path):
    told = read_signature(model(tmp_path, HF_SIGMOID, config={"model_type": "rt_detr"}))
    assert recognise(told, "hf_detr_softmax").family == "hf_detr_softmax"


OPTIMUM = {"side": "side", "channels": "num_channels", "config": {"model_type": "rt_detr", "id2label": LABELS}}


def test_a_picture_of_which_no_side_is_fixed_needs_a_size(run, tmp_path):
    code, _, log = run(model(tmp_path / "hf", HF_SIGMOID, **OPTIMUM))
    assert code == 78
    assert "its input pixel_values float32 (?, ?, ?, ?) has no fixed height and width" in log.splitlines()[-1]
    assert "`size: WIDTHxHEIGHT` in the configuration's `model`" in log.splitlines()[-1]


def test_the_configuration_may_give_the_size(run, tmp_path):
    code, messages, log = run(model(tmp_path / "hf", HF_SIGMOID, **OPTIMUM), size="64x64")
    assert code == 0, log
    assert_found(messages, HF_SIGMOID)


def test_the_processor_may_give_the_size(run, tmp_path):
    size = {"size": {"height": 64, "width": 64}}
    code, messages, log = run(model(tmp_path / "hf", HF_SIGMOID, **OPTIMUM, processor=size))
    assert code == 0, log
    assert_found(messages, HF_SIGMOID)


def test_the_configurations_size_wins_over_the_processors(tmp_path):
    path = model(tmp_path, HF_SIGMOID, **OPTIMUM, processor={"size": {"height": 480, "width": 640}})
    assert read_signature(path).input_wh == (640, 480)
    assert read_signature(path, (320, 240)).input_wh == (320, 240)


def test_a_size_of_which_only_the_edges_are_bounded_is_none(tmp_path):
    edges = {"size": {"shortest_edge": 800, "longest_edge": 1333}, "do_pad": True}
    assert read_signature(model(tmp_path, HF_SIGMOID, **OPTIMUM, processor=edges)).input_wh is None


def test_a_size_that_the_file_does_not_take_is_refused_at_its_place(run, tmp_path):
    path = model(tmp_path / "hf", HF_SIGMOID, config=OPTIMUM["config"])
    code, _, log = run(path, size="320x320")
    assert code == 78
    assert "model.size: " in log
    assert "its input pixel_values float32 (?, 3, 64, 64) takes no other size" in log


@pytest.mark.parametrize("size", ["640", "640x", "0x640", "640 x 640", "640x640x3"])
def test_a_size_that_is_none_is_refused_with_what_is_wanted(run, tmp_path, size):
    code, _, log = run(model(tmp_path / "hf", HF_SIGMOID, **OPTIMUM), size=size)
    assert code == 78
    assert "model.size: want WIDTHxHEIGHT, such as 640x640" in log


def test_what_the_processor_says_is_fed(tmp_path):
    processor = {"do_rescale": True, "rescale_factor": 0.5, "do_normalize": True, "image_mean": [0.5, 0.25, 0.125]}
    config = OPTIMUM["config"]
    told = read_signature(model(tmp_path, HF_SIGMOID, config=config, processor=processor))
    spec = recognise(told, None).preprocessing
    assert (spec.scale, spec.mean, spec.std) == (0.5, (0.5, 0.25, 0.125), (0.229, 0.224, 0.225))
    assert (spec.color, spec.letterbox) == ("rgb", "stretch")


@pytest.mark.parametrize(
    ("kind", "processor", "scale", "mean"),
    [
        pytest.param("rt_detr", {}, 1 / 255, 0.0, id="RT-DETR: 0 to 1"),
        pytest.param("deformable_detr", {}, 1 / 255, 0.485, id="Deformable DETR: ImageNet"),
        pytest.param("ConditionalDetrForObjectDetection", {}, 1 / 255, 0.485, id="Conditional DETR: ImageNet"),
        pytest.param("deformable_detr", {"do_normalize": False}, 1 / 255, 0.0, id="not normalised after all"),
        pytest.param("rt_detr", {"do_normalize": True}, 1 / 255, 0.485, id="normalised after all"),
        pytest.param("rt_detr", {"do_rescale": False}, 1.0, 0.0, id="not rescaled"),
        pytest.param("lw_detr", {}, 1 / 255, 0.485, id="LW-DETR: ImageNet"),
        pytest.param("rf_detr", {}, 1 / 255, 0.485, id="RF-DETR: ImageNet"),
        pytest.param("rt_detr", {"image_mean": [0.5, 0.5, 0.5]}, 1 / 255, 0.5, id="a mean alone normalises"),
        pytest.param(
            "rt_detr", {"do_normalize": True, "image_mean": [0.5, 0.5, 0.5]}, 1 / 255, 0.5, id="a mean, as said"
        ),
        pytest.param(
            "rt_detr",
            {"do_normalize": False, "image_mean": [0.5, 0.5, 0.5]},
            1 / 255,
            0.0,
            id="a mean that is not used",
        ),
        pytest.param("deformable_detr", {"image_std": [1, 1, 1]}, 1 / 255, 0.485, id="a deviation alone says nothing"),
    ],
)
def test_the_familys_preprocessing_is_official_unless_the_processor_says_otherwise(
    tmp_path, kind, processor, scale, mean
):
    config = {"architectures": [kind], "id2label": LABELS}
    spec = recognise(
        read_signature(model(tmp_path, HF_SIGMOID, config=config, processor=processor)), None
    ).preprocessing
    assert (spec.scale, spec.mean[0]) == (scale, mean)


@pytest.mark.parametrize("kind", ["lw_detr", "rf_detr", "RfDetrForObjectDetection"])
def test_the_kind_wins_over_the_number_of_labels(tmp_path, kind):
    """Two labels for three columns look like a softmax with a "no object"."""
    path = model(tmp_path, HF_SIGMOID, config={"model_type": kind, "id2label": {"0": "a", "1": "b"}})
    assert recognise(read_signature(path), None).family == "hf_detr_sigmoid"


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json"])
def test_a_git_lfs_pointer_in_place_of_a_document_is_called_one(tmp_path, name):
    path = model(tmp_path, HF_SIGMOID)
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1f2e\nsize 9\n")
    with pytest.raises(DataError, match=rf"{name}: a Git LFS pointer: run git lfs pull$"):
        read_signature(path)


def test_a_document_may_begin_with_a_byte_order_mark(tmp_path):
    path = model(tmp_path, HF_SIGMOID)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "rt_detr"}), "utf-8-sig")
    assert read_signature(path).companion.kind == "rt_detr"


def test_inspect_says_which_file_told_what(tmp_path):
    config = {"model_type": "yolos", "id2label": LABELS}
    path = model(tmp_path, HF_SOFTMAX, config=config, processor={"do_normalize": False})
    known = inspect(find_argument(str(path), tmp_path)).known
    assert (known["labels"].value, known["labels"].origin) == (["cat", "dog", "cow"], "config.json")
    assert known["decoder"].value == "hf_detr_softmax"
    assert known["decoder"].origin.endswith("), and config.json")
    assert known["preprocessing"].origin == "preprocessor_config.json"


def test_files_above_a_folder_called_onnx_are_beside_the_model(tmp_path):
    path = model(tmp_path / "repository" / "onnx", HF_SIGMOID)
    (tmp_path / "repository" / "config.json").write_text(json.dumps({"model_type": "d_fine"}))
    assert recognise(read_signature(path), None).family == "hf_detr_sigmoid"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        pytest.param("config.json", "{", "config.json: Invalid JSON", id="no JSON"),
        pytest.param("config.json", "[]", "config.json: Input should be", id="a list"),
        pytest.param("config.json", '{"id2label": {"a": "cat"}}', "config.json: id2label: a: ", id="no number"),
        pytest.param("config.json", '{"id2label": {"-1": "cat"}}', "config.json: id2label: -1: ", id="below zero"),
        pytest.param("preprocessor_config.json", '{"image_std": [0, 1, 1]}', "image_std: 0: ", id="a deviation of 0"),
        pytest.param("preprocessor_config.json", '{"image_mean": [0.5]}', "image_mean: ", id="one mean"),
    ],
)
def test_a_broken_file_beside_the_model_is_named(tmp_path, name, text, words):
    path = model(tmp_path, HF_SIGMOID)
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        read_signature(path)
    assert words in str(caught.value)


def test_a_config_json_beside_another_familys_model_is_not_looked_at(tmp_path):
    layout = replace(HF_SIGMOID, write=lambda *planted: {"boxes": np.zeros((1, 5, 4))})
    path = model(tmp_path, layout)
    (tmp_path / "config.json").write_text("{")
    assert read_signature(path).companion.labels == ()


def test_every_pixel_is_the_pictures_where_a_mask_is_wanted():
    inputs = TensorSpec("pixel_values", (None, 3, 32, 64), "float32"), TensorSpec("pixel_mask", (None, 8, 16), "int64")
    told = signature(
        outputs=(TensorSpec("logits", (1, 5, 4), "float32"), TensorSpec("pred_boxes", (1, 5, 4), "float32"))
    )
    mask = recognise(replace(told, inputs=inputs), "hf_detr_softmax").constants["pixel_mask"]
    assert (mask.shape, mask.dtype, mask.min()) == ((1, 8, 16), "int64", 1)


def test_ninety_one_classes_stand_at_cocos_numbers():
    told = signature(
        outputs=(TensorSpec("logits", (1, 5, 92), "float32"), TensorSpec("pred_boxes", (1, 5, 4), "float32"))
    )
    assert recognise(told, "hf_detr_softmax").from_one
    assert recognise(told, "hf_detr_softmax").classes == 91
    assert not recognise(told, "hf_detr_sigmoid").from_one


def softmax(columns, queries):
    shapes = {"logits": (1, queries, columns), "pred_boxes": (1, queries, 4)}
    told = signature(outputs=tuple(TensorSpec(name, shape, "float32") for name, shape in shapes.items()))
    return Postprocess(recognise(told, "hf_detr_softmax"), confidence=0.3, nms_iou=0.5)


def slow_softmax(logits, boxes):
    found = []
    for row, (cx, cy, w, h) in zip(logits.tolist(), (boxes * np.array(WH * 2)).tolist(), strict=True):
        powers = [math.exp(value) for value in row]
        best = max(range(len(row) - 1), key=lambda c: row[c])
        if powers[best] / sum(powers) >= 0.3:
            found.append((powers[best] / sum(powers), best, (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)))
    return sorted(found, key=lambda f: -f[0])


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), columns=st.sampled_from([2, 4, 92]))
def test_softmax_equals_a_slow_reference_on_random_tensors(seed, columns):
    rng, queries = np.random.default_rng(seed), 40
    scores = distinct_scores(seed, queries)
    logits = np.full((queries, columns), -40.0)
    logits[np.arange(queries), rng.integers(0, columns - 1, queries)] = np.log(scores / (1 - scores))
    logits[:, -1] = 0.0
    logits = (logits + rng.uniform(-5, 5, (queries, 1))).astype(np.float32)
    boxes = rng.uniform(0.05, 0.9, (queries, 4)).astype(np.float32)
    found, invalid_rows = of_one(softmax(columns, queries), (logits[None], boxes[None]))
    assert invalid_rows == 0
    assert_same(found, in_source(slow_softmax(logits, boxes)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_softmax_counts_what_is_not_finite(value):
    logits, boxes = np.full((1, 10, 4), -9, np.float32), np.full((1, 10, 4), 0.5, np.float32)
    logits[..., 3] = 0.0
    logits[0, [3, 7], 1] = 9.0
    boxes[0, 3, 2] = value
    found, invalid_rows = of_one(softmax(4, 10), (logits, boxes))
    assert (len(found), invalid_rows) == (1, 1)
    logits[0, 7, 0] = value
    assert of_one(softmax(4, 10), (logits, boxes))[1] == 2
