"""How much of a model's work each layer does."""

from __future__ import annotations

import math

import onnx

from edge_app.calibration.wiring import Wiring, attribute


def multiplications(model: onnx.ModelProto) -> dict[str, int]:
    """Multiplications for one picture of each weighted layer whose tensors' shapes are known, by its name."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        value.name: [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]  # what varies is the batch
        for value in (*inferred.value_info, *inferred.input, *inferred.output)
    }
    wiring, work = Wiring(model), {}
    for node in wiring.weighted:
        weights = wiring.constants[node.input[1]].dims
        # Of a transposed convolution each input meets its weights, of the others each output.
        shape = shapes.get(node.input[0] if node.op_type == "ConvTranspose" else node.output[0])
        channels = weights[1] if node.op_type == "Gemm" and not attribute(node, "transB", 0) else weights[0]
        if shape is not None:
            work[node.name] = math.prod(shape) * math.prod(weights) // channels
    return work
