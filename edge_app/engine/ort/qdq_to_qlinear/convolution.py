"""Quantized convolutions, each in the fastest operator that gives the file's numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from edge_app.engine.ort.qdq_to_qlinear.quantized import Weights
from edge_app.engine.ort.qdq_to_qlinear.unsigned import ZERO
from edge_app.onnx_graph import OnnxGraph, attribute

MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A convolution with quantized weights, whose input is dequantized from uint8.

    Attributes:
        node: The convolution.
        data: Its input in bytes.
        scale: Of the bytes.
        weights: What its weights are in bytes.
    """

    node: NodeProto
    data: str
    scale: np.float32
    weights: Weights

    def convert(self, graph: OnnxGraph) -> None:
        """Computes in bytes if a ReLU and a quantizer follow, as a product of integers if it is one, else in floats."""
        quantizer, bias = _quantizer(graph, self.node), self._integer_bias(graph)
        if quantizer is not None and bias is not None:
            graph.set_input(quantizer, 0, self.node.output[0])  # it cuts off what is below 0, as the ReLU did
            self._use_integers(graph, bias)
        elif _is_product(self.node, self.weights):
            self._multiply(graph)
        else:
            use_floats(graph, self.node, self.weights)

    def _integer_bias(self, graph: OnnxGraph) -> NDArray[np.int32] | None:
        """The bias in steps of the product, int32 (output channels,); None if it does not fit."""
        steps = np.float64(self.scale) * self.weights.scale
        bias = graph.array(self.node.input[2]) if len(self.node.input) > 2 else np.zeros(len(steps))
        integers = None if bias is None else np.rint(bias / steps)
        return None if integers is None or np.abs(integers).max() >= 2**31 else integers.astype(np.int32)

    def _use_integers(self, graph: OnnxGraph, bias: NDArray[np.int32]) -> None:
        """Quantizes weights and bias in the way that lets ONNX Runtime fuse all of it into one integer operator."""
        name = self.node.output[0]
        weights = [
            graph.add_constant(f"{name}_weight_i8", self.weights.values),
            graph.add_constant(f"{name}_weight_scale", self.weights.scale),
        ]
        biases = [
            graph.add_constant(f"{name}_bias_i32", bias),
            graph.add_constant(f"{name}_bias_scale", self.scale * self.weights.scale),
        ]
        dequantized = [graph.add("DequantizeLinear", pair, f"{pair[0]}_float", axis=0) for pair in (weights, biases)]
        graph.set_inputs(self.node, [self.node.input[0], *dequantized])

    def _multiply(self, graph: OnnxGraph) -> None:
        """Replaces a 1x1 convolution with float output; channels come last, as ONNX Runtime lays out bytes."""
        output, weights = self.node.output[0], self.weights
        matrix = weights.values.reshape(len(weights.values), -1).T
        inputs = [
            graph.add("Transpose", [self.data], f"{output}_last", perm=[0, 2, 3, 1]),
            graph.add_constant(f"{output}_matrix", np.ascontiguousarray(matrix)),
            graph.add_constant(f"{output}_data_scale", self.scale),
            graph.add_constant(f"{output}_matrix_scale", weights.scale),
            graph.add_constant(ZERO, np.uint8(0)),
            graph.add_constant(f"{output}_matrix_zero", np.zeros(len(weights.scale), np.int8)),
            *self.node.input[2:],
        ]
        product = graph.add("MatMulIntegerToFloat", inputs, f"{output}_product", domain=MICROSOFT)
        graph.remove(self.node)
        graph.add("Transpose", [product], output, perm=[0, 3, 1, 2])


def use_floats(graph: OnnxGraph, node: NodeProto, weights: Weights) -> None:
    """Gives the convolution its weights as the floats that they stand for, once instead of in every run."""
    graph.set_input(node, 1, graph.add_constant(f"{weights.name}_floats", weights.floats))


def _quantizer(graph: OnnxGraph, node: NodeProto) -> NodeProto | None:
    """The quantizer to uint8 that alone reads the ReLU that alone reads the convolution."""
    relu = graph.sole_consumer(node.output[0], "Relu")
    quantizer = relu and graph.sole_consumer(relu.output[0], "QuantizeLinear")
    return quantizer if quantizer and quantizer.input[2] == ZERO else None


def _is_product(node: NodeProto, weights: Weights) -> bool:
    """Whether it multiplies each pixel's channels by a matrix and does nothing else."""
    plain = attribute(node, "group", 1) == 1 and set(attribute(node, "strides", ())) <= {1}
    return plain and weights.values.shape[2:] == (1, 1) and not any(attribute(node, "pads", ()))
