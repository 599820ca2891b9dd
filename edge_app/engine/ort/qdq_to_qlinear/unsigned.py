"""Tensors in bytes: a quantizer that is far from its ReLU moves back to it, so that all between is in bytes too."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, helper

from edge_app.engine.ort.qdq_to_qlinear.quantized import activation
from edge_app.engine.ort.qdq_to_qlinear.resize import enlarged
from edge_app.onnx_graph import OnnxGraph, attribute

ZERO = "zero_u8"


class UnsignedTensors:
    """Finds or makes tensors that hold ``value / scale`` in uint8.

    Only what comes out of a ReLU can be held so. The file's int8 ends at 127 steps, the byte at 255: what the file
    would cut off is nearer to FP32 here. AVX2's product of uint8 and int8 adds pairs in 16 bits that saturate. Bytes up
    to 127 never get there; above, two products of one sign may, and then lie between the file's and the exact sum.
    """

    def __init__(self, graph: OnnxGraph) -> None:
        self._graph = graph
        self._made: dict[tuple[str, np.float32], str | None] = {}

    def of(self, tensor: str, scale: np.float32) -> str | None:
        """The name of the tensor in bytes of that scale; None if it cannot be held so."""
        key = tensor, scale
        if key not in self._made:
            self._made[key] = self._make(tensor, scale)
        return self._made[key]

    def _make(self, tensor: str, scale: np.float32) -> str | None:
        graph, name = self._graph, f"{tensor}_u8_{len(self._made)}"
        if (source := activation(graph, tensor)) is not None:
            return self.of(source.source, scale) if source.scale == scale else None
        if graph.producer(tensor, "Relu"):
            step, zero = graph.add_constant(f"{name}_scale", scale), graph.add_constant(ZERO, np.uint8(0))
            return graph.add("QuantizeLinear", [tensor, step, zero], name)
        if (node := graph.producer(tensor, "Concat")) is not None:
            parts = [self.of(part, scale) for part in node.input]
            return None if None in parts else _same(graph, node, [part for part in parts if part], name)
        for kind in ("MaxPool", "Resize"):
            if (node := graph.producer(tensor, kind)) is not None and _picks(node):
                part = self.of(node.input[0], scale)
                return None if part is None else _picked(graph, node, part, name)
        return None


def _picked(graph: OnnxGraph, node: NodeProto, data: str, output: str) -> str:
    """What the node picks from the bytes."""
    copied = enlarged(graph, node, data, output) if node.op_type == "Resize" else None
    return copied or _same(graph, node, [data, *node.input[1:]], output)


def _same(graph: OnnxGraph, node: NodeProto, inputs: list[str], output: str) -> str:
    """The node once more, on other inputs."""
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return graph.add(node.op_type, inputs, output, **attributes)


def _picks(node: NodeProto) -> bool:
    """Whether each element of its only output is one of its first input's: then rounding may come first."""
    if node.op_type == "Resize":
        mode, coordinates = (attribute(node, name, None) for name in ("mode", "coordinate_transformation_mode"))
        return bool(mode == b"nearest" and coordinates != b"tf_crop_and_resize")
    return len(node.output) == 1
