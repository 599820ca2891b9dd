"""Tensors in bytes: a quantizer that is far from its ReLU moves back to it, so that all between is in bytes too."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, helper

from edge_app.engine.ort.qdq_to_qlinear.quantized import activation
from edge_app.engine.ort.qdq_to_qlinear.resize import enlarged
from edge_app.engine.ort.qdq_to_qlinear.workpiece import Workpiece

ZERO = "zero_u8"


class Unsigned:
    """Finds or makes tensors that hold ``value / scale`` in uint8.

    Only what comes out of a ReLU has such a form. The file's int8 ends at 127 steps, the byte at 255: what the file
    would cut off is nearer to FP32 here. AVX2's product of uint8 and int8 adds pairs in 16 bits that saturate. Bytes up
    to 127 never get there; above, two products of one sign may, and then lie between the file's and the exact sum.
    """

    def __init__(self, work: Workpiece) -> None:
        self._work = work
        self._made: dict[tuple[str, np.float32], str | None] = {}

    def of(self, tensor: str, scale: np.float32) -> str | None:
        """The name of the tensor in bytes of that scale; None where it has no such form."""
        key = tensor, scale
        if key not in self._made:
            self._made[key] = self._make(tensor, scale)
        return self._made[key]

    def _make(self, tensor: str, scale: np.float32) -> str | None:
        work, name = self._work, f"{tensor}_u8_{len(self._made)}"
        if (source := activation(work, tensor)) is not None:
            return self.of(source.source, scale) if source.scale == scale else None
        if work.maker(tensor, "Relu"):
            step, zero = work.constant(f"{name}_scale", scale), work.constant(ZERO, np.uint8(0))
            return work.add("QuantizeLinear", [tensor, step, zero], name)
        if (node := work.maker(tensor, "Concat")) is not None:
            parts = [self.of(part, scale) for part in node.input]
            return None if None in parts else _same(work, node, [part for part in parts if part], name)
        for kind in ("MaxPool", "Resize"):
            if (node := work.maker(tensor, kind)) is not None and _picks(node):
                part = self.of(node.input[0], scale)
                return None if part is None else _picked(work, node, part, name)
        return None


def _picked(work: Workpiece, node: NodeProto, data: str, output: str) -> str:
    """What the node picks from the bytes."""
    copied = enlarged(work, node, data, output) if node.op_type == "Resize" else None
    return copied or _same(work, node, [data, *node.input[1:]], output)


def _same(work: Workpiece, node: NodeProto, inputs: list[str], output: str) -> str:
    """The node once more, on other inputs."""
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return work.add(node.op_type, inputs, output, **attributes)


def _picks(node: NodeProto) -> bool:
    """Whether each element of its only output is one of its first input's: then rounding may come first."""
    words = {attribute.name: attribute.s for attribute in node.attribute}
    if node.op_type == "Resize":
        return words.get("mode") == b"nearest" and words.get("coordinate_transformation_mode") != b"tf_crop_and_resize"
    return len(node.output) == 1
