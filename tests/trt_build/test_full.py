"""What full TensorRT is asked for, by version; on a simulated one, since the real one needs a GPU."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from onnx import helper

from edge_app import trt_build
from edge_app.core.errors import DataError
from edge_app.cuda import Machine
from edge_app.model import read_signature
from edge_app.trt_build.build import _parse, build
from edge_app.trt_build.obtain import memory_warning, obtain
from edge_app.trt_build.trt_log import joined_errors
from edge_app.trt_build.weak_typing import tail
from tests.trt_build.models import boxes, convolution, quantized
from tests.trt_build.simulated import OnnxParser, simulated

PREFER = "PREFER_PRECISION_CONSTRAINTS"
ORIN = Machine("Orin", (8, 7), "540.4.0", "12.6", "36.4.0")


def library(version, **more):
    return trt_build.TensorRtLibrary("tensorrt", version, simulated(version, **more))


def requested(path, library, precision="fp16", machine=ORIN):
    """A request for batches of up to four."""
    return trt_build.BuildRequest("toy", read_signature(path), precision, library, machine, max_batch=4)


def asked(version, path, precision, timings=None):
    """The simulated TensorRT's notes of a build."""
    request = requested(path, library(version), precision)
    return json.loads(build(request, lambda part, phase: None, timings).engine)


@pytest.fixture
def int8(tmp_path):
    return quantized(convolution(tmp_path / "model.onnx"), tmp_path / "model.int8.onnx")


@pytest.mark.parametrize("version", ["10.3.0", "10.11.0"])
@pytest.mark.parametrize(
    ("precision", "flags"), [("fp32", []), ("fp16", ["FP16", PREFER]), ("int8", ["FP16", "INT8", PREFER])]
)
def test_before_10_12_flags_choose_the_dtypes(version, precision, flags, toy, int8):
    notes = asked(version, int8 if precision == "int8" else toy, precision)

    assert notes["flags"] == flags
    assert not notes["strongly_typed"]
    assert not notes["fp16_in_file"]


def test_before_10_12_the_decoding_of_boxes_is_asked_for_in_fp32(tmp_path):
    model = boxes(tmp_path / "boxes.onnx")

    assert asked("10.3.0", model, "fp16")["fp32_layers"] == ["relu", "cells", "means", "scaled", "output"]
    assert asked("10.3.0", model, "fp32")["fp32_layers"] == []
    assert asked("10.12.0", model, "fp16")["fp32_layers"] == []


def test_only_floats_are_asked_for_in_fp32(tmp_path):
    """A shape stays a shape."""
    nodes = [
        helper.make_node("Shape", ["relu"], ["shape"], name="shape"),
        helper.make_node("Reshape", ["relu", "shape"], ["output"], name="output"),
    ]

    assert asked("10.3.0", convolution(tmp_path / "m.onnx", nodes=nodes), "fp16")["fp32_layers"] == ["relu", "output"]


def test_the_tail_of_a_real_network(rtx, tmp_path):
    """TensorRT-RTX reads the file as the full one does; its constants and shapes are layers too."""
    wanted = requested(boxes(tmp_path / "boxes.onnx"), rtx, "fp32")
    network, _parser = _parse(wanted, rtx.trt.Builder(trt_build.trt_logger(rtx.trt)))

    names = [layer.name for layer in tail(rtx.trt, network)]

    assert [name for name in names if name in ("conv", "relu", "means", "scaled", "output")] == [
        "output",
        "scaled",
        "means",
        "relu",
    ]


@pytest.mark.parametrize("version", ["10.12.0", "11.4.0.106"])
@pytest.mark.parametrize(("precision", "cast"), [("fp32", False), ("fp16", True), ("int8", True)])
def test_from_10_12_on_the_file_chooses_them(version, precision, cast, toy, int8):
    notes = asked(version, int8 if precision == "int8" else toy, precision)

    assert notes["flags"] == []
    assert notes["strongly_typed"]
    assert notes["fp16_in_file"] == cast


def test_fp32_is_fp32(toy):
    assert asked("10.3.0", toy, "fp32")["cleared"] == ["TF32"]
    assert asked("10.3.0", toy, "fp16")["cleared"] == []


def test_workspace_and_batch_are_bounded(toy):
    notes = asked("10.3.0", toy, "fp16")

    assert notes["pools"] == {"WORKSPACE": 1 << 30}
    assert notes["profiles"] == [{"images": [[1, 3, 32, 32], [4, 3, 32, 32], [4, 3, 32, 32]]}]


def test_what_was_measured_is_kept_for_the_next_build(toy, tmp_path):
    timings = tmp_path / "timings"

    assert [asked("10.3.0", toy, "fp16", timings)["timings"] for _ in range(3)] == [
        "",
        "+measured",
        "+measured+measured",
    ]


def test_a_build_that_fails_says_why(toy):
    trt = library("10.3.0", fails_with="[x.cpp::y::74] Error Code 1: Cuda Runtime (out of memory)")

    with pytest.raises(DataError, match=r"toy.onnx: tensorrt 10.3.0 cannot build it: .*out of memory.*--max-batch 1"):
        build(requested(toy, trt), lambda part, phase: None)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "IBuilder::buildSerializedNetwork: Error Code 10: Internal Error (Could not find any implementation for "
            "node {ForeignNode[/a/Constant...node_of_output]}.)",
            "Could not find any implementation for node {ForeignNode[/a/Constant...node_of_output]}. — no kernel",
        ),
        (
            "[optimizer.cpp::computeCosts::3869] Error Code 10: Internal Error (Could not find any implementation for "
            "node x.)",
            "Could not find any implementation for node x. — no kernel",
        ),
        (
            "IRuntime::deserializeCudaEngine: Error Code 1: Serialization (Serialization assertion stdVersionRead == "
            "kSERIALIZATION_VERSION failed.Version tag does not match. Note: Current Version: 237, Serialized Engine "
            "Version: 239)",
            "Version tag does not match. Note: Current Version: 237, Serialized Engine Version: 239 — another TensorRT",
        ),
        (
            "IRuntime::deserializeCudaEngine: Error Code 6: API Usage Error (The engine plan file is generated on an "
            "incompatible device, expecting compute 8.9 got compute 8.6, please rebuild.)",
            "expecting compute 8.9 got compute 8.6, please rebuild. — it is for another GPU",
        ),
        (
            "[virtualMemoryBuffer.cpp::resizePhysical::140] Error Code 2: OutOfMemory (Requested size was "
            "1073741824 bytes.)",
            "Requested size was 1073741824 bytes.) — not enough memory: close other programs",
        ),
        (
            "[checkMacros.cpp::catchCudaError::212] Error Code 1: Cuda Runtime (CUDA driver version is insufficient "
            "for CUDA runtime version)",
            "CUDA driver version is insufficient for CUDA runtime version) — NVIDIA's driver is too old",
        ),
        ("", "TensorRT does not say why"),
    ],
)
def test_what_tensorrt_says_becomes_a_line_with_advice(said, words):
    text = joined_errors([said])

    assert words in text
    assert not re.search(r"\.cpp|Error Code|::\w+:", text)


def test_a_driver_that_is_missing_is_not_the_reason_where_there_is_another():
    errors = ["[checkMacros.cpp::catchCudaError::212] Error Code 1: Cuda Runtime (no driver)", "conv: no such layer"]

    assert joined_errors(errors) == "conv: no such layer"


def test_what_the_parser_says_names_node_and_operator(toy):
    class Refusing(OnnxParser):
        num_errors = 1

        def parse(self, content, path):
            return False

        def get_error(self, index):
            return SimpleNamespace(
                node_operator=lambda: "Frobnicate", node_name=lambda: "odd", desc=lambda: "Plugin not found, are ..."
            )

    trt = library("10.3.0")
    trt.trt.OnnxParser = Refusing

    with pytest.raises(
        DataError, match=r"toy.onnx: tensorrt 10.3.0: node odd \(Frobnicate\): Plugin.*export the model"
    ):
        build(requested(toy, trt), lambda part, phase: None)


def test_too_little_memory_has_advice(toy):
    request = requested(toy, library("10.3.0"))

    text = memory_warning(request, 500 << 20)
    assert "500 MiB are free" in text
    assert "isolate multi-user.target" in text
    assert "stop the service first" in text
    assert memory_warning(request, 2 << 30) is None
    assert memory_warning(request, None) is None


def test_too_little_memory_is_told_before_a_build(toy, cache, tmp_path, monkeypatch, caplog):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  7990000 kB\nMemFree:  100000 kB\nMemAvailable:  512000 kB\n")
    monkeypatch.setattr("edge_app.cuda.machine.MEMINFO", meminfo)

    obtain(requested(toy, library("10.3.0")), cache)

    assert "500 MiB are free" in caplog.text


@pytest.mark.parametrize(("name", "other"), [("WORKSPACE", 1 << 20), ("OPTIMISATION", 5), ("CAST", 0)])
def test_what_else_the_builder_is_told_is_in_the_key(name, other, toy, monkeypatch):
    request = requested(toy, library("10.3.0"))
    before = request.key()
    monkeypatch.setattr(f"edge_app.trt_build.request.{name}", other)

    assert [change.split()[0] for change in request.key().changes(before)] == ["options"]


def test_measurements_are_of_one_gpu_and_one_tensorrt_and_go_with_it(toy, cache, monkeypatch):
    for version, gpu in (("10.3.0", "Orin"), ("10.3.0", "RTX A2000/12"), ("10.4.0", "Orin")):
        obtain(requested(toy, library(version), machine=replace(ORIN, gpu=gpu)), cache)

    def measured() -> dict[str, str]:
        return {path.name: path.read_text() for path in cache.folder.glob("*.timings")}

    names = ("Orin-tensorrt-10.3.0", "RTX_A2000_12-tensorrt-10.3.0", "Orin-tensorrt-10.4.0")
    assert measured() == {f"{name}.timings": "+measured" for name in names}
    monkeypatch.setitem(sys.modules, "tensorrt", simulated("10.4.0"))
    trt_build.prune(cache, lambda: None)
    assert measured() == {"Orin-tensorrt-10.4.0.timings": "+measured"}


def test_a_new_version_builds_again_and_says_so(toy, cache):
    first = obtain(requested(toy, library("10.3.0")), cache)

    again = obtain(requested(toy, library("10.4.0")), cache)

    assert again.file.metadata.because == "version was 10.3.0, is 10.4.0"
    assert first.file.path.exists()
