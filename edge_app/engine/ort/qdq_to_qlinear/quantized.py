"""What symmetric Q/DQ nodes say: of activations their source and scale, of weights their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from edge_app.engine.ort.qdq_to_qlinear.workpiece import Workpiece


@dataclass(frozen=True, slots=True)
class Activation:
    """A tensor that is rounded to ``scale * int8``."""

    source: str
    scale: np.float32


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Weights ``values * scale``.

    Attributes:
        name: Of the file's weights.
        values: int8 (output channels, …).
        scale: float32 (output channels,).
    """

    name: str
    values: NDArray[np.int8]
    scale: NDArray[np.float32]

    @property
    def floats(self) -> NDArray[np.float32]:
        """What they stand for, float32 (output channels, …)."""
        return self.values * self.scale.reshape(-1, *[1] * (self.values.ndim - 1))


def is_symmetric(work: Workpiece) -> bool:
    """Whether every quantizer is int8 with zero point 0: as `calibrate` writes them and TensorRT takes them."""
    nodes = work.nodes("QuantizeLinear") + work.nodes("DequantizeLinear")
    return all(_zero_point_is_int8_0(work, node) for node in nodes)


def activation(work: Workpiece, tensor: str) -> Activation | None:
    """The tensor behind a dequantized one, and its scale; None where `tensor` is none, or it is a constant."""
    dequantizer = work.maker(tensor, "DequantizeLinear")
    quantizer = dequantizer and work.maker(dequantizer.input[0], "QuantizeLinear")
    if quantizer is None or work.array(quantizer.input[0]) is not None:
        return None
    scale = work.array(quantizer.input[1])
    return None if scale is None or scale.size != 1 else Activation(quantizer.input[0], np.float32(scale.reshape(())))


def weights(work: Workpiece, tensor: str) -> Weights | None:
    """The constant behind a dequantized one, quantized as the file says; None where `tensor` is none.

    Only scales of the whole or of the first axis, which are a convolution's.
    """
    dequantizer = work.maker(tensor, "DequantizeLinear")
    if dequantizer is None or (scale := work.array(dequantizer.input[1])) is None:
        return None
    quantizer = work.maker(dequantizer.input[0], "QuantizeLinear")
    name = dequantizer.input[0] if quantizer is None else quantizer.input[0]
    values = work.array(name)
    if values is None or (scale.size > 1 and (_axis(dequantizer) != 0 or len(scale) != len(values))):
        return None
    scale = np.broadcast_to(scale.reshape(-1), len(values)).astype(np.float32)
    if quantizer is not None:
        values = np.clip(np.rint(values / scale.reshape(-1, *[1] * (values.ndim - 1))), -128, 127)
    return Weights(name, values.astype(np.int8), scale)


def _zero_point_is_int8_0(work: Workpiece, node: NodeProto) -> bool:
    zero: NDArray[Any] | None = work.array(node.input[2]) if len(node.input) > 2 else None
    return zero is not None and zero.dtype == np.int8 and not zero.any()


def _axis(node: NodeProto) -> int:
    return next((int(attribute.i) for attribute in node.attribute if attribute.name == "axis"), 1)
