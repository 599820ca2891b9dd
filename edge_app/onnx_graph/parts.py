"""What a model consists of, however deep: functions too, and graphs inside nodes, such as the branches of an If."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto


def graphs(model: ModelProto) -> Iterator[GraphProto | FunctionProto]:
    """The main graph, the functions, and the graphs inside their nodes, each after the one that holds it."""
    waiting: list[GraphProto | FunctionProto] = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        waiting += (inner for node in graph.node for inner in inner_graphs(node))


def nodes(model: ModelProto) -> Iterator[NodeProto]:
    """Every node."""
    return chain.from_iterable(graph.node for graph in graphs(model))


def tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Every constant: initializers, and what nodes hold as attributes; of a sparse one its values and their places."""
    for graph in graphs(model):
        attributes: chain[AttributeProto] = chain.from_iterable(node.attribute for node in graph.node)
        if isinstance(graph, GraphProto):
            yield from graph.initializer
            yield from (part for sparse in graph.sparse_initializer for part in (sparse.values, sparse.indices))
        else:
            attributes = chain(attributes, graph.attribute_proto)
        for attribute in attributes:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def texts(model: ModelProto) -> Iterator[str]:
    """Every name of nodes, operators, tensors and metadata; names that are not UTF-8 come as bytes or raise."""
    for node in nodes(model):
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
    for graph in graphs(model):
        if isinstance(graph, GraphProto):
            yield from (value.name for value in (*graph.input, *graph.output, *graph.initializer))
    yield from (text for entry in model.metadata_props for text in (entry.key, entry.value))


def inner_graphs(node: NodeProto) -> Iterator[GraphProto]:
    """The graphs that the node holds."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def reads(node: NodeProto) -> set[str]:
    """The tensors that the node needs: its inputs, and those that graphs inside it take from around it."""
    return set(node.input).union(*map(_captured, inner_graphs(node)))


def _captured(graph: GraphProto) -> set[str]:
    """What the graph reads and does not make itself."""
    made = {value.name for value in (*graph.input, *graph.initializer)}
    made.update(sparse.values.name for sparse in graph.sparse_initializer)
    made.update(output for node in graph.node for output in node.output)
    return {output.name for output in graph.output}.union(*map(reads, graph.node)) - made
