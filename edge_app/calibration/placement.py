"""Where quantizers go, by TensorRT's rules for explicit quantization.

Inputs of weighted layers are quantized, never outputs: TensorRT fuses a layer with the quantizer after it. Sources:
TensorRT's developer guide ("Explicit Quantization", "Q/DQ Layer-Placement Recommendations"), and for the widths and the
residual branch the rules of NVIDIA's modelopt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx

from edge_app.calibration.wiring import Use, Wiring, attribute

NARROW = 16  # channels below which INT8 gains nothing
# What TensorRT moves quantizers across; of Resize only the nearest.
COMMUTING = frozenset(
    ("Concat", "Flatten", "MaxPool", "Reshape", "Resize", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze")
)
ACTIVATIONS = ("Relu", "Clip", "LeakyRelu")


@dataclass(frozen=True, slots=True)
class Placement:
    """Which layers are quantized, and at which edges of the graph.

    Attributes:
        layers: Weighted nodes that are computed in INT8.
        left: Nodes with weights that never are, by rule.
        uses: Where the quantized form of a tensor is taken, by the tensor's name.
        shared: Sets of those tensors that have one scale.
    """

    layers: tuple[str, ...]
    left: tuple[str, ...]
    uses: Mapping[str, tuple[Use, ...]]
    shared: tuple[frozenset[str], ...]


def place(wiring: Wiring, floating: Collection[str] = ()) -> Placement:
    """Where quantizers go; the layers `floating` are left in float.

    The tensors that are quantized with some layers in float are among those that are without.
    """
    worth = [node for node in wiring.weighted if _worth(node, wiring)]
    layers = [node for node in worth if node.name not in floating]
    uses: dict[str, list[Use]] = {}
    for node in layers:
        uses.setdefault(node.input[0], []).append(Use(node.name, 0))
    for tensor, use in [*_residual(wiring, uses)]:
        uses.setdefault(tensor, []).append(use)
    for node in wiring.nodes.values():
        if node.op_type in ("MaxPool", "Resize") and _leads_to(node, uses, wiring):
            uses.setdefault(node.input[0], []).append(Use(node.name, 0))
    for tensor, use in [*_concatenated(wiring, uses)]:
        uses[tensor].append(use)
    return Placement(
        layers=tuple(node.name for node in layers),
        left=tuple(node.name for node in (*wiring.weighted, *wiring.products) if node not in worth),
        uses={tensor: tuple(found) for tensor, found in uses.items()},
        shared=_shared(wiring, uses),
    )


def only(placement: Placement, layer: str) -> Placement:
    """The placement with nothing but that layer quantized, with the scales that it has among the others."""
    uses = {tensor: (Use(layer, 0),) for tensor, found in placement.uses.items() if Use(layer, 0) in found}
    return Placement((layer,), placement.left, uses, placement.shared)


def _worth(node: onnx.NodeProto, wiring: Wiring) -> bool:
    """Whether INT8 gains more there than it costs: not in attention, narrow layers (so the first) and heads.

    A head after a ReLU is worth it: the layer before gets an INT8 output, and what ReLU leaves is easily quantized.
    """
    shape = list(wiring.constants[node.input[1]].dims)
    if _ends(node, wiring):
        maker = wiring.makers.get(node.input[0])
        return node.op_type == "Conv" and maker is not None and maker.op_type == "Relu" and shape[1] >= NARROW
    if node.op_type == "Gemm":
        return bool(attribute(node, "transA", 0) == 0 and min(shape) >= NARROW)
    if attribute(node, "group", 1) > 1:
        return bool(shape[0] % 8 == 0)
    return bool(min(shape[:2]) >= NARROW)


def _ends(node: onnx.NodeProto, wiring: Wiring) -> bool:
    """Whether no weighted layer comes after it, or the product of two activations does before one: attention."""
    reached, seen, weighted = [node], set(), False
    while reached:
        for tensor in reached.pop().output:
            for taker in wiring.takers(tensor):
                if taker.op_type == "MatMul" and not set(taker.input) & set(wiring.constants):
                    return True
                if taker.name in seen:
                    continue
                seen.add(taker.name)
                if taker.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
                    weighted = True
                else:
                    reached.append(taker)
    return not weighted


def _residual(wiring: Wiring, quantized: Collection[str]) -> Iterator[tuple[str, Use]]:
    """Inputs of additions before a quantizer, but for one that comes straight from a convolution, which fuses."""
    for node in wiring.nodes.values():
        if node.op_type != "Add" or any(tensor in wiring.constants for tensor in node.input):
            continue
        after = [node.output[0], *(t.output[0] for t in wiring.takers(node.output[0]) if t.op_type in ACTIVATIONS)]
        if not any(tensor in quantized for tensor in after):
            continue
        fuses = next((i for i, tensor in enumerate(node.input) if _is_convolutions_own(tensor, wiring)), None)
        yield from ((tensor, Use(node.name, i)) for i, tensor in enumerate(node.input) if i != fuses)


def _is_convolutions_own(tensor: str, wiring: Wiring) -> bool:
    maker = wiring.makers.get(tensor)
    return maker is not None and maker.op_type == "Conv" and len(wiring.uses[tensor]) == 1


def _leads_to(node: onnx.NodeProto, quantized: Collection[str], wiring: Wiring) -> bool:
    """Whether everything that takes its output does so quantized, at once or across what commutes."""
    if not _commutes(node):
        return False
    takers = wiring.takers(node.output[0])
    return node.output[0] in quantized or (bool(takers) and all(_leads_to(t, quantized, wiring) for t in takers))


def _commutes(node: onnx.NodeProto) -> bool:
    """Whether a quantizer may stand before it as well as behind it."""
    return node.op_type in COMMUTING and attribute(node, "mode", b"nearest") == b"nearest"


def _concatenated(wiring: Wiring, quantized: Collection[str]) -> Iterator[tuple[str, Use]]:
    """Inputs of concatenations before a quantizer that are quantized for others anyway."""
    for node in wiring.nodes.values():
        if node.op_type == "Concat" and node.output[0] in quantized:
            yield from ((tensor, Use(node.name, i)) for i, tensor in enumerate(node.input) if tensor in quantized)


def _shared(wiring: Wiring, uses: Mapping[str, Sequence[Use]]) -> tuple[frozenset[str], ...]:
    """One scale for all that meets in a concatenation, pool or resizing, so that nothing has to be rescaled there."""
    groups = {tensor: frozenset((tensor,)) for tensor in uses}
    for tensor, found in uses.items():
        for taker in (wiring.nodes[use.node] for use in found):
            if taker.op_type in ("Concat", "MaxPool", "Resize"):
                union = frozenset().union(*(groups[met] for met in (tensor, *_met(taker, uses, wiring))))
                groups |= dict.fromkeys(union, union)
    return tuple({group for group in groups.values() if len(group) > 1})


def _met(node: onnx.NodeProto, quantized: Collection[str], wiring: Wiring) -> Iterator[str]:
    """Tensors behind it that are quantized, at once or across what commutes."""
    if not _commutes(node):
        return
    if node.output[0] in quantized:
        yield node.output[0]
        return
    for taker in wiring.takers(node.output[0]):
        yield from _met(taker, quantized, wiring)
