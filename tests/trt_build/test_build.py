"""What TensorRT-RTX builds without a GPU, and how it says what it cannot."""

from __future__ import annotations

import logging
import re
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from edge_app import trt_build
from edge_app.core.errors import ConfigError, DataError, DeviceError, UsageError
from edge_app.cuda import Machine
from edge_app.detector import Overrides, read_variant, resolve
from edge_app.detector.backends.trt import TensorRt
from edge_app.detector.precision import automatic_precisions
from edge_app.model import find_argument, read_report, read_signature, write_report
from edge_app.trt_build.build import build
from edge_app.trt_build.trt_log import joined_errors
from tests.onnx_models import beside, echo
from tests.postprocess.layouts import LAYOUTS
from tests.postprocess.models import planted
from tests.postprocess.test_program import MODEL_WH, outputs
from tests.trt_build.models import convolution, quantized, request_of
from tests.waiting import PATIENCE_S

TRAFFIC = Path("models/traffic/model.onnx")


def requested(path, library, precision="fp16", targets=("sm86",), max_batch=8):
    signature, machine = read_signature(Path(path)), Machine()
    return trt_build.BuildRequest("model", signature, precision, library, machine, max_batch, targets)


def layers(wanted, caplog):
    """Each layer's line in what TensorRT logs of a build."""
    with caplog.at_level(logging.DEBUG, "edge_app.trt_build.trt_log"):
        build(wanted, lambda part, phase: None)
    said = next(text for record in caplog.records if (text := record.getMessage()).startswith("DEBUG: Layers:"))
    return [line for line in said.splitlines() if line.startswith("Name:")]


def input_dtypes(line):
    return re.findall(r"Datatype: (\w+)", line.partition("Inputs:")[2].partition("Constants:")[0])


def is_convolution(line):
    return "LayerType: correlation" in line or "Corr" in line.partition(",")[0]


@pytest.mark.parametrize("name", ["traffic", "yolox_nano"])
@pytest.mark.parametrize(("precision", "dtype"), [("fp32", "Float"), ("fp16", "Half")])
def test_real_models_build_and_their_convolutions_have_the_dtype(name, precision, dtype, rtx, caplog, request):
    path = TRAFFIC if name == "traffic" else request.getfixturevalue("yolox_nano")
    convolutions = [line for line in layers(requested(path, rtx, precision), caplog) if is_convolution(line)]

    assert len(convolutions) >= 40
    assert {input_dtypes(line)[0] for line in convolutions} == {dtype}


@pytest.mark.parametrize("name", ["traffic", "yolox_nano"])
@pytest.mark.parametrize("target", ["sm80", "sm86", "sm89", "sm120"])
def test_every_quantized_convolution_reads_int8(name, target, rtx, caplog, tmp_path, request):
    path = TRAFFIC if name == "traffic" else request.getfixturevalue("yolox_nano")
    wanted = requested(quantized(path, tmp_path / "model.int8.onnx"), rtx, "int8", (target,))
    count = sum(node.op_type == "Conv" for node in onnx.load(path).graph.node)

    convolutions = [line for line in layers(wanted, caplog) if is_convolution(line)]

    assert len(convolutions) == count
    assert {input_dtypes(line)[0] for line in convolutions} == {"Int8"}


def test_the_bundled_int8_is_int8_where_it_is_quantized(rtx, caplog):
    path = TRAFFIC.with_name("model.int8.onnx")
    nodes = onnx.load(path).graph.node
    makers = {output: node.op_type for node in nodes for output in node.output}
    inputs = [makers.get(node.input[0]) for node in nodes if node.op_type == "Conv"]

    convolutions = [line for line in layers(requested(path, rtx, "int8"), caplog) if is_convolution(line)]

    assert inputs.count("DequantizeLinear") >= 30
    assert [input_dtypes(line)[0] for line in convolutions].count("Int8") == inputs.count("DequantizeLinear")


def test_on_turing_quantized_convolutions_are_fp16_and_build_says_so(rtx, caplog, tmp_path):
    path = quantized(TRAFFIC, tmp_path / "model.int8.onnx")
    wanted = requested(path, rtx, "int8", ("sm75",))

    convolutions = [line for line in layers(wanted, caplog) if is_convolution(line)]

    assert {input_dtypes(line)[0] for line in convolutions} == {"Half"}
    assert any("sm75" in remark and "FP16" in remark for remark in trt_build.remarks(wanted))


def test_a_variable_batch_has_a_profile_up_to_max_batch(rtx, toy, caplog):
    assert requested(toy, rtx, max_batch=5).shapes() == {"images": ((1, 3, 32, 32), (5, 3, 32, 32))}
    assert any("-1" in line for line in layers(requested(toy, rtx, max_batch=5), caplog))


def test_progress_grows_and_names_what_is_done(rtx, toy):
    told = []

    build(requested(toy, rtx), lambda part, phase: told.append((part, phase)))

    parts = [part for part, _ in told]
    assert parts == sorted(parts)
    assert 0 < parts[0] < 0.5 < parts[-1] <= 1
    assert all(phase for _, phase in told)


def test_ctrl_c_ends_the_build(rtx):
    """The signal reaches the main thread while TensorRT computes in the other."""
    parts, handled = [], threading.Event()

    def progress(part, phase):
        parts.append(part)
        if len(parts) == 1:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            assert handled.wait(PATIENCE_S)

    def handler(number, frame):
        handled.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            build(requested(TRAFFIC, rtx), progress)
    finally:
        signal.signal(signal.SIGINT, before)
    assert parts[-1] < 0.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bias": True}, ("bias_DQ", "DequantizeLinear", "Int32", "a quantized bias")),
        ({"zero": "int8 3"}, ("QuantizeLinear", "symmetric")),
        ({"zero": "uint8 0"}, ("QuantizeLinear", "signed INT8")),
    ],
)
def test_quantizers_that_tensorrt_does_not_take_are_named(options, words, rtx, tmp_path):
    path = quantized(convolution(tmp_path / "model.onnx"), tmp_path / "bad.onnx", **options)

    with pytest.raises(DataError) as caught:
        build(requested(path, rtx, "fp32"), lambda part, phase: None)

    text = str(caught.value)
    assert all(word in text for word in (str(path), *words)), text
    assert "\n" not in text
    assert not re.search(r"\.cpp|Error Code|cudaError", text)


def test_an_operator_that_tensorrt_does_not_have_is_named(rtx, tmp_path):
    node = helper.make_node("Frobnicate", ["relu"], ["output"], name="odd", domain="com.example")
    path = convolution(tmp_path / "odd.onnx", nodes=[node])
    model = onnx.load(path)
    model.opset_import.extend([helper.make_opsetid("com.example", 1)])
    onnx.save(model, path)

    with pytest.raises(
        DataError, match=r"odd.onnx: tensorrt_rtx .*: node odd \(Frobnicate\): .*export the model without"
    ):
        build(requested(path, rtx, "fp32"), lambda part, phase: None)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_weights_beside_a_file_in_no_order_are_built_in(precision, rtx, toy, tmp_path, caplog):
    path = beside(toy, tmp_path / "two.onnx")
    model = onnx.load(path, load_external_data=False)
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    path.write_bytes(model.SerializeToString())

    assert layers(requested(path, rtx, precision), caplog)


def test_an_opset_of_the_future_is_refused(rtx, toy):
    model = onnx.load(toy)
    model.opset_import[0].version = 99
    onnx.save(model, toy)

    with pytest.raises(DataError, match=r"toy.onnx: opset 99 is newer than ONNX"):
        build(requested(toy, rtx), lambda part, phase: None)


def test_low_memory_has_advice():
    text = joined_errors(["[resizingAllocator.cpp::allocate::74] Error Code 1: Cuda Runtime (out of memory)"])

    assert "out of memory" in text
    assert "--max-batch 1" in text


def test_a_graph_without_a_size_asks_for_a_card(tmp_path):
    path = convolution(tmp_path / "model.onnx")
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    onnx.save(model, path)

    with pytest.raises(DataError, match=r"has no fixed size; give it in a model.yaml"):
        requested(path, trt_build.TensorRtLibrary("tensorrt", "10.3.0", None)).shapes()


def test_a_picture_without_a_batch_axis_is_refused(tmp_path):
    path = echo(tmp_path / "model.onnx", "float32", False, alone=True)

    with pytest.raises(DataError, match=r"its input images float32 \(3, 32, 32\) has no batch axis"):
        requested(path, trt_build.TensorRtLibrary("tensorrt", "10.3.0", None)).shapes()


def test_a_quantized_file_is_int8_whatever_the_tensorrt(rtx, tmp_path):
    path = quantized(TRAFFIC, tmp_path / "model.int8.onnx")

    assert automatic_precisions(find_argument(str(path), Path()), TensorRt(rtx, "")) == ("int8",)
    assert request_of(path, rtx, "int8", targets=("sm86",)).precision == "int8"
    with pytest.raises(ConfigError, match="is quantized; its precision is int8"):
        request_of(path, rtx, "fp16", targets=("sm86",))


@pytest.mark.parametrize(("name", "choices"), [("tensorrt", ("int8", "fp16")), ("tensorrt_rtx", ("fp16",))])
def test_full_tensorrt_builds_int8_by_default_and_rtx_fp16(name, choices):
    found = find_argument("models/traffic", Path())

    assert automatic_precisions(found, TensorRt(trt_build.TensorRtLibrary(name, "10.3.0", None), "")) == choices


def test_a_model_without_int8_cannot_be_int8(rtx, toy):
    with pytest.raises(ConfigError, match=r"toy.onnx: has no INT8; make it with edge-app calibrate"):
        request_of(toy, rtx, "int8", targets=("sm86",))


def test_a_quantized_file_without_a_report_is_refused(rtx, tmp_path):
    path = quantized(TRAFFIC, tmp_path / "model.int8.onnx")

    with pytest.raises(ConfigError, match="report"):
        read_variant(find_argument(str(path), Path()), "int8", TensorRt(rtx, ""), Overrides())


def test_a_model_that_takes_one_picture_is_built_for_one_as_it_is_run(rtx, tmp_path):
    layout = LAYOUTS["torchvision, any batch"]
    found = find_argument(str(planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH)), Path())

    variant = read_variant(found, "fp16", TensorRt(rtx, ""), Overrides())

    assert resolve(found, "fp16", TensorRt(rtx, ""), Overrides()).signature == variant.signature
    request = TensorRt(rtx, "").request(variant, max_batch=8, targets=("sm86",))
    assert request.shapes() == {"input": ((1, 3, *MODEL_WH[::-1]), (1, 3, *MODEL_WH[::-1]))}


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"passed": False, "reason": "recall 0.8 below 0.95"}, "did not pass: recall 0.8 below 0.95"),
        ({"int8_sha256": "0" * 64}, "its report is about another file"),
        ({"model_sha256": "0" * 64}, "its report is about INT8 of another FP32 model"),
    ],
)
def test_a_report_that_does_not_vouch_is_refused(rtx, tmp_path, spoilt, words):
    folder = shutil.copytree(
        TRAFFIC.parent, tmp_path / "street", ignore=shutil.ignore_patterns("*.py", "*.md", "*.html")
    )
    found, backend = find_argument(str(folder), Path()), TensorRt(rtx, "")
    assert read_variant(found, "int8", backend, Overrides()).qualification.report.passed
    beside = folder / "model.int8.report.json"
    write_report(read_report(beside).model_copy(update=spoilt), beside)

    with pytest.raises(ConfigError, match=words):
        read_variant(found, "int8", backend, Overrides())


@pytest.mark.parametrize(
    ("precision", "advice"), [("fp16", "try --precision fp32$"), ("int8", "which wants the FP32 file$")]
)
def test_what_cannot_be_cast_has_advice_that_can_be_followed(rtx, tmp_path, precision, advice):
    branch = helper.make_graph(
        [helper.make_node("Identity", ["relu"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", onnx.TensorProto.FLOAT, None)],
    )
    nodes = [helper.make_node("If", ["yes"], ["output"], then_branch=branch, else_branch=branch)]
    yes = onnx.numpy_helper.from_array(np.array(True), "yes")
    path = convolution(tmp_path / "model.onnx", nodes=nodes, initializers=[yes])
    if precision == "int8":
        path = quantized(path, tmp_path / "model.int8.onnx")

    with pytest.raises(DataError, match=rf"{path.name}: cannot be cast to FP16 \(If has a graph inside.*{advice}"):
        build(requested(path, rtx, precision), lambda part, phase: None)


def test_a_quantized_file_that_tensorrt_cannot_take_is_refused_for_that(rtx, tmp_path):
    path = quantized(convolution(tmp_path / "model.onnx"), tmp_path / "bad.onnx", bias=True)

    with pytest.raises(DataError, match="DequantizeLinear"):
        request_of(path, rtx, "int8", targets=("sm86",))


@pytest.mark.parametrize(
    ("target", "instead"), [("sm87", "JetPack"), ("sm90", "provider: cuda"), ("sm42", "sm75, sm80")]
)
def test_a_target_that_rtx_does_not_have_names_what_to_use(target, instead, rtx):
    with pytest.raises(UsageError) as caught:
        trt_build.read_targets(rtx, f"sm86,{target}")

    assert target in str(caught.value)
    assert instead in str(caught.value)


def test_targets_are_sorted_and_counted_once(rtx):
    assert trt_build.read_targets(rtx, "SM120, sm86,sm86") == ("sm86", "sm120")


def test_full_tensorrt_has_no_targets():
    with pytest.raises(UsageError, match="tensorrt_rtx"):
        trt_build.read_targets(trt_build.TensorRtLibrary("tensorrt", "10.3.0", None), "sm86")


@pytest.mark.parametrize(
    ("version", "strong"), [("10.3.0", False), ("10.11.0.33", False), ("10.12.0", True), ("11.4.0.106", True)]
)
def test_typing_follows_the_version(version, strong):
    assert trt_build.TensorRtLibrary("tensorrt", version, None).strongly_typed == strong


def test_without_gpu_and_targets_there_is_nothing_to_build_for(rtx, toy):
    wanted = replace(requested(toy, rtx, targets=()), machine=Machine(trouble="no GPU"))

    with pytest.raises(DeviceError, match="no GPU; TensorRT-RTX builds ahead of time with --target"):
        wanted.key()
