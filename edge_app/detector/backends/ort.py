"""ONNX Runtime as a backend, on the CPU and on CUDA."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

from edge_app import model
from edge_app.detector.backend import Int8Gain, OpenedEngine, Resolved
from edge_app.engine.config import EngineConfig
from edge_app.engine.slot import Engine
from edge_app.model import Model, ModelSignature, Precision, read_source


@dataclass(frozen=True, slots=True)
class OnnxRuntimeCpu:
    """ONNX Runtime on the CPU, which computes each file in its own precision; see `Backend`."""

    because: str
    fallback: ClassVar[None] = None
    reads_surfaces: ClassVar[bool] = False
    int8_gain: ClassVar[Int8Gain] = "measured"

    def float_precision(self, model: Model) -> Precision:
        return model.float_precision

    def read(self, model: Model, precision: Precision) -> ModelSignature:
        return read_file(model, precision)

    def digest(self, signature: ModelSignature) -> str:
        return model.digest(signature.path)

    def open(self, detector: Resolved, config: EngineConfig, keep_building: Callable[[], bool]) -> OpenedEngine:
        from edge_app.engine.ort.cpu import OnnxRuntimeEngine

        signature = detector.signature
        engine = OnnxRuntimeEngine(
            signature.path,
            detector.input,
            batch=signature.batch,
            max_batch=config.max_batch,
            slots=config.slots,
            threads=config.threads,
            constants=detector.constants,
            fixed_outputs=signature.fixed_outputs,
            quantized=signature.quantized,
        )
        return _asked(detector, engine)


@dataclass(frozen=True, slots=True)
class OnnxRuntimeCuda:
    """ONNX Runtime's CUDA provider, which casts a model without an FP16 file; see `Backend`."""

    because: str
    fallback: ClassVar[None] = None
    reads_surfaces: ClassVar[bool] = True
    int8_gain: ClassVar[Int8Gain] = "none"  # it computes Q/DQ in floats

    def float_precision(self, model: Model) -> Precision:
        return model.float_precision

    def read(self, model: Model, precision: Precision) -> ModelSignature:
        return read_source(model, precision) if precision == "fp16" else read_file(model, precision)

    def digest(self, signature: ModelSignature) -> str:
        return model.digest(signature.path)

    def open(self, detector: Resolved, config: EngineConfig, keep_building: Callable[[], bool]) -> OpenedEngine:
        from edge_app.engine.gpu.engine import open_engine
        from edge_app.engine.ort.cuda import cuda_executors

        executors = cuda_executors(
            detector.signature,
            ordinal=config.device,
            max_batch=config.max_batch,
            slots=config.slots,
            half=detector.precision == "fp16",
        )
        path, ordinal = detector.signature.path, config.device
        engine = open_engine("onnxruntime-cuda", path, ordinal, executors, detector.input, detector.constants)
        return _asked(detector, engine)


def read_file(found: Model, precision: Precision) -> ModelSignature:
    """The model's own file of that precision."""
    return model.read_signature(found.file(precision), found.input_wh)


def _asked(detector: Resolved, engine: Engine) -> OpenedEngine:
    """The engine once it has answered its golden inputs; it is closed if it answers badly."""
    if detector.qualification is None:
        return OpenedEngine(engine)
    with ExitStack() as stack:
        stack.enter_context(engine)
        opened = OpenedEngine(engine, detector.qualification.check(engine))
        stack.pop_all()
        return opened
