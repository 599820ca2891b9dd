"""Writes symmetric INT8 quantizers, pairs of QuantizeLinear and DequantizeLinear, into a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from edge_app.calibration.placement import Placement
from edge_app.onnx_graph import OnnxGraph, attribute, opset

OPSET = 13  # the first with a scale for each channel
LEVELS = 127  # on each side of zero; -128 is not used
LEAST_RANGE = 1e-6  # of what is always zero
ENDINGS = "scale", "zero", "int8", "dequantized", "quantize", "dequantize"  # of the names in a pair


def upgraded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model at an opset that knows quantizers with a scale for each channel; its metadata stays."""
    if opset(model) >= OPSET:
        return model
    converted = onnx.version_converter.convert_version(model, OPSET)
    del converted.metadata_props[:]
    converted.metadata_props.extend(model.metadata_props)
    return converted


def prepared(model: onnx.ModelProto) -> OnnxGraph:
    """The graph of the model, taken over, as quantizers want it: upgraded, each node named, constants initializers."""
    graph = OnnxGraph(upgraded(model))
    graph.name_nodes()
    graph.fold_constants()
    return graph


def quantized(
    graph: OnnxGraph, placement: Placement, ranges: Mapping[str, float], *, rounded: bool = False
) -> onnx.ModelProto:
    """The model with quantizers; the graph is not changed.

    Zero points are INT8 zero, activations have one scale, weights one for each output channel, and the bias stays
    float: TensorRT takes nothing else. Weights stay FP32, so that the rest can still be cast.

    Args:
        graph: As `prepared` gives it.
        placement: Where quantizers go.
        ranges: The greatest magnitude of each tensor of the placement that is to be told apart.
        rounded: Whether weights are floats that INT8 can say, without quantizers: the same numbers, computed sooner.
    """
    copy, chosen = graph.copy(), spans(placement, ranges)
    pairs: dict[str, list[NodeProto]] = {}  # by the tensor that they quantize
    for tensor, uses in placement.uses.items():
        pairs[tensor] = _pair(copy, tensor, np.float32(chosen[tensor] / LEVELS))
        for use in uses:
            copy.set_input(copy.node(use.node), use.input, pairs[tensor][1].output[0])
    for node in map(copy.node, placement.layers):
        weights = node.input[1]
        if rounded:
            copy.set_input(node, 1, _rounded(copy, node, graph.constants[weights]))
            continue
        if weights not in pairs:
            scale, axis = _weight_scale(node, numpy_helper.to_array(graph.constants[weights]))
            pairs[weights] = _pair(copy, weights, scale, axis)
        copy.set_input(node, 1, pairs[weights][1].output[0])
    copy.insert_after(pairs)
    model = copy.to_model()
    onnx.checker.check_model(model)
    return model


def spans(placement: Placement, ranges: Mapping[str, float]) -> dict[str, float]:
    """The range of each quantized tensor, the greatest of those that share a scale."""
    common = {tensor: max(ranges[each] for each in group) for group in placement.shared for tensor in group}
    return {tensor: common.get(tensor, ranges[tensor]) for tensor in placement.uses}


def _rounded(graph: OnnxGraph, node: NodeProto, weights: TensorProto) -> str:
    """Adds the weights as INT8 has them, in float; returns their name."""
    values = numpy_helper.to_array(weights)
    scale, axis = _weight_scale(node, values)
    if axis is not None:
        scale = np.expand_dims(scale, [i for i in range(values.ndim) if i != axis])
    (name,) = graph.unused_names(node.name, ["rounded"])
    return graph.add_constant(name, np.rint(values / scale) * scale)


def _weight_scale(node: NodeProto, weights: NDArray[np.float32]) -> tuple[NDArray[np.float32], int | None]:
    """A scale for each output channel, and their axis; one scale if there is no such axis."""
    axis = _channel_axis(node)
    others = tuple(i for i in range(weights.ndim) if i != axis) if axis is not None else None
    return (np.maximum(np.abs(weights).max(axis=others), LEAST_RANGE) / LEVELS).astype(np.float32), axis


def _channel_axis(node: NodeProto) -> int | None:
    """The axis of the output channels in the weights; None if groups of a transposed convolution repeat them."""
    if node.op_type == "ConvTranspose":
        return 1 if attribute(node, "group", 1) == 1 else None
    if node.op_type == "Gemm":
        return 0 if attribute(node, "transB", 0) else 1
    return 0


def _pair(
    graph: OnnxGraph, tensor: str, scale: NDArray[np.float32] | np.float32, axis: int | None = None
) -> list[NodeProto]:
    """A quantizer of the tensor and its inverse, not yet in the graph; scale and zero point are."""
    *names, middle, end, first, second = graph.unused_names(tensor, ENDINGS)
    for name, value in zip(names, (scale, np.zeros(np.shape(scale), np.int8)), strict=True):
        graph.add_constant(name, value)
    axes: dict[str, Any] = {} if axis is None else {"axis": axis}
    return [
        helper.make_node("QuantizeLinear", [tensor, *names], [middle], name=first, **axes),
        helper.make_node("DequantizeLinear", [middle, *names], [end], name=second, **axes),
    ]
