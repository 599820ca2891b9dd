"""From the Q/DQ file that TensorRT takes to what ONNX Runtime computes fast."""

from __future__ import annotations

import numpy as np
import onnx

from edge_app.engine.ort.qdq_to_qlinear.convolution import Convolution, use_floats
from edge_app.engine.ort.qdq_to_qlinear.quantized import activation, is_symmetric, weights
from edge_app.engine.ort.qdq_to_qlinear.unsigned import ZERO, UnsignedTensors
from edge_app.onnx_graph import OnnxGraph, with_inferred_shapes


def qdq_to_qlinear(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """The same model in bytes, as far as it has dense convolutions behind a ReLU; None if bytes gain nothing.

    They gain nothing if the file is not symmetric Q/DQ, or no convolution's input comes from a ReLU. Such a model
    runs as it is.

    TensorRT wants quantizers on the inputs of convolutions; ONNX Runtime makes an integer operator only of a
    convolution whose output is quantized too. So quantizers move back, over concatenations and the like, to the ReLUs
    behind the convolutions, and become unsigned. A convolution whose input has a sign stays in floats, with the file's
    weights and rounded inputs: as bytes above 127 they would saturate its sums on CPUs without VNNI.

    The result computes what the file says, except that activations beyond the calibrated range are cut off later.
    Bits differ, as they do between ONNX Runtime's own levels of optimisation: a sum at a tie is rounded either way,
    and the next layers carry that on.
    """
    graph = with_inferred_shapes(model)
    if graph.with_subgraphs() or not is_symmetric(graph):
        return None
    convolutions = _unsigned(graph)
    if not convolutions:
        return None
    graph.prune()  # so that a ReLU whose quantizer moved has no other reader left
    for convolution in convolutions:
        convolution.convert(graph)
    graph.prune()
    converted = graph.to_model()
    converted.graph.ClearField("value_info")  # which tells of tensors that are gone
    return converted


def _unsigned(graph: OnnxGraph) -> list[Convolution]:
    """Gives quantized convolutions their inputs in uint8 and returns them; if that cannot be, weights become floats."""
    unsigned = UnsignedTensors(graph)
    found: list[Convolution] = []
    for node in graph.of_type("Conv"):
        own, source = weights(graph, node.input[1]), activation(graph, node.input[0])
        data = None if source is None else unsigned.of(source.source, source.scale)
        if own is None:
            continue
        if source is None or data is None:
            use_floats(graph, node, own)
            continue
        scale, zero = graph.add_constant(f"{data}_scale", source.scale), graph.add_constant(ZERO, np.uint8(0))
        dequantized = graph.add("DequantizeLinear", [data, scale, zero], f"{data}_float_{len(found)}")
        graph.set_input(node, 0, dequantized)
        found.append(Convolution(node, data, source.scale, own))
    return found
