"""Quantized convolutions, each in the fastest operator that gives the file's numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from edge_app.engine.ort.qdq_to_qlinear.quantized import Weights
from edge_app.engine.ort.qdq_to_qlinear.unsigned import ZERO
from edge_app.engine.ort.qdq_to_qlinear.workpiece import Workpiece

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

    def convert(self, work: Workpiece) -> None:
        """Bytes in and out where a ReLU and a quantizer follow, a product of integers where it is one, else floats."""
        quantizer, bias = _quantizer(work, self.node), self._integer_bias(work)
        if quantizer is not None and bias is not None:
            quantizer.input[0] = self.node.output[0]  # it cuts off what is below 0, as the ReLU did
            self._use_integers(work, bias)
        elif _is_product(self.node, self.weights):
            self._multiply(work)
        else:
            use_floats(work, self.node, self.weights)

    def _integer_bias(self, work: Workpiece) -> NDArray[np.int32] | None:
        """The bias in steps of the product, int32 (output channels,); None where it does not fit."""
        steps = np.float64(self.scale) * self.weights.scale
        bias = work.array(self.node.input[2]) if len(self.node.input) > 2 else np.zeros(len(steps))
        integers = None if bias is None else np.rint(bias / steps)
        return None if integers is None or np.abs(integers).max() >= 2**31 else integers.astype(np.int32)

    def _use_integers(self, work: Workpiece, bias: NDArray[np.int32]) -> None:
        """Weights and bias as ONNX Runtime must see them to make one integer operator of it all."""
        name = self.node.output[0]
        weights = [
            work.constant(f"{name}_weight_i8", self.weights.values),
            work.constant(f"{name}_weight_scale", self.weights.scale),
        ]
        biases = [
            work.constant(f"{name}_bias_i32", bias),
            work.constant(f"{name}_bias_scale", self.scale * self.weights.scale),
        ]
        dequantized = [work.add("DequantizeLinear", pair, f"{pair[0]}_float", axis=0) for pair in (weights, biases)]
        self.node.input[:] = [self.node.input[0], *dequantized]

    def _multiply(self, work: Workpiece) -> None:
        """A 1x1 convolution with floats as output; channels come last, as ONNX Runtime lays out what is in bytes."""
        output, weights = self.node.output[0], self.weights
        matrix = weights.values.reshape(len(weights.values), -1).T
        inputs = [
            work.add("Transpose", [self.data], f"{output}_last", perm=[0, 2, 3, 1]),
            work.constant(f"{output}_matrix", np.ascontiguousarray(matrix)),
            work.constant(f"{output}_data_scale", self.scale),
            work.constant(f"{output}_matrix_scale", weights.scale),
            work.constant(ZERO, np.uint8(0)),
            work.constant(f"{output}_matrix_zero", np.zeros(len(weights.scale), np.int8)),
            *self.node.input[2:],
        ]
        product = work.add("MatMulIntegerToFloat", inputs, f"{output}_product", domain=MICROSOFT)
        self.node.output[0] = f"{output}_before"  # which nothing reads
        work.add("Transpose", [product], output, perm=[0, 3, 1, 2])


def use_floats(work: Workpiece, node: NodeProto, weights: Weights) -> None:
    """Gives the convolution its weights as the floats that they stand for, once instead of in every run."""
    node.input[1] = work.constant(f"{weights.name}_floats", weights.floats)


def _quantizer(work: Workpiece, node: NodeProto) -> NodeProto | None:
    """The quantizer to uint8 that alone reads the ReLU that alone reads the convolution."""
    relu = work.reader(node.output[0], "Relu")
    quantizer = relu and work.reader(relu.output[0], "QuantizeLinear")
    return quantizer if quantizer and quantizer.input[2] == ZERO else None


def _is_product(node: NodeProto, weights: Weights) -> bool:
    """Whether it multiplies each pixel's channels by a matrix and does nothing else."""
    numbers = {attribute.name: (attribute.i, *attribute.ints) for attribute in node.attribute}
    plain = all(set(numbers.get(name, ())) <= {0, 1} for name in ("strides", "group"))
    return plain and weights.values.shape[2:] == (1, 1) and not any(numbers.get("pads", ()))
