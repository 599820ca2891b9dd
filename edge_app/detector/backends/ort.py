"""ONNX Runtime as a backend, on the CPU and on CUDA."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_app import model
from edge_app.detector.ask import OnnxFileNetwork
from edge_app.detector.backend import Int8Gain, OpenedEngine, Resolved
from edge_app.engine.config import EngineConfig
from edge_app.engine.slot import Engine
from edge_app.model import Model, ModelSignature, Precision, read_source
from edge_app.postprocess import Network

WARM_UP = 3  # steps before a session is measured, of which each is
EACH = 4  # pictures for each thread


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

    def network(self, signature: ModelSignature) -> Network:
        return OnnxFileNetwork(signature.path)

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

    def bare(self, detector: Resolved, config: EngineConfig) -> Callable[[], int]:
        """Runs sessions with the options of `open` on noise, as `open`'s engine does while frames wait for it."""
        from edge_app.engine.ort.cpu import open_threads

        signature = detector.signature
        inference = open_threads(signature.path, config.threads, quantized=signature.quantized)
        batch, picture = signature.batch or 1, signature.picture
        rows = () if len(picture.shape) == 3 else (batch,)
        size = detector.input.height, detector.input.width
        layout = (*rows, *size, 3) if picture.channels_last else (*rows, 3, *size)
        noise = np.random.default_rng(0).integers(0, 256, layout).astype(picture.dtype)
        feed = {picture.name: noise} | {name: np.repeat(row, batch, axis=0) for name, row in detector.constants.items()}
        count = EACH * inference.count if batch == 1 and signature.fixed_outputs else config.slots
        runs = [lambda session: session.run(None, feed)] * count

        def step() -> int:
            alone = inference.are_busy_with(len(runs))
            (inference.compute_alone(runs) if alone else inference.compute_together(runs)).wait()
            return batch * len(runs)

        for _ in range(WARM_UP):
            step()
        return step


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

    def network(self, signature: ModelSignature) -> Network:
        return OnnxFileNetwork(signature.path)

    def digest(self, signature: ModelSignature) -> str:
        return model.digest(signature.path)

    def open(self, detector: Resolved, config: EngineConfig, keep_building: Callable[[], bool]) -> OpenedEngine:
        from edge_app.engine.gpu.engine import open_engine
        from edge_app.engine.ort.cuda import SLOTS, cuda_executors

        executors = cuda_executors(
            detector.signature,
            ordinal=config.device,
            max_batch=config.max_batch,
            slots=SLOTS[config.slots],
            half=detector.precision == "fp16",
        )
        name, path, ordinal = "onnxruntime-cuda", detector.signature.path, config.device
        engine = open_engine(name, path, ordinal, executors, detector.input, detector.constants, detector.layout)
        return _asked(detector, engine)

    def bare(self, detector: Resolved, config: EngineConfig) -> None:
        return None


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
