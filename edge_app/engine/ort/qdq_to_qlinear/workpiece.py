"""An ONNX graph that is being changed: who makes a tensor, who reads it, new nodes, and the order at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper


class Workpiece:
    """A copy of a model.

    Attributes:
        shapes: Of the tensors whose shape is known but for the batch: channels, height and width, and the like.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        """Copies the model and finds its shapes."""
        self._model = onnx.shape_inference.infer_shapes(model)
        graph = self._model.graph
        self.shapes = {value.name: shape for value in graph.value_info if (shape := _shape(value))}
        self._nodes = list(graph.node)
        self._outputs = [output.name for output in graph.output]
        self._arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        for node in self.nodes("Constant"):
            if node.attribute[0].name == "value":
                self._arrays[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        self._index()

    def nodes(self, kind: str) -> list[NodeProto]:
        """All nodes of that operator."""
        return [node for node in self._nodes if node.op_type == kind]

    def has_subgraphs(self) -> bool:
        """Whether a node holds a graph of its own, which may read tensors that are no inputs of the node."""
        return any(attribute.HasField("g") or attribute.graphs for node in self._nodes for attribute in node.attribute)

    def maker(self, tensor: str, kind: str) -> NodeProto | None:
        """The node that makes the tensor, if it is of that operator; new nodes are seen after `tidy`."""
        node = self._makers.get(tensor)
        return node if node is not None and node.op_type == kind else None

    def reader(self, tensor: str, kind: str) -> NodeProto | None:
        """The only reader of the tensor, if it is of that operator and the tensor is no output of the model."""
        readers = self._readers[tensor]
        alone = len(readers) == 1 and readers[0].op_type == kind and tensor not in self._outputs
        return readers[0] if alone else None

    def array(self, tensor: str) -> NDArray[Any] | None:
        """The constant of that name."""
        return self._arrays.get(tensor)

    def constant(self, name: str, array: NDArray[Any] | np.generic) -> str:
        """The name of this constant, which is made where there is none of that name."""
        if name not in self._arrays:
            self._arrays[name] = np.asarray(array)
            self._model.graph.initializer.append(numpy_helper.from_array(self._arrays[name], name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Adds a node that makes `output`; returns that."""
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        if all(opset.domain != domain for opset in self._model.opset_import):
            self._model.opset_import.append(helper.make_opsetid(domain, 1))
        return output

    def tidy(self) -> None:
        """Drops the nodes that no output needs, and puts every node behind its inputs' makers."""
        self._index()
        ordered: dict[int, NodeProto] = {}
        entered: set[int] = set()
        waiting = list(self._outputs)
        while waiting:
            node = self._makers.get(waiting[-1])
            if node is None or id(node) in ordered:
                waiting.pop()
            elif id(node) in entered:
                ordered[id(node)] = node
            else:
                entered.add(id(node))
                waiting += node.input
        self._nodes = list(ordered.values())
        self._index()

    def finish(self) -> onnx.ModelProto:
        """The changed model, with the constants that it still needs."""
        self.tidy()
        graph = self._model.graph
        constants = [tensor for tensor in graph.initializer if tensor.name in self._readers]
        graph.CopyFrom(helper.make_graph(self._nodes, graph.name, graph.input, graph.output, constants))
        return self._model

    def _index(self) -> None:
        self._makers = {output: node for node in self._nodes for output in node.output}
        self._readers: defaultdict[str, list[NodeProto]] = defaultdict(list)
        for node in self._nodes:
            for tensor in node.input:
                self._readers[tensor].append(node)


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    sizes = tuple(size.dim_value for size in value.type.tensor_type.shape.dim[1:])
    return sizes if sizes and all(sizes) else None
