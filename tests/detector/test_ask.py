"""A model whose layout its file does not tell is asked once, by every verb alike; its scores are looked at."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_app.core.errors import ConfigError, DataError
from edge_app.detector import Overrides, read_fp32, resolve, start_engine
from edge_app.detector.ask import OnnxFileNetwork
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.detector.inspection import inspect
from edge_app.engine.config import EngineConfig
from edge_app.model import find_argument, read_signature
from edge_app.postprocess import recognise
from tests.onnx_models import write
from tests.postprocess.layouts import LAYOUTS
from tests.postprocess.models import planted
from tests.postprocess.test_program import MODEL_WH, outputs

CPU = OnnxRuntimeCpu("as configured")


def answers(path, rows, declared, batch=1, dtype=TensorProto.FLOAT, last=False, operator="Identity", domain=""):
    """A model of 64 x 64 pixels that answers these rows to every picture."""
    side = [64, 64, 3] if last else [3, 64, 64]
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["mean", "zero"], ["zeros"]),
        helper.make_node("Reshape", ["zeros", "rank"], ["each"]),
        helper.make_node("Add", ["each", "rows"], ["answer"]),
        helper.make_node(operator, ["answer"], ["output"], domain=domain),
    ]
    constants = {"zero": np.float32(0), "rank": np.array([-1, 1, 1]), "rows": rows.astype(np.float32)[None]}
    return write(
        path,
        nodes,
        [helper.make_tensor_value_info("images", dtype, [batch, *side])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, declared)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )


def corners():
    rows = np.zeros((84, 6))
    rows[[40, 50, 60]] = [[10, 20, 18, 40, 0.9, 0], [30, 22, 42, 38, 0.8, 2], [50, 40, 60, 60, 0.1, 1]]
    return rows


def test_every_verb_reads_an_unclear_model_as_the_same_family(tmp_path):
    found = find_argument(str(answers(tmp_path / "m.onnx", corners(), ["batch", 84, 6], "batch")), Path())
    assert resolve(found, "fp32", CPU, Overrides()).decoder.family == "deepstream"  # run, check, collect
    assert read_fp32(found).decoder.family == "deepstream"  # calibrate
    inspection = inspect(found)  # models inspect
    assert inspection.decoder.family == "deepstream"
    shape = "shape of output float32 (?, 84, 6)"
    assert inspection.known["decoder"].origin == f"{shape}, and its answers to test pictures"


@pytest.mark.parametrize(
    "form",
    [
        {"batch": 4},
        {"batch": "n"},
        {"dtype": TensorProto.FLOAT16},
        {"dtype": TensorProto.UINT8, "last": True},
    ],
)
@pytest.mark.parametrize("declared", [84, "cells"])
def test_a_model_is_asked_in_the_form_of_its_own_input(tmp_path, form, declared):
    columns = 6 if declared == 84 else "columns"
    path = answers(tmp_path / "m.onnx", corners(), [form.get("batch", 1), declared, columns], **form)
    signature = read_signature(path)
    assert recognise(signature, None, OnnxFileNetwork(signature.path)).family == "deepstream"


def test_a_plugin_cannot_be_asked_and_the_choices_are_listed(tmp_path):
    path = answers(tmp_path / "m.onnx", corners(), [1, 84, 6], operator="Sorcery_TRT")
    signature = read_signature(path)
    with pytest.raises(
        ConfigError, match=r"may be of yolox, .*deepstream, deepstream_centres; say which with `decoder:`"
    ):
        recognise(signature, None, OnnxFileNetwork(signature.path))


def test_a_real_yolox_is_told_from_its_decoded_form(tmp_path, yolox_nano):
    """The second is the first with the grid's arithmetic behind it, as `--decode_in_inference` writes it."""
    signature = read_signature(yolox_nano)
    assert recognise(signature, None, OnnxFileNetwork(signature.path)).family == "yolox"
    decoded = read_signature(with_decoding(yolox_nano, tmp_path / "decoded.onnx"))
    assert recognise(decoded, None, OnnxFileNetwork(decoded.path)).family == "yolox_decoded"


def with_decoding(path, to):
    model = onnx.load(path)
    (output,) = model.graph.output
    cells = [(stride, *np.divmod(np.arange((416 // stride) ** 2), 416 // stride)) for stride in (8, 16, 32)]
    origin = np.concatenate([np.stack([x, y], axis=1) for _, y, x in cells]).astype(np.float32)
    stride = np.concatenate([np.full((len(x), 1), step) for step, x, _ in cells]).astype(np.float32)
    constants = {"origin": origin, "stride": stride, "parts": np.array([2, 2, 81])}
    model.graph.initializer.extend(numpy_helper.from_array(value, f"d_{name}") for name, value in constants.items())
    model.graph.node.extend(
        [
            helper.make_node("Split", [output.name, "d_parts"], ["d_xy", "d_wh", "d_rest"], axis=2),
            helper.make_node("Add", ["d_xy", "d_origin"], ["d_at"]),
            helper.make_node("Mul", ["d_at", "d_stride"], ["d_centre"]),
            helper.make_node("Exp", ["d_wh"], ["d_exp"]),
            helper.make_node("Mul", ["d_exp", "d_stride"], ["d_size"]),
            helper.make_node("Concat", ["d_centre", "d_size", "d_rest"], ["decoded"], axis=2),
        ]
    )
    output.name = "decoded"
    model.opset_import[0].version = max(model.opset_import[0].version, 13)
    onnx.save(model, to)
    return to


def logits():
    rows = np.full((84, 7), -6.0)
    rows[40] = 0.5, 0.5, 2.5, 2.5, 4.1, -3.0, 2.9
    return rows


@pytest.mark.parametrize("decoder", [None, "yolox"])
def test_a_model_that_answers_logits_does_not_start(tmp_path, decoder):
    """Of those some lie between 0 and 1, and would be published as scores."""
    path = answers(tmp_path / "m.onnx", logits(), [1, 84, 7])
    detector = resolve(find_argument(str(path), Path()), "fp32", CPU, Overrides(family=decoder))
    with pytest.raises(DataError, match=r"m\.onnx: read as yolox, its scores are logits, most of them below 0"):
        start_engine(detector, EngineConfig())


def test_a_score_above_one_is_told_at_the_start(tmp_path, caplog):
    rows = corners()
    rows[40, 4] = 11.9
    path = answers(tmp_path / "m.onnx", rows, [1, 84, 6])
    detector = resolve(find_argument(str(path), Path()), "fp32", CPU, Overrides(family="deepstream"))
    with caplog.at_level(logging.WARNING), start_engine(detector, EngineConfig())[1]:
        assert "m.onnx: read as deepstream, its scores are not between 0 and 1" in caplog.text


def test_an_answer_that_its_family_cannot_read_does_not_start(tmp_path):
    """Fewer boxes than scores, as the file declares too."""
    shapes = {"labels": [1, 300], "boxes": [1, 200, 4], "scores": [1, 300]}
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        *(helper.make_node("Expand", ["mean", f"{name}_shape"], [name]) for name in shapes),
    ]
    inputs = [
        value("images", TensorProto.FLOAT, [1, 3, 64, 64]),
        value("orig_target_sizes", TensorProto.INT64, [1, 2]),
    ]
    path = write(
        tmp_path / "m.onnx",
        nodes,
        inputs,
        [value(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [numpy_helper.from_array(np.array(shape), f"{name}_shape") for name, shape in shapes.items()],
    )
    detector = resolve(find_argument(str(path), Path()), "fp32", CPU, Overrides())
    words = r"m\.onnx: its answer .*\(\d+, 200, 4\), \(\d+, 300\) to \d+ pictures cannot be read as rtdetr \("
    with pytest.raises(DataError, match=words):
        start_engine(detector, EngineConfig())


@pytest.mark.parametrize("name", ["YOLOX", "RT-DETR", "RF-DETR", "DeepStream", "YOLOv6"])
def test_of_probabilities_nothing_is_said(tmp_path, caplog, name):
    path = planted(tmp_path / "m.onnx", LAYOUTS[name], outputs(LAYOUTS[name]), MODEL_WH)
    detector = resolve(find_argument(str(path), Path()), "fp32", CPU, Overrides())
    with caplog.at_level(logging.WARNING), start_engine(detector, EngineConfig())[1]:
        assert "not between" not in caplog.text
