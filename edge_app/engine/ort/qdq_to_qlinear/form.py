"""From the Q/DQ file that TensorRT takes to what ONNX Runtime computes fast."""

from __future__ import annotations

import numpy as np
import onnx

from edge_app.engine.ort.qdq_to_qlinear.convolution import Convolution, use_floats
from edge_app.engine.ort.qdq_to_qlinear.quantized import activation, is_symmetric, weights
from edge_app.engine.ort.qdq_to_qlinear.unsigned import ZERO, Unsigned
from edge_app.engine.ort.qdq_to_qlinear.workpiece import Workpiece


def qdq_to_qlinear(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """The same model in bytes, as far as it has dense convolutions behind a ReLU; None where bytes gain nothing.

    That is where the file is not symmetric Q/DQ, or no convolution's input comes from a ReLU: it then runs as it is.

    TensorRT wants quantizers on the inputs of convolutions; ONNX Runtime makes an integer operator only of a
    convolution whose output is quantized too. So quantizers move back, over concatenations and the like, to the ReLUs
    behind the convolutions, and become unsigned. A convolution whose input has a sign stays in floats, with the file's
    weights and rounded inputs: as bytes above 127 they would saturate its sums on CPUs without VNNI.

    It computes what the file says, but for activations beyond the calibrated range, which are not cut off as soon.
    Bits differ, as they do between ONNX Runtime's own levels of optimisation: a sum at a tie is rounded either way,
    and the next layers carry that on.
    """
    work = Workpiece(model)
    if work.has_subgraphs() or not is_symmetric(work):
        return None
    convolutions = _unsigned(work)
    if not convolutions:
        return None
    work.tidy()
    for convolution in convolutions:
        convolution.convert(work)
    return work.finish()


def _unsigned(work: Workpiece) -> list[Convolution]:
    """Gives every quantized convolution its input in uint8, where that can be; the others get floats as weights."""
    unsigned = Unsigned(work)
    found: list[Convolution] = []
    for node in work.nodes("Conv"):
        own, source = weights(work, node.input[1]), activation(work, node.input[0])
        data = None if source is None else unsigned.of(source.source, source.scale)
        if own is None:
            continue
        if source is None or data is None:
            use_floats(work, node, own)
            continue
        scale, zero = work.constant(f"{data}_scale", source.scale), work.constant(ZERO, np.uint8(0))
        node.input[0] = work.add("DequantizeLinear", [data, scale, zero], f"{data}_float_{len(found)}")
        found.append(Convolution(node, data, source.scale, own))
    return found
