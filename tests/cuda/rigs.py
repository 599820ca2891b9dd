"""Engines on a GPU for the scenarios: simulated ones, and the real one if there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_app.cuda import Device, Gpu
from edge_app.engine.gpu.engine import GpuEngine
from edge_app.engine.ort.cuda import cuda_executors
from edge_app.engine.trt.executor import tensorrt_executors
from edge_app.model import InputSpec, read_signature
from tests.cuda.libraries import Computation, SimulatedSession, SimulatedSessions, SimulatedTensorRT
from tests.cuda.simulated import SimulatedGpu


@dataclass
class SimulatedRig:
    """An engine on the simulated GPU.

    Attributes:
        library: The kernel compiled as C++.
        kind: `tensorrt` or `onnxruntime`.
        seed: How streams run ahead; None for as late as they may.
        refused_allocation: The one of that number does not succeed.
        refused: Sizes of batches that the library does not take from the start.
        broken: Calls that fail once, likewise.
        on_cpu: Whether ONNX Runtime computes part of the model on the CPU.
        gpu: The device of the engine that was made last.
    """

    library: Path
    kind: str
    seed: int | None = None
    refused_allocation: int | None = None
    refused: set[int] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    on_cpu: bool = False
    gpu: SimulatedGpu = field(init=False)

    exact = True

    def engine(
        self, path: Path, spec: InputSpec, *, max_batch=4, slots=2, constants=None, layout=None, total=1 << 30
    ) -> GpuEngine:
        self.gpu = SimulatedGpu(self.library, seed=self.seed, total=total)
        self.gpu.refused = self.refused_allocation
        self.gpu.refuses, self.gpu.broken = set(self.refused), set(self.broken)
        if self.kind == "tensorrt":
            self._maker: Any = SimulatedTensorRT(self.gpu)
            load = tensorrt_executors(self._maker, path.read_bytes(), max_batch=max_batch, slots=slots)
        else:
            self._maker = SimulatedSessions(self.gpu, on_cpu=self.on_cpu)
            signature = read_signature(path, (spec.width, spec.height))
            load = cuda_executors(signature, ordinal=0, max_batch=max_batch, slots=slots, open_session=self._maker.open)
        return GpuEngine(self.kind, self.gpu, load, spec, constants or {}, layout)

    def refuse(self, batch: int) -> None:
        """From now on the library does not take batches of that size."""
        self.gpu.refuses.add(batch)

    def take_sessions(self) -> list[SimulatedSession]:
        """ONNX Runtime's sessions, which the rig no longer holds then."""
        taken, self._maker.opened = self._maker.opened, []
        return taken

    def take_plan(self) -> object:
        """TensorRT's plan, which the rig no longer holds then."""
        taken, self._maker.plan = self._maker.plan, None
        return taken

    def computations(self) -> list[Computation]:
        """What stands for the models."""
        if self.kind == "tensorrt":
            return [self._maker.computation]
        return [session.computation for session in self._maker.opened]


@dataclass
class RealRig:
    """ONNX Runtime's CUDA provider on a real GPU.

    Attributes:
        half: Whether the model is cast to FP16.
        wrap: Put around the device, such as what counts its calls.
        gpu: The device of the engine that was made last.
    """

    half: bool = False
    wrap: Callable[[Device], Any] = lambda device: device
    gpu: Any = field(init=False)

    kind = "onnxruntime"
    exact = False

    def engine(self, path: Path, spec: InputSpec, *, max_batch=4, slots=2, constants=None, layout=None) -> GpuEngine:
        self.gpu = self.wrap(Gpu(0))
        signature = read_signature(path, (spec.width, spec.height))
        load = cuda_executors(signature, ordinal=0, max_batch=max_batch, slots=slots, half=self.half)
        return GpuEngine("onnxruntime-cuda", self.gpu, load, spec, constants or {}, layout)
