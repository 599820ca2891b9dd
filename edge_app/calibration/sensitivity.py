"""What INT8 does to each layer: its output's noise, what that does to the detections, and how much work it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from edge_app.calibration.cache import CalibrationCache
from edge_app.calibration.context import CalibrationContext, ReferenceModel
from edge_app.calibration.placement import Placement, only, weighted_layers
from edge_app.calibration.qdq import quantized
from edge_app.calibration.work_dir import Checkpoint
from edge_app.core.detections import Detections, iou
from edge_app.core.frames import Picture
from edge_app.model.agreement import TRUTH_SCORE
from edge_app.model.report import Layer
from edge_app.onnx_graph import OnnxGraph, attribute, with_inferred_shapes

LOOKED_THROUGH, PICTURES = 64, 8  # of the calibration's pictures; those with the most boxes are measured with


def measure_sqnr(context: CalibrationContext, placement: Placement, pictures: Sequence[Picture]) -> tuple[Layer, ...]:
    """The signal-to-quantization-noise ratio of each layer over these pictures.

    It tells how well the layer's output survives INT8 by itself: a quantized twin is fed the same as the layer.
    """
    path = context.work_dir / "twins.onnx"
    onnx.save(_twins(context, placement), path)
    names = [name for layer in placement.layers for name in (f"{layer}_signal", f"{layer}_noise")]
    total = np.zeros(len(names))
    for done, (_, sums) in enumerate(ReferenceModel(path, context.detector).run(pictures, names), 1):
        total += [float(value) for value in sums]
        context.progress("measuring layers", done, len(pictures))
    pairs = zip(placement.layers, total.reshape(-1, 2).tolist(), strict=True)
    return tuple(Layer(name=layer, sqnr_db=_decibels(signal, noise)) for layer, (signal, noise) in pairs)


def _decibels(signal: float, noise: float) -> float | None:
    """None if there is no noise; a signal of nothing but zeros counts as 0 dB."""
    if noise == 0:
        return None
    return 10 * math.log10(signal / noise) if signal > 0 else 0.0


def _twins(context: CalibrationContext, placement: Placement) -> onnx.ModelProto:
    """The model in float, with a quantized twin beside each layer and the powers of layer and difference as outputs."""
    graph, twins = context.graph.copy(), OnnxGraph(quantized(context.graph, placement, context.ranges, rounded=True))
    graph.constants = twins.constants | graph.constants
    for node in twins.of_type("QuantizeLinear", "DequantizeLinear"):
        graph.append(node)
    for layer in placement.layers:
        twin = twins.node(layer)
        output, twin.name, twin.output[0] = twin.output[0], f"{layer}_twin", f"{layer}_twin"
        graph.append(twin)
        graph.append(helper.make_node("Sub", [output, twin.output[0]], [f"{layer}_difference"]))
        for tensor, name in ((output, "signal"), (f"{layer}_difference", "noise")):
            graph.append(helper.make_node("ReduceSumSquare", [tensor], [f"{layer}_{name}"], keepdims=0))
            graph.add_output(f"{layer}_{name}")
    return graph.to_model()


def damages(
    context: CalibrationContext, placement: Placement, cache: CalibrationCache, reference: ReferenceModel
) -> dict[str, float]:
    """How much each layer alone in INT8 hurts the detections; empty if the model finds nothing to measure by.

    Measurements are saved, so that an interrupted calibration goes on from there.
    """
    rows = cache.spread(LOOKED_THROUGH)
    every = list(reference.detect(cache[row] for row in rows))
    richest = sorted(range(len(rows)), key=lambda i: -_sure(every[i]).sum())[:PICTURES]
    wanted, pictures = [every[i] for i in richest], [cache[rows[i]] for i in richest]
    if not any(_sure(found).any() for found in wanted):
        return {}
    digests = [cache.items[rows[i]].sha256 for i in richest]
    checkpoint = Checkpoint(
        context.work_dir / "sensitivity.json", context.detector.identity, digests, dict(context.ranges)
    )

    def alone(layer: str) -> float:
        found = context.quantized(only(placement, layer)).detect(pictures)
        return float(np.mean([damage(*pair) for pair in zip(wanted, found, strict=True)]))

    hurt: dict[str, float] = {}
    for layer in placement.layers:
        hurt[layer] = checkpoint.get_or_measure(layer, partial(alone, layer))
        context.progress("trying layers", len(hurt), len(placement.layers))
    return hurt


def damage(reference: Detections, found: Detections) -> float:
    """How much of the reference's boxes is lost, 0 to 1 each; overlap times share of the score is what is left."""
    lost = 0.0
    for row in np.flatnonzero(_sure(reference)):
        same = found.class_id == reference.class_id[row]
        share = np.minimum(1.0, found.score[same] / reference.score[row])
        lost += 1.0 - float((iou(reference.xyxy[row : row + 1], found.xyxy[same])[0] * share).max(initial=0.0))
    return lost


def _sure(found: Detections) -> NDArray[np.bool_]:
    return found.score >= TRUTH_SCORE


def multiplications(model: onnx.ModelProto) -> dict[str, int]:
    """Multiplications for one picture of each weighted layer whose tensors' shapes are known, by its name."""
    graph = with_inferred_shapes(model)
    shapes, work = graph.shapes(), {}
    for node in weighted_layers(graph):
        weights = graph.constants[node.input[1]].dims
        # Of a transposed convolution each input meets its weights, of the others each output.
        shape = shapes.get(node.input[0] if node.op_type == "ConvTranspose" else node.output[0])
        channels = weights[1] if node.op_type == "Gemm" and not attribute(node, "transB", 0) else weights[0]
        if shape is not None:
            sizes = (size or 1 for size in shape)  # what varies is the batch
            work[node.name] = math.prod(sizes) * math.prod(weights) // channels
    return work
