"""Small ONNX models that the tests make: a few nodes whose answer can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

SIDE = 32


def write(path: Path, nodes, inputs, outputs, initializers=(), metadata=None) -> Path:
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if metadata:
        helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def images(batch, side=SIDE):
    return helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, side, side])


def channel_means(path: Path, batch) -> Path:
    """Each picture's mean of each channel: (batch, 3)."""
    node = helper.make_node("ReduceMean", ["images"], ["output"], axes=[2, 3], keepdims=0)
    return write(
        path, [node], [images(batch)], [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, 3])]
    )


def refuses_bright(path: Path, batch="batch") -> Path:
    """Channel means like `channel_means`, but a batch with a picture whose mean is above 100 cannot be computed.

    The greatest mean, over 100, is an index into one element.
    """
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMax", ["means"], ["brightest"], keepdims=0),
        helper.make_node("Div", ["brightest", "hundred"], ["ratio"]),
        helper.make_node("Cast", ["ratio"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["zero", "index"], ["nothing"]),
        helper.make_node("Add", ["means", "nothing"], ["output"]),
    ]
    constants = [
        helper.make_tensor("hundred", TensorProto.FLOAT, [], [100.0]),
        helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, 3])
    return write(path, nodes, [images(batch)], [output], constants)
