"""Quantizers that TensorRT does not take, or would silently misread."""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto

from edge_app.onnx_graph import OnnxGraph, attribute

ADVICE = "make the INT8 file with edge-app calibrate"
REFUSED: dict[int, str] = {
    TensorProto.INT32: f"Int32, a quantized bias; TensorRT wants biases in float: {ADVICE}",
    TensorProto.UINT8: f"UInt8; TensorRT takes signed INT8: {ADVICE}",
    TensorProto.UINT16: f"UInt16; TensorRT takes signed INT8: {ADVICE}",
    TensorProto.INT16: f"Int16; TensorRT takes signed INT8: {ADVICE}",
}


def refused_quantizer(model: ModelProto) -> str | None:
    """The first quantizer that TensorRT would not compute as ONNX defines it, with node, operator and advice.

    TensorRT reads a UInt8 zero point as an INT8 one, with a warning at most.
    """
    graph = OnnxGraph(model)
    for node in graph.of_type("QuantizeLinear", "DequantizeLinear"):
        if why := REFUSED.get(_dtype(node, graph)):
            return f"node {node.name or node.output[0]} ({node.op_type}): {why}"
    return None


def _dtype(node: NodeProto, graph: OnnxGraph) -> int:
    """What the node quantizes to or from; ONNX's default without a zero point is UInt8."""
    if len(node.input) > 2 and node.input[2]:
        stored = graph.constants.get(node.input[2])
    elif node.op_type == "DequantizeLinear":
        stored = graph.constants.get(node.input[0])
    else:
        return int(attribute(node, "output_dtype", 0)) or TensorProto.UINT8
    return TensorProto.INT8 if stored is None else stored.data_type
