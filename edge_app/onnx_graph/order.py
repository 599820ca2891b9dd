"""Puts nodes after those whose outputs they read, as ONNX requires and not every exporter does."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from onnx import ModelProto, NodeProto

from edge_app.onnx_graph.parts import graphs, reads


def sort_nodes(model: ModelProto) -> None:
    """Sorts every graph and function of the model that is not in order; raises ValueError if that is impossible."""
    for graph in graphs(model):
        nodes = list(graph.node)
        ordered = in_order(nodes)
        if any(node is not other for node, other in zip(nodes, ordered, strict=True)):
            del graph.node[:]
            graph.node.extend(ordered)


def in_order(nodes: Sequence[NodeProto]) -> list[NodeProto]:
    """The nodes, each behind those that make what it reads; as they are if they are in order.

    Raises:
        ValueError: They form a cycle; the text names a node of it.
    """
    makers = {output: place for place, node in reversed(list(enumerate(nodes))) for output in node.output if output}
    needs = {place: [makers[name] for name in reads(node) if name in makers] for place, node in enumerate(nodes)}
    if all(max(before, default=-1) < place for place, before in needs.items()):
        return list(nodes)
    try:
        return [nodes[place] for place in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        node = nodes[error.args[1][0]]
        raise ValueError(f"its nodes form a cycle, at {node.name or node.op_type}") from error
