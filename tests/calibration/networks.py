"""Small FP32 networks, node by node, that have the layouts which matter to where quantizers go."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 16


class Network:
    """Puts nodes together; every method returns the name of what it made, which is the node's too."""

    def __init__(self, batch: int | str = 1, opset: int = 17) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])
        self._rng = np.random.default_rng(0)
        self._opset = opset

    def node(self, kind: str, name: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, values: object) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def conv(self, name: str, source: str, inputs: int, outputs: int, kernel: int = 1, group: int = 1) -> str:
        """A convolution with bias that keeps the picture's size."""
        shape = outputs, inputs // group, kernel, kernel
        weights = self._rng.normal(0, 1 / np.sqrt(inputs // group * kernel**2), shape).astype(np.float32)
        bias = self._rng.normal(0, 0.1, outputs).astype(np.float32)
        names = self.constant(f"{name}.weight", weights), self.constant(f"{name}.bias", bias)
        return self.node("Conv", name, source, *names, pads=[kernel // 2] * 4, group=group)

    def silu(self, name: str, source: str) -> str:
        return self.node("Mul", name, source, self.node("Sigmoid", f"{name}.sigmoid", source))

    def relu(self, name: str, source: str) -> str:
        return self.node("Relu", name, source)

    def model(self, *outputs: str) -> onnx.ModelProto:
        found = [helper.make_empty_tensor_value_info(name) for name in outputs]
        graph = helper.make_graph(self.nodes, "test", [self.image], found, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self._opset)], ir_version=8)
        helper.set_model_props(model, {"names": "{0: 'car'}"})
        return onnx.shape_inference.infer_shapes(model)


def every_layout() -> onnx.ModelProto:
    """A stem, a residual branch, a depthwise convolution, pools, a resizing, concatenations and a narrow head."""
    n = Network()
    stem = n.relu("stem.act", n.conv("stem", "images", 3, 16, 3))
    first = n.silu("first.act", n.conv("first", stem, 16, 16, 3))
    straight = n.node("Add", "straight", first, n.conv("second", first, 16, 16, 3))
    after = n.relu("straight.act", straight)
    bent = n.node("Add", "bent", after, n.silu("third.act", n.conv("third", after, 16, 16)))
    depth = n.silu("depth.act", n.conv("depth", bent, 16, 16, 3, group=16))
    pool = n.node("MaxPool", "pool", depth, kernel_shape=[3, 3], pads=[1] * 4)
    spp = n.silu("spp.act", n.conv("spp", n.node("Concat", "pools", depth, pool, axis=1), 32, 16))
    small = n.node("MaxPool", "small", spp, kernel_shape=[2, 2], strides=[2, 2])
    deep = n.silu("deep.act", n.conv("deep", small, 16, 16))
    sizes = n.constant("no_region", np.zeros(0, np.float32)), n.constant("twice", np.float32([1, 1, 2, 2]))
    up = n.node("Resize", "up", deep, *sizes, mode="nearest")
    neck = n.silu("neck.act", n.conv("neck", n.node("Concat", "joined", up, spp, axis=1), 32, 24))
    weights = n.constant("wide.weight", np.float32(np.random.default_rng(1).normal(0, 0.1, (24, 16, 2, 2))))
    wide = n.relu("wide.act", n.node("ConvTranspose", "wide", neck, weights, strides=[2, 2]))
    n.conv("box", n.silu("box.act", n.conv("box.before", wide, 16, 16)), 16, 4)
    return n.model("box")
