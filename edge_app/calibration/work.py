"""How much of a model's work each layer does."""

from __future__ import annotations

import math

import onnx

from edge_app.calibration.wiring import Wiring


def multiplications(model: onnx.ModelProto) -> dict[str, int]:
    """Multiplications for one picture of each weighted layer whose output's shape is known, by its name."""
    inferred = onnx.shape_inference.infer_shapes(model)
    wiring = Wiring(model)
    shapes = {
        value.name: [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]  # what varies is the batch
        for value in (*inferred.graph.value_info, *inferred.graph.output)
    }
    work = {}
    for node in wiring.weighted:
        weights = list(wiring.constants[node.input[1]].dims)
        if (shape := shapes.get(node.output[0])) is None:
            continue
        work[node.name] = math.prod(shape) * math.prod(weights) // weights[0]
    return work
