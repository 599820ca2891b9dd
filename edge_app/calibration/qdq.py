"""Writes symmetric INT8 quantizers, pairs of QuantizeLinear and DequantizeLinear, into a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from edge_app.calibration.placement import Placement
from edge_app.calibration.wiring import attribute

OPSET = 13  # the first with a scale for each channel
LEVELS = 127  # on each side of zero; -128 is not used
LEAST_RANGE = 1e-6  # of what is always zero
ENDS = "scale", "zero", "int8", "dequantized", "quantize", "dequantize"  # of the names in a pair


def upgraded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model at an opset that knows quantizers with a scale for each channel; its metadata stays."""
    if all(opset.version >= OPSET for opset in model.opset_import if opset.domain in ("", "ai.onnx")):
        return model
    converted = onnx.version_converter.convert_version(model, OPSET)
    del converted.metadata_props[:]
    converted.metadata_props.extend(model.metadata_props)
    return converted


def quantized(
    model: onnx.ModelProto, placement: Placement, ranges: Mapping[str, float], *, rounded: bool = False
) -> onnx.ModelProto:
    """A copy of the model with quantizers.

    Zero points are INT8 zero, activations have one scale, weights one for each output channel, and the bias stays
    float: TensorRT takes nothing else. Weights stay FP32, so that the rest can still be cast.

    Args:
        model: As `named` gives it, of opset 13 or later.
        placement: Where they go.
        ranges: The greatest magnitude of each tensor of the placement that is to be told apart.
        rounded: Whether weights are floats that INT8 can say, without quantizers: the same numbers, computed sooner.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    nodes = {node.name: node for node in copy.graph.node}
    chosen, taken = spans(placement, ranges), _names(copy.graph)
    pairs: dict[str, list[onnx.NodeProto]] = {}  # by the tensor that they quantize
    for tensor, uses in placement.uses.items():
        pairs[tensor] = _pair(copy.graph, taken, tensor, np.float32(chosen[tensor] / LEVELS))
        for use in uses:
            nodes[use.node].input[use.input] = pairs[tensor][1].output[0]
    constants = {tensor.name: tensor for tensor in copy.graph.initializer}
    for layer in placement.layers:
        node, weights = nodes[layer], nodes[layer].input[1]
        if rounded:
            node.input[1] = _rounded(copy.graph, taken, node, constants[weights])
            continue
        if weights not in pairs:
            scale, axis = _weight_scale(node, numpy_helper.to_array(constants[weights]))
            pairs[weights] = _pair(copy.graph, taken, weights, scale, axis)
        node.input[1] = pairs[weights][1].output[0]
    _insert(copy.graph, pairs)
    onnx.checker.check_model(copy)
    return copy


def spans(placement: Placement, ranges: Mapping[str, float]) -> dict[str, float]:
    """The range of each quantized tensor, the greatest of those that share a scale."""
    common = {tensor: max(ranges[each] for each in group) for group in placement.shared for tensor in group}
    return {tensor: common.get(tensor, ranges[tensor]) for tensor in placement.uses}


def _names(graph: onnx.GraphProto) -> set[str]:
    """Of everything in the graph."""
    parts = (*graph.input, *graph.initializer, *graph.node)
    return {part.name for part in parts} | {output for node in graph.node for output in node.output}


def _free(stem: str, ends: Sequence[str], taken: set[str]) -> list[str]:
    """Names that begin so and end so and that nothing has; now they are taken."""
    while taken & {f"{stem}_{end}" for end in ends}:
        stem += "_"
    found = [f"{stem}_{end}" for end in ends]
    taken.update(found)
    return found


def _rounded(graph: onnx.GraphProto, taken: set[str], node: onnx.NodeProto, weights: onnx.TensorProto) -> str:
    """Adds the weights as INT8 has them, in float; returns their name."""
    values = numpy_helper.to_array(weights)
    scale, axis = _weight_scale(node, values)
    if axis is not None:
        scale = np.expand_dims(scale, [i for i in range(values.ndim) if i != axis])
    (name,) = _free(node.name, ["rounded"], taken)
    graph.initializer.append(numpy_helper.from_array(np.rint(values / scale) * scale, name))
    return name


def _weight_scale(node: onnx.NodeProto, weights: NDArray[np.float32]) -> tuple[NDArray[np.float32], int | None]:
    """A scale for each output channel, and their axis; one scale where there is no such axis."""
    axis = _channel_axis(node)
    others = tuple(i for i in range(weights.ndim) if i != axis) if axis is not None else None
    return (np.maximum(np.abs(weights).max(axis=others), LEAST_RANGE) / LEVELS).astype(np.float32), axis


def _channel_axis(node: onnx.NodeProto) -> int | None:
    """The axis of the output channels in the weights; none where groups of a transposed convolution repeat them."""
    if node.op_type == "ConvTranspose":
        return 1 if attribute(node, "group", 1) == 1 else None
    if node.op_type == "Gemm":
        return 0 if attribute(node, "transB", 0) else 1
    return 0


def _pair(
    graph: onnx.GraphProto,
    taken: set[str],
    tensor: str,
    scale: NDArray[np.float32] | np.float32,
    axis: int | None = None,
) -> list[onnx.NodeProto]:
    """A quantizer of the tensor and its inverse; scale and zero point go into the graph."""
    *names, middle, end, first, second = _free(tensor, ENDS, taken)
    graph.initializer.append(numpy_helper.from_array(np.asarray(scale), names[0]))
    graph.initializer.append(numpy_helper.from_array(np.zeros(np.shape(scale), np.int8), names[1]))
    axes: dict[str, Any] = {} if axis is None else {"axis": axis}
    return [
        helper.make_node("QuantizeLinear", [tensor, *names], [middle], name=first, **axes),
        helper.make_node("DequantizeLinear", [middle, *names], [end], name=second, **axes),
    ]


def _insert(graph: onnx.GraphProto, pairs: Mapping[str, list[onnx.NodeProto]]) -> None:
    """Puts each pair behind the node that makes its tensor, or first, so that the order of the graph stays good."""
    makers = {output for node in graph.node for output in node.output}
    nodes = [node for tensor, pair in pairs.items() if tensor not in makers for node in pair]
    for node in graph.node:
        nodes += [node, *(added for output in node.output for added in pairs.get(output, ()))]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
