"""Small INT8 networks as `calibrate` writes them: symmetric Q/DQ on the inputs and weights of convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from edge_app.engine.ort.session import DISABLED_OPTIMIZERS

CHANNELS, SIDE = 8, 16


class Network:
    """Puts nodes together; every method returns the name of what it made."""

    def __init__(self, seed: int = 0, batch: str | int = "batch", side: str | int = SIDE) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        shape = [batch, CHANNELS, side, side]
        self.input = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
        self._count = 0

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        self._count += 1
        name = f"{kind.lower()}_{self._count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, array: np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name

    def rounded(self, tensor: str, scale: float | np.ndarray, **axis: int) -> str:
        """Through Q/DQ."""
        scale = np.asarray(scale, np.float32)
        pair = self.constant(scale), self.constant(np.zeros(scale.shape, np.int8))
        return self.node("DequantizeLinear", self.node("QuantizeLinear", tensor, *pair, **axis), *pair, **axis)

    def weights(self, outputs: int, inputs: int, kernel: int) -> np.ndarray:
        return (self.rng.normal(size=(outputs, inputs, kernel, kernel)) / kernel / inputs**0.5).astype(np.float32)

    def conv(self, tensor: str, weights: np.ndarray, *, bias: np.ndarray | None = None, stored: str = "float") -> str:
        """A quantized convolution; its weights are stored as floats behind a Q/DQ pair, or as bytes behind a DQ."""
        scale = np.abs(weights).max((1, 2, 3)) / np.float32(127)
        if stored == "float":
            weight = self.rounded(self.constant(weights), scale, axis=0)
        else:
            values = np.rint(weights / scale[:, None, None, None]).astype(np.int8)
            inputs = values, scale, np.zeros(len(scale), np.int8)
            weight = self.node("DequantizeLinear", *map(self.constant, inputs), axis=0)
        bias = self.rng.normal(size=len(weights)).astype(np.float32) * 0.1 if bias is None else bias
        pads = [weights.shape[-1] // 2] * 4
        return self.node("Conv", tensor, weight, self.constant(bias), pads=pads)

    def block(self, tensor: str, scale: float = 0.05, kernel: int = 3) -> str:
        """Quantized convolution and ReLU."""
        return self.node("Relu", self.conv(self.rounded(tensor, scale), self.weights(CHANNELS, CHANNELS, kernel)))

    def model(self, output: str) -> onnx.ModelProto:
        found = helper.make_tensor_value_info(output, TensorProto.FLOAT, [None] * 4)
        constants = [numpy_helper.from_array(array, name) for name, array in self.constants.items()]
        graph = helper.make_graph(self.nodes, "test", [self.input], [found], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.checker.check_model(model)
        return model


def pictures(seed: int = 1, count: int = 2, side: int = SIDE) -> np.ndarray:
    """Inputs about 0, float32 (count, channels, side, side)."""
    return np.random.default_rng(seed).normal(size=(count, CHANNELS, side, side)).astype(np.float32)


def computed(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    """The answer of ONNX Runtime as the engine sets it up."""
    return _session(model, onnxruntime.SessionOptions()).run(None, {"images": images})[0]


def computed_as_written(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    """The answer of ONNX Runtime, node by node."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return _session(model, options).run(None, {"images": images})[0]


def operators(model: onnx.ModelProto, folder: Path) -> Sequence[str]:
    """What ONNX Runtime makes of the model."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    options.log_severity_level = 3
    _session(model, options)
    return [node.op_type for node in onnx.load(folder / "optimized.onnx").graph.node]


def _session(model: onnx.ModelProto, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        model.SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=DISABLED_OPTIMIZERS,
    )
