"""How well each layer's output survives INT8, by itself: the layer and its quantized twin, fed the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper

from edge_app.calibration.context import CalibrationContext
from edge_app.calibration.placement import Placement
from edge_app.calibration.qdq import quantized
from edge_app.calibration.reference_model import ReferenceModel
from edge_app.core.frames import Picture
from edge_app.model.report import Layer


def measure(bench: CalibrationContext, placement: Placement, pictures: Sequence[Picture]) -> tuple[Layer, ...]:
    """The signal-to-quantization-noise ratio of each quantized layer over these pictures."""
    path = bench.folder / "twins.onnx"
    onnx.save(_twins(bench, placement), path)
    names = [name for layer in placement.layers for name in (f"{layer}_signal", f"{layer}_noise")]
    total = np.zeros(len(names))
    for done, (_, sums) in enumerate(ReferenceModel(path, bench.subject).run(pictures, names), 1):
        total += [float(value) for value in sums]
        bench.progress("measuring layers", done, len(pictures))
    pairs = zip(placement.layers, total.reshape(-1, 2).tolist(), strict=True)
    return tuple(Layer(name=layer, sqnr_db=_decibels(signal, noise)) for layer, (signal, noise) in pairs)


def _decibels(signal: float, noise: float) -> float | None:
    """None where there is no noise; a signal of nothing but zeros counts as 0 dB."""
    if noise == 0:
        return None
    return 10 * math.log10(signal / noise) if signal > 0 else 0.0


def _twins(bench: CalibrationContext, placement: Placement) -> onnx.ModelProto:
    """The model in float, with a quantized twin beside each layer and the powers of layer and difference as outputs."""
    model, quantized_model = onnx.ModelProto(), quantized(bench.model, placement, bench.ranges, rounded=True)
    model.CopyFrom(bench.model)
    graph, known = model.graph, {tensor.name for tensor in model.graph.initializer}
    graph.initializer.extend(tensor for tensor in quantized_model.graph.initializer if tensor.name not in known)
    nodes = {node.name: node for node in quantized_model.graph.node}
    graph.node.extend(node for node in nodes.values() if node.op_type in ("QuantizeLinear", "DequantizeLinear"))
    for layer in placement.layers:
        twin = graph.node.add()
        twin.CopyFrom(nodes[layer])
        output, twin.name, twin.output[0] = twin.output[0], f"{layer}_twin", f"{layer}_twin"
        graph.node.append(helper.make_node("Sub", [output, twin.output[0]], [f"{layer}_difference"]))
        for tensor, name in ((output, "signal"), (f"{layer}_difference", "noise")):
            graph.node.append(helper.make_node("ReduceSumSquare", [tensor], [f"{layer}_{name}"], keepdims=0))
            graph.output.append(helper.make_empty_tensor_value_info(f"{layer}_{name}"))
    return model
