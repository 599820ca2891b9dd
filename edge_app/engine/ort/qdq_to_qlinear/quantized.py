"""What symmetric Q/DQ nodes say: of activations their source and scale, of weights their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from edge_app.onnx_graph import OnnxGraph, attribute


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


def is_symmetric(graph: OnnxGraph) -> bool:
    """Whether every quantizer is int8 with zero point 0, as `calibrate` writes them and TensorRT takes them."""
    nodes = graph.of_type("QuantizeLinear", "DequantizeLinear")
    return all(_zero_point_is_int8_0(graph, node) for node in nodes)


def activation(graph: OnnxGraph, tensor: str) -> Activation | None:
    """The tensor behind a dequantized one, and its scale; None if `tensor` is not dequantized or a constant."""
    dequantizer = graph.producer(tensor, "DequantizeLinear")
    quantizer = dequantizer and graph.producer(dequantizer.input[0], "QuantizeLinear")
    if quantizer is None or graph.array(quantizer.input[0]) is not None:
        return None
    scale = graph.array(quantizer.input[1])
    return None if scale is None or scale.size != 1 else Activation(quantizer.input[0], np.float32(scale.reshape(())))


def weights(graph: OnnxGraph, tensor: str) -> Weights | None:
    """The quantized constant behind a dequantized tensor; None if there is none.

    It has one scale, or one for each index of the first axis, as a convolution's weights do.
    """
    dequantizer = graph.producer(tensor, "DequantizeLinear")
    if dequantizer is None or (scale := graph.array(dequantizer.input[1])) is None:
        return None
    quantizer = graph.producer(dequantizer.input[0], "QuantizeLinear")
    name = dequantizer.input[0] if quantizer is None else quantizer.input[0]
    values = graph.array(name)
    if values is None or (scale.size > 1 and (attribute(dequantizer, "axis", 1) != 0 or len(scale) != len(values))):
        return None
    scale = np.broadcast_to(scale.reshape(-1), len(values)).astype(np.float32)
    if quantizer is not None:
        values = np.clip(np.rint(values / scale.reshape(-1, *[1] * (values.ndim - 1))), -128, 127)
    return Weights(name, values.astype(np.int8), scale)


def _zero_point_is_int8_0(graph: OnnxGraph, node: NodeProto) -> bool:
    zero: NDArray[Any] | None = graph.array(node.input[2]) if len(node.input) > 2 else None
    return zero is not None and zero.dtype == np.int8 and not zero.any()
