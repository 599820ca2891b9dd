"""Where quantizers go, by TensorRT's rules for explicit quantization.

Inputs of weighted layers are quantized, never outputs: TensorRT fuses a layer with the quantizer after it. Sources:
TensorRT's developer guide ("Explicit Quantization", "Q/DQ Layer-Placement Recommendations"), and for the widths and the
residual branch the rules of NVIDIA's modelopt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import onnx

from edge_app.onnx_graph import OnnxGraph, attribute

QUANTIZABLE = ("Conv", "ConvTranspose", "Gemm")  # what has weights that TensorRT computes in INT8
NARROW = 16  # channels below which INT8 gains nothing
# What TensorRT moves quantizers across; of Resize only the nearest.
COMMUTING = frozenset(
    ("Concat", "Flatten", "MaxPool", "Reshape", "Resize", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze")
)
ACTIVATIONS = ("Relu", "Clip", "LeakyRelu")


class Use(NamedTuple):
    """An input of a node: its name and the input's number."""

    node: str
    input: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Which layers are quantized, and at which edges of the graph.

    Attributes:
        layers: Weighted nodes that are computed in INT8.
        excluded: Nodes with weights that never are, by rule.
        uses: What reads a tensor quantized, by the tensor's name.
        shared: Sets of those tensors that have a scale in common.
    """

    layers: tuple[str, ...]
    excluded: tuple[str, ...]
    uses: Mapping[str, tuple[Use, ...]]
    shared: tuple[frozenset[str], ...]


def place(graph: OnnxGraph, floating: Collection[str] = ()) -> Placement:
    """Where quantizers go; the layers `floating` are left in float.

    The tensors that are quantized with some layers in float are among those that are without.
    """
    worthwhile = [node for node in weighted_layers(graph) if _is_worth_quantizing(node, graph)]
    layers = [node for node in worthwhile if node.name not in floating]
    uses: dict[str, list[Use]] = {}
    for node in layers:
        uses.setdefault(node.input[0], []).append(Use(node.name, 0))
    for tensor, use in [*_residual(graph, uses)]:
        uses.setdefault(tensor, []).append(use)
    for node in graph.nodes:
        if node.op_type in ("MaxPool", "Resize") and _leads_to(node, uses, graph):
            uses.setdefault(node.input[0], []).append(Use(node.name, 0))
    for tensor, use in [*_concatenated(graph, uses)]:
        uses[tensor].append(use)
    weighted = (*weighted_layers(graph), *_constant_products(graph))
    return Placement(
        layers=tuple(node.name for node in layers),
        excluded=tuple(node.name for node in weighted if node not in worthwhile),
        uses={tensor: tuple(found) for tensor, found in uses.items()},
        shared=_shared(graph, uses),
    )


def only(placement: Placement, layer: str) -> Placement:
    """The placement with nothing but that layer quantized, with the scales that it has among the others."""
    uses = {tensor: (Use(layer, 0),) for tensor, found in placement.uses.items() if Use(layer, 0) in found}
    return Placement((layer,), placement.excluded, uses, placement.shared)


def weighted_layers(graph: OnnxGraph) -> list[onnx.NodeProto]:
    """The nodes that INT8 could compute and whose weights are float32 initializers."""
    return [
        node
        for node in graph.of_type(*QUANTIZABLE)
        if node.input[1] in graph.constants and graph.constants[node.input[1]].data_type == onnx.TensorProto.FLOAT
    ]


def _constant_products(graph: OnnxGraph) -> list[onnx.NodeProto]:
    """Matrix products with a constant, as transformers have them, which are not quantized here."""
    return [node for node in graph.of_type("MatMul") if set(node.input) & set(graph.constants)]


def _is_worth_quantizing(node: onnx.NodeProto, graph: OnnxGraph) -> bool:
    """Whether INT8 gains more there than it costs: not in attention, narrow layers (so the first) and heads.

    A head after a ReLU is worth it: the layer before gets an INT8 output, and what ReLU leaves is easily quantized.
    """
    shape = list(graph.constants[node.input[1]].dims)
    if _ends(node, graph):
        producer = graph.producer(node.input[0])
        return node.op_type == "Conv" and producer is not None and producer.op_type == "Relu" and shape[1] >= NARROW
    if node.op_type == "Gemm":
        return bool(attribute(node, "transA", 0) == 0 and min(shape) >= NARROW)
    if attribute(node, "group", 1) > 1:
        return bool(shape[0] % 8 == 0)
    return bool(min(shape[:2]) >= NARROW)


def _ends(node: onnx.NodeProto, graph: OnnxGraph) -> bool:
    """Whether no weighted layer follows, or the product of two activations comes first, as in attention."""
    reached, seen, weighted = [node], set(), False
    while reached:
        for tensor in reached.pop().output:
            for consumer in graph.consumers(tensor):
                if consumer.op_type == "MatMul" and not set(consumer.input) & set(graph.constants):
                    return True
                if consumer.name in seen:
                    continue
                seen.add(consumer.name)
                if consumer.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
                    weighted = True
                else:
                    reached.append(consumer)
    return not weighted


def _residual(graph: OnnxGraph, quantized: Collection[str]) -> Iterator[tuple[str, Use]]:
    """Inputs of additions before a quantizer, except one that comes straight from a convolution, which fuses."""
    for node in graph.nodes:
        if node.op_type != "Add" or any(tensor in graph.constants for tensor in node.input):
            continue
        after = [node.output[0], *(c.output[0] for c in graph.consumers(node.output[0]) if c.op_type in ACTIVATIONS)]
        if not any(tensor in quantized for tensor in after):
            continue
        fuses = next((i for i, tensor in enumerate(node.input) if _is_convolutions_own(tensor, graph)), None)
        yield from ((tensor, Use(node.name, i)) for i, tensor in enumerate(node.input) if i != fuses)


def _is_convolutions_own(tensor: str, graph: OnnxGraph) -> bool:
    producer = graph.producer(tensor)
    return producer is not None and producer.op_type == "Conv" and len(graph.consumers(tensor)) == 1


def _leads_to(node: onnx.NodeProto, quantized: Collection[str], graph: OnnxGraph) -> bool:
    """Whether everything that reads its output does so quantized, at once or across what commutes."""
    if not _commutes(node):
        return False
    consumers = graph.consumers(node.output[0])
    return node.output[0] in quantized or (
        bool(consumers) and all(_leads_to(each, quantized, graph) for each in consumers)
    )


def _commutes(node: onnx.NodeProto) -> bool:
    """Whether a quantizer may stand before it as well as behind it."""
    return node.op_type in COMMUTING and attribute(node, "mode", b"nearest") == b"nearest"


def _concatenated(graph: OnnxGraph, quantized: Collection[str]) -> Iterator[tuple[str, Use]]:
    """Inputs of concatenations before a quantizer that are quantized for others anyway."""
    for node in graph.nodes:
        if node.op_type == "Concat" and node.output[0] in quantized:
            yield from ((tensor, Use(node.name, i)) for i, tensor in enumerate(node.input) if tensor in quantized)


def _shared(graph: OnnxGraph, uses: Mapping[str, Sequence[Use]]) -> tuple[frozenset[str], ...]:
    """One scale for all that meets in a concatenation, pool or resizing, so that nothing has to be rescaled there."""
    groups = {tensor: frozenset((tensor,)) for tensor in uses}
    for tensor, found in uses.items():
        for consumer in (graph.node(use.node) for use in found):
            if consumer.op_type in ("Concat", "MaxPool", "Resize"):
                union = frozenset().union(*(groups[met] for met in (tensor, *_met(consumer, uses, graph))))
                groups |= dict.fromkeys(union, union)
    return tuple({group for group in groups.values() if len(group) > 1})


def _met(node: onnx.NodeProto, quantized: Collection[str], graph: OnnxGraph) -> Iterator[str]:
    """Tensors behind it that are quantized, at once or across what commutes."""
    if not _commutes(node):
        return
    if node.output[0] in quantized:
        yield node.output[0]
        return
    for consumer in graph.consumers(node.output[0]):
        yield from _met(consumer, quantized, graph)
