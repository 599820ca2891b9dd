"""Models whose engine files build in a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_app.model import Precision, find_argument, read_source
from edge_app.trt_build import BuildRequest, TensorRtLibrary, build_request, refused_quantizer
from tests.onnx_models import images, write


def convolution(path: Path, batch: int | str = "batch", nodes=(), initializers=(), shape=None) -> Path:
    """A convolution of 16 channels and ReLU; what the nodes make of `relu` is `output`."""
    weights = np.random.default_rng(0).normal(0, 0.01, (16, 3, 3, 3)).astype(np.float32)
    every = [
        helper.make_node("Conv", ["images", "weights"], ["conv"], pads=[1, 1, 1, 1], name="conv"),
        helper.make_node("Relu", ["conv"], ["relu" if nodes else "output"], name="relu"),
        *nodes,
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, shape or [batch, 16, 32, 32])
    return write(path, every, [images(batch)], [output], [numpy_helper.from_array(weights, "weights"), *initializers])


def detector(path: Path) -> Path:
    """A convolution whose channels are Ultralytics' boxes and 12 classes, of the 21 cells that its input has."""
    numbers = {"as_rows": [0, 16, -1], "none": [0], "cells": [21], "columns": [2]}
    nodes = [
        *(helper.make_node("Constant", [], [name], value_ints=each, name=name) for name, each in numbers.items()),
        helper.make_node("Reshape", ["relu", "as_rows"], ["rows"], name="rows"),
        helper.make_node("Slice", ["rows", "none", "cells", "columns"], ["output"], name="first"),
    ]
    convolution(path, nodes=nodes, shape=["batch", 16, 21])
    model = onnx.load(path)
    helper.set_model_props(model, {"task": "detect"})
    onnx.save(model, path)
    return path


def request_of(path: Path, library: TensorRtLibrary, precision: Precision, **more: Any) -> BuildRequest:
    """What is to be built of a file or folder, whatever its output is."""
    found = find_argument(str(path), Path())
    signature = read_source(found, precision, refused_quantizer)
    return build_request(found.card.name, signature, precision, library, **{"max_batch": 8, **more})


def boxes(path: Path) -> Path:
    """A convolution whose means are decoded as boxes are: times a stride, plus cells that lie beyond 1024 px."""
    cells = np.arange(16, dtype=np.float32)[None] * 130.3 + 3.7
    constant = helper.make_node("Constant", [], ["cells"], value=numpy_helper.from_array(cells), name="cells")
    nodes = [
        constant,
        helper.make_node("ReduceMean", ["relu"], ["means"], axes=[2, 3], keepdims=0, name="means"),
        helper.make_node("Mul", ["means", "stride"], ["scaled"], name="scaled"),
        helper.make_node("Add", ["scaled", "cells"], ["output"], name="output"),
    ]
    stride = numpy_helper.from_array(np.float32(1.03), "stride")
    return convolution(path, nodes=nodes, initializers=[stride], shape=["batch", 16])


def quantized(source: Path, path: Path, zero="int8 0", bias: bool = False) -> Path:
    """The model with Q/DQ at the input and the weights of each convolution, placed as `edge-app calibrate` does.

    The ranges are not calibrated: it is for what is built, not for what is found.
    """
    model = onnx.load(source)
    if model.opset_import[0].version < 13:  # whose quantizers know no axis
        model = onnx.version_converter.convert_version(model, 13)
    weights = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    kind, number = zero.split()
    zero_point = np.array(int(number), kind)
    nodes, done = [], {}
    for node in model.graph.node:
        if node.op_type == "Conv":
            for place in range(2):
                name = node.input[place]
                if name not in done:
                    done[name], pair, constants = _pair(name, weights.get(name), zero_point)
                    nodes += pair
                    model.graph.initializer.extend(constants)
                node.input[place] = done[name]
        nodes.append(node)
    if bias:
        _int32_bias(model, nodes)
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    onnx.checker.check_model(onnx.shape_inference.infer_shapes(model))
    onnx.save(model, path)
    return path


def _pair(name: str, weight: np.ndarray | None, zero_point):
    """The dequantized name, the two nodes and their constants."""
    scale = np.float32(0.05) if weight is None else (np.abs(weight).reshape(len(weight), -1).max(1) / 127 + 1e-6)
    zero = np.broadcast_to(zero_point, np.shape(scale)).copy()
    constants = [
        numpy_helper.from_array(np.asarray(scale, np.float32), f"{name}_scale"),
        numpy_helper.from_array(np.asarray(zero, np.asarray(zero_point).dtype), f"{name}_zero"),
    ]
    axis = {} if weight is None else {"axis": 0}
    sides = [f"{name}_scale", f"{name}_zero"]
    nodes = [
        helper.make_node("QuantizeLinear", [name, *sides], [f"{name}_q"], name=f"{name}_Q", **axis),
        helper.make_node("DequantizeLinear", [f"{name}_q", *sides], [f"{name}_dq"], name=f"{name}_DQ", **axis),
    ]
    return f"{name}_dq", nodes, constants


def _int32_bias(model, nodes):
    """Gives the first convolution a bias as ONNX Runtime's own quantizer would."""
    conv = next(node for node in nodes if node.op_type == "Conv")
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.zeros(16, np.int32), "bias_q"),
            numpy_helper.from_array(np.float32(1e-4), "bias_scale"),
            numpy_helper.from_array(np.int32(0), "bias_zero"),
        ]
    )
    conv.input.append("bias_dq")
    node = helper.make_node("DequantizeLinear", ["bias_q", "bias_scale", "bias_zero"], ["bias_dq"], name="bias_DQ")
    nodes.insert(0, node)


def touch(path: Path) -> None:
    """The same model, other bytes."""
    model = onnx.load(path)
    props = {prop.key: prop.value for prop in model.metadata_props}
    helper.set_model_props(model, {**props, "touched": str(path.stat().st_mtime_ns)})
    onnx.save(model, path)
