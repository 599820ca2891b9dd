"""Quantizers that TensorRT does not take, or would silently take for others."""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto

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
    dtypes = {weight.name: weight.data_type for weight in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and (why := REFUSED.get(_dtype(node, dtypes))):
            return f"node {node.name or node.output[0]} ({node.op_type}): {why}"
    return None


def _dtype(node: NodeProto, dtypes: dict[str, int]) -> int:
    """What the node quantizes to or from; ONNX's default without a zero point is UInt8."""
    if len(node.input) > 2 and node.input[2]:
        return dtypes.get(node.input[2], TensorProto.INT8)
    if node.op_type == "DequantizeLinear":
        return dtypes.get(node.input[0], TensorProto.INT8)
    given = next((attribute.i for attribute in node.attribute if attribute.name == "output_dtype"), 0)
    return given or TensorProto.UINT8
