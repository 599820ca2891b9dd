"""An ONNX graph as it is walked: who makes a tensor, who takes it, which tensors are constants."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

WEIGHTED = ("Conv", "ConvTranspose", "Gemm")  # what has weights that TensorRT computes in INT8


class Use(NamedTuple):
    """An input of a node: its name and the input's number."""

    node: str
    input: int


class Wiring:
    """Look-ups into one graph, whose nodes all have a name of their own (see `named`).

    Attributes:
        nodes: By name, in the order of the graph.
        makers: The node that makes a tensor, by the tensor's name.
        uses: Where a tensor is taken, by its name.
        constants: Initializers by name.
        inputs: Names of the graph's inputs, initializers left out.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self.nodes = {node.name: node for node in graph.node}
        self.makers = {output: node for node in graph.node for output in node.output}
        self.uses: defaultdict[str, list[Use]] = defaultdict(list)
        for node in graph.node:
            for index, tensor in enumerate(node.input):
                self.uses[tensor].append(Use(node.name, index))
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.inputs = {value.name for value in graph.input} - set(self.constants)

    def takers(self, tensor: str) -> list[onnx.NodeProto]:
        """The nodes that take it."""
        return [self.nodes[use.node] for use in self.uses[tensor]]

    def weights(self, node: onnx.NodeProto) -> NDArray[np.float32]:
        """Weights of a node in `weighted`."""
        return numpy_helper.to_array(self.constants[node.input[1]])

    @property
    def products(self) -> list[onnx.NodeProto]:
        """Matrix products with a constant, which are not quantized here: those of transformers."""
        every = self.nodes.values()
        return [node for node in every if node.op_type == "MatMul" and set(node.input) & set(self.constants)]

    @property
    def weighted(self) -> list[onnx.NodeProto]:
        """Nodes whose weights are constants of the file, float32."""
        return [
            node
            for node in self.nodes.values()
            if node.op_type in WEIGHTED
            and node.input[1] in self.constants
            and self.constants[node.input[1]].data_type == onnx.TensorProto.FLOAT
        ]


def named(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose nodes all have a name of their own and whose constants are initializers."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    taken: set[str] = set()
    for index, node in enumerate(copy.graph.node):
        name = node.name or f"{node.op_type}_{index}"
        node.name = name if name not in taken else f"{name}_{index}"
        taken.add(node.name)
    constants = [node for node in copy.graph.node if node.op_type == "Constant" and node.attribute[0].name == "value"]
    for node in constants:
        tensor = copy.graph.initializer.add()
        tensor.CopyFrom(node.attribute[0].t)
        tensor.name = node.output[0]
        copy.graph.node.remove(node)
    return copy


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """The node's attribute of that name, else the default."""
    return next((onnx.helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)
