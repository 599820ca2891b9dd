"""Full TensorRT, simulated: it remembers what it was told and "builds" its own notes.

It has names that the bindings of every version have (test_names.py holds the program to those), and the flags of its
version. It shows what the program asks for, not what TensorRT would make of it.
"""

from __future__ import annotations

import json
from enum import IntEnum
from types import ModuleType, SimpleNamespace

import onnx


class ILogger:
    Severity = IntEnum("Severity", "INTERNAL_ERROR ERROR WARNING INFO VERBOSE", start=0)


class IProgressMonitor:
    pass


WEAK = "FP16 INT8 PREFER_PRECISION_CONSTRAINTS"
DataType = IntEnum("DataType", "FLOAT HALF INT64", start=0)
LayerType = IntEnum("LayerType", "CONVOLUTION DECONVOLUTION MATRIX_MULTIPLY ELEMENTWISE", start=0)
LAYER_TYPES = {
    "Conv": "CONVOLUTION",
    "ConvTranspose": "DECONVOLUTION",
    "MatMul": "MATRIX_MULTIPLY",
    "Gemm": "MATRIX_MULTIPLY",
}


class Cache:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def serialize(self) -> bytes:
        return self.content + b"+measured"


class Config:
    def __init__(self) -> None:
        self.flags: list[str] = []
        self.cleared: list[str] = []
        self.pools: dict[str, int] = {}
        self.profiles: list[dict[str, list[tuple[int, ...]]]] = []
        self.timing_cache: Cache | None = None

    def set_flag(self, flag) -> None:
        self.flags.append(flag.name)

    def clear_flag(self, flag) -> None:
        self.cleared.append(flag.name)

    def set_memory_pool_limit(self, pool, size: int) -> None:
        self.pools[pool.name] = size

    def create_timing_cache(self, content: bytes) -> Cache:
        return Cache(content)

    def set_timing_cache(self, cache: Cache, ignore_mismatch: bool) -> None:
        self.timing_cache = cache

    def add_optimization_profile(self, profile) -> None:
        self.profiles.append(profile.shapes)


class Profile:
    def __init__(self) -> None:
        self.shapes: dict[str, list[tuple[int, ...]]] = {}

    def set_shape(self, name, least, usual, most) -> None:
        self.shapes[name] = [least, usual, most]


class Layer:
    """A node of the ONNX file."""

    def __init__(self, node: onnx.NodeProto) -> None:
        self.name, self._node = node.name, node
        self.type = getattr(LayerType, LAYER_TYPES.get(node.op_type, "ELEMENTWISE"))
        self.num_inputs, self.num_outputs = len(node.input), len(node.output)
        self.precision: DataType | None = None
        self.output_types: dict[int, DataType] = {}

    def get_input(self, place: int) -> SimpleNamespace | None:
        return self._tensor(self._node.input[place]) if self._node.input[place] else None

    def get_output(self, place: int) -> SimpleNamespace:
        return self._tensor(self._node.output[place])

    def set_output_type(self, place: int, dtype: DataType) -> None:
        self.output_types[place] = dtype

    def _tensor(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(name=name, dtype=DataType.INT64 if self._node.op_type == "Shape" else DataType.FLOAT)


class Network:
    def __init__(self, flags: int) -> None:
        self.flags, self.onnx = flags, b""
        self._layers: list[Layer] = []
        self._outputs: list[SimpleNamespace] = []

    def read(self, content: bytes) -> None:
        self.onnx = content
        graph = onnx.load_from_string(content).graph
        self._layers = [Layer(node) for node in graph.node]
        self._outputs = [SimpleNamespace(name=o.name, shape=_shape(o.type.tensor_type)) for o in graph.output]

    @property
    def num_outputs(self) -> int:
        return len(self._outputs)

    def get_output(self, place: int) -> SimpleNamespace:
        return self._outputs[place]

    @property
    def num_layers(self) -> int:
        return len(self._layers)

    def get_layer(self, index: int) -> Layer:
        return self._layers[index]


def _shape(tensor: onnx.TypeProto.Tensor) -> tuple[int, ...]:
    return tuple(dim.dim_value or -1 for dim in tensor.shape.dim)


class Builder:
    fails_with = ""

    def __init__(self, logger) -> None:
        self._logger = logger

    def create_network(self, flags: int) -> Network:
        return Network(flags)

    def create_builder_config(self) -> Config:
        return Config()

    def create_optimization_profile(self) -> Profile:
        return Profile()

    def build_serialized_network(self, network, config: Config) -> bytes | None:
        if self.fails_with:
            self._logger.log(ILogger.Severity.ERROR, self.fails_with)
            return None
        notes = {
            "strongly_typed": bool(network.flags),
            "flags": config.flags,
            "cleared": config.cleared,
            "pools": config.pools,
            "profiles": config.profiles,
            "timings": config.timing_cache.content.decode() if config.timing_cache else None,
            "fp32_layers": [
                layer.name
                for layer in map(network.get_layer, range(network.num_layers))
                if layer.precision == DataType.FLOAT and layer.output_types == {0: DataType.FLOAT}
            ],
            "fp16_in_file": b"graph_input_cast" in network.onnx,
        }
        return json.dumps(notes).encode()


class OnnxParser:
    num_errors = 0

    def __init__(self, network, logger) -> None:
        self._network = network

    def parse(self, content: bytes, path: str) -> bool:
        self._network.read(content)
        return True


def simulated(version: str, fails_with: str = "") -> ModuleType:
    """The module `tensorrt` of that version, whose builds fail with that text where there is one."""
    trt = ModuleType("tensorrt")
    trt.__dict__.update(
        __version__=version,
        ILogger=ILogger,
        IProgressMonitor=IProgressMonitor,
        Builder=type("Builder", (Builder,), {"fails_with": fails_with}),
        OnnxParser=OnnxParser,
        BuilderFlag=IntEnum("BuilderFlag", f"{WEAK} TF32" if version.startswith("10.") else "TF32"),
        DataType=DataType,
        LayerType=LayerType,
        MemoryPoolType=IntEnum("MemoryPoolType", "WORKSPACE"),
        NetworkDefinitionCreationFlag=IntEnum(
            "NetworkDefinitionCreationFlag", "EXPLICIT_BATCH STRONGLY_TYPED", start=0
        ),
        ProfilingVerbosity=IntEnum("ProfilingVerbosity", "LAYER_NAMES_ONLY NONE DETAILED"),
    )
    return trt
