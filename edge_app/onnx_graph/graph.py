"""The editor of a graph: producers and consumers of tensors, constants, new nodes, names, order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from edge_app.onnx_graph.order import in_order
from edge_app.onnx_graph.parts import inner_graphs

ONNX_DOMAINS = ("", "ai.onnx")


class OnnxGraph:
    """The main graph of a model. Look-ups see every edit at once; `to_model` writes the result.

    Attributes:
        nodes: In the graph's order; change them through the methods below only, so that look-ups stay right.
        constants: Initializers by name.
    """

    def __init__(self, model: ModelProto) -> None:
        """Takes the model over: edits change its nodes. Pass a copy if the model is needed as it is."""
        self._model = model
        self.nodes: list[NodeProto] = list(model.graph.node)
        self.constants: dict[str, TensorProto] = {tensor.name: tensor for tensor in model.graph.initializer}
        self._index()

    def copy(self) -> OnnxGraph:
        """A graph that can be edited without changing this one."""
        return OnnxGraph(self.to_model())

    def to_model(self) -> ModelProto:
        """A new model with the nodes and constants of now; it shares nothing with the graph."""
        model = ModelProto()
        model.CopyFrom(self._model)
        for field in ("node", "initializer"):
            model.graph.ClearField(field)
        model.graph.node.extend(self.nodes)
        model.graph.initializer.extend(self.constants.values())
        return model

    @property
    def inputs(self) -> list[str]:
        """Names of what has to be fed."""
        return [value.name for value in self._model.graph.input if value.name not in self.constants]

    @property
    def outputs(self) -> list[str]:
        """Names of the model's outputs."""
        return [value.name for value in self._model.graph.output]

    def node(self, name: str) -> NodeProto:
        """The node of that name; unambiguous after `name_nodes`. Raises KeyError if there is none."""
        return self._by_name[name]

    def of_type(self, *operators: str) -> list[NodeProto]:
        """All nodes of these operators, in order."""
        return [node for node in self.nodes if node.op_type in operators]

    def with_subgraphs(self) -> list[NodeProto]:
        """Nodes such as If and Loop: graphs inside them may read tensors that are not among the node's inputs."""
        return [node for node in self.nodes if next(inner_graphs(node), None) is not None]

    def producer(self, tensor: str, operator: str | None = None) -> NodeProto | None:
        """The node that makes the tensor; None for inputs, constants and nodes of another operator than asked for."""
        node = self._producers.get(tensor)
        return node if node is not None and (operator is None or node.op_type == operator) else None

    def consumers(self, tensor: str) -> list[NodeProto]:
        """The nodes that read the tensor; one that reads it twice is listed twice."""
        return list(self._consumers.get(tensor, ()))

    def sole_consumer(self, tensor: str, operator: str) -> NodeProto | None:
        """The only reader of the tensor; None if it is of another operator or the tensor is an output of the model."""
        consumers = self.consumers(tensor)
        alone = len(consumers) == 1 and consumers[0].op_type == operator and tensor not in self.outputs
        return consumers[0] if alone else None

    def array(self, tensor: str) -> NDArray[Any] | None:
        """The value of an initializer or a Constant node; None if the tensor is neither."""
        constant = self.constants.get(tensor)
        if constant is None and (node := self.producer(tensor, "Constant")) is not None:
            constant = attribute(node, "value", None)
        return None if constant is None else numpy_helper.to_array(constant)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes that the model states (see `onnx.shape_inference`), by tensor; 0 stands for a size that varies."""
        graph = self._model.graph
        return {
            value.name: tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
            for value in (*graph.value_info, *graph.input, *graph.output)
        }

    def add_constant(self, name: str, array: NDArray[Any] | np.generic) -> str:
        """Adds an initializer and returns its name; one that has this name already is kept."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(array), name)
        return name

    def add_output(self, tensor: str) -> None:
        """Makes the tensor an output of the model, unless it is one or an input."""
        graph = self._model.graph
        if all(value.name != tensor for value in (*graph.input, *graph.output)):
            graph.output.append(helper.make_empty_tensor_value_info(tensor))

    def add(self, operator: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Appends a node that makes `output` and is named after it; returns `output`."""
        self.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        if all(opset.domain != domain for opset in self._model.opset_import):
            self._model.opset_import.append(helper.make_opsetid(domain, 1))
        return output

    def append(self, node: NodeProto) -> None:
        """Puts the node last; `sort` or `prune` puts it behind its inputs' producers."""
        self.nodes.append(node)
        self._enter(node)

    def insert_after(self, groups: Mapping[str, Sequence[NodeProto]]) -> None:
        """Puts each group of nodes behind the producer of its tensor, or first if no node produces the tensor."""
        nodes = [added for tensor, group in groups.items() if tensor not in self._producers for added in group]
        for node in self.nodes:
            nodes += [node, *(added for output in node.output for added in groups.get(output, ()))]
        self.nodes = nodes
        self._index()

    def remove(self, *nodes: NodeProto) -> None:
        """Drops the nodes; whoever read what they made must be given other inputs."""
        self.nodes = [node for node in self.nodes if all(node is not each for each in nodes)]
        self._index()

    def set_inputs(self, node: NodeProto, inputs: Sequence[str]) -> None:
        """Lets the node read these tensors."""
        for tensor in set(node.input):
            self._consumers[tensor] = [reader for reader in self._consumers[tensor] if reader is not node]
        node.input[:] = inputs
        for tensor in inputs:
            self._consumers[tensor].append(node)

    def set_input(self, node: NodeProto, place: int, tensor: str) -> None:
        """Lets the node read another tensor as its input number `place`."""
        self.set_inputs(node, [*node.input[:place], tensor, *node.input[place + 1 :]])

    def fold_constants(self) -> None:
        """Turns Constant nodes that hold a tensor into initializers."""
        folded = [node for node in self.of_type("Constant") if node.attribute[0].name == "value"]
        for node in folded:
            tensor = TensorProto()
            tensor.CopyFrom(node.attribute[0].t)
            tensor.name = node.output[0]
            self.constants[tensor.name] = tensor
        self.remove(*folded)

    def name_nodes(self) -> None:
        """Gives every node a name that no other node has; names that are unique stay."""
        taken: set[str] = set()
        for index, node in enumerate(self.nodes):
            name = node.name or f"{node.op_type}_{index}"
            node.name = name if name not in taken else f"{name}_{index}"
            taken.add(node.name)
        self._index()

    def unused_names(self, stem: str, endings: Sequence[str]) -> list[str]:
        """A name with each ending that neither a node nor a tensor has."""
        known = {value.name for value in self._model.graph.input}
        everything = (known, self.constants, self._by_name, self._producers)
        while any(f"{stem}_{ending}" in names for ending in endings for names in everything):
            stem += "_"
        return [f"{stem}_{ending}" for ending in endings]

    def sort(self) -> None:
        """Puts every node behind the producers of its inputs; raises ValueError if nodes need each other."""
        self.nodes = in_order(self.nodes)

    def prune(self) -> None:
        """Keeps the nodes and constants that an output needs, every node behind the producers of its inputs."""
        ordered: dict[int, NodeProto] = {}
        entered: set[int] = set()
        waiting = self.outputs
        while waiting:
            node = self._producers.get(waiting[-1])
            if node is None or id(node) in ordered:
                waiting.pop()
            elif id(node) in entered:
                ordered[id(node)] = node
            else:
                entered.add(id(node))
                waiting += node.input
        self.nodes = list(ordered.values())
        self._index()
        needed = self._consumers.keys() | set(self.outputs)
        self.constants = {name: tensor for name, tensor in self.constants.items() if name in needed}

    def _index(self) -> None:
        self._by_name: dict[str, NodeProto] = {}
        self._producers: dict[str, NodeProto] = {}
        self._consumers: defaultdict[str, list[NodeProto]] = defaultdict(list)
        for node in self.nodes:
            self._enter(node)

    def _enter(self, node: NodeProto) -> None:
        self._by_name[node.name] = node
        self._producers.update(dict.fromkeys(node.output, node))
        for tensor in node.input:
            self._consumers[tensor].append(node)


def attribute(node: NodeProto, name: str, default: Any) -> Any:
    """The node's attribute of that name, else the default; strings are bytes."""
    return next((helper.get_attribute_value(each) for each in node.attribute if each.name == name), default)


def opset(model: ModelProto) -> int:
    """The version of ONNX's own operators that the model is written in."""
    return max((entry.version for entry in model.opset_import if entry.domain in ONNX_DOMAINS), default=1)


def with_inferred_shapes(model: ModelProto) -> OnnxGraph:
    """A graph of a copy of the model, whose tensors' shapes are known as far as ONNX can tell."""
    return OnnxGraph(onnx.shape_inference.infer_shapes(model))
