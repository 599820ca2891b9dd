"""A model in one precision and batch size, its engine, and the speed of its network alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import onnx

from edge_app.app.config import load_config
from edge_app.cuda import Gpu, Staging, owned
from edge_app.detector import Detector, read_detector
from edge_app.engine.gpu.engine import GpuEngine
from edge_app.engine.gpu.tensors import row_bytes
from edge_app.engine.ort.cuda import SLOTS, CudaExecutor, cuda_executors
from edge_app.engine.ort.cuda_session import HALF_OPTIONS, OPTIONS, in_half_floats, open_cuda_session, output_specs
from edge_app.model import TensorSpec
from tests.gpu.metered import Metered

OTHER_SECTIONS = "engine: {provider: cuda}\ncameras: {a: {url: 'synthetic://street'}}\n"


@dataclass(frozen=True)
class ModelVariant:
    """A model in one precision and batch size.

    Attributes:
        name: Shown in the tables.
        detector: The resolved detector.
        batch: Batch size.
        half: Whether it computes in FP16.
    """

    name: str
    detector: Detector
    batch: int
    half: bool

    @classmethod
    def from_config(cls, name: str, model: str, batch: int, half: bool) -> ModelVariant:
        """From the YAML value of a configuration's `model:`."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "bench.yaml")
            path.write_text(f"model: {model}\n{OTHER_SECTIONS}")
            return cls(name, read_detector(load_config(path, {}).detector), batch, half)

    @property
    def precision(self) -> str:
        return "FP16" if self.half else "FP32"

    @property
    def options(self) -> Mapping[str, str]:
        """What slots give the provider."""
        return HALF_OPTIONS if self.half else OPTIONS

    def load(self) -> tuple[GpuEngine, Metered]:
        """The engine with its slots, and its device, which counts calls."""
        gpu, d = Metered(Gpu(0)), self.detector
        executors = cuda_executors(d.signature, ordinal=0, max_batch=self.batch, slots=SLOTS[2], half=self.half)
        engine = GpuEngine("onnxruntime-cuda", gpu, executors, d.input, d.constants, d.layout)
        engine.select(d.thresholds)
        return engine, gpu

    def executor_fps(self, lanes: int, seconds: float) -> float:
        """Frames/s of the model alone on noise, without copies and from one thread."""
        with self.executors(lanes) as executors:
            return self.fps_of(executors, seconds)

    def fps_of(self, executors: Sequence[CudaExecutor], seconds: float) -> float:
        """The same of executors that are loaded; in each lane one batch is queued behind the one that is computed."""
        lanes = len(executors)
        with ExitStack() as stack:
            events = [owned(stack, executors[0].device.event()) for _ in range(2 * lanes)]

            def step(number: int) -> None:
                executor, event = executors[number % lanes], events[number % len(events)]
                event.synchronize()
                executor.enqueue(self.batch)
                event.record(executor.stream)

            for number in range(20 * lanes):
                executors[number % lanes].enqueue(self.batch)
                events[number % len(events)].record(executors[number % lanes].stream)
            return self.batch * median(steps_per_second(step, executors, seconds) for _ in range(5))

    @contextmanager
    def executors(self, count: int, options: Mapping[str, str] | None = None) -> Iterator[list[CudaExecutor]]:
        """Executors as slots have them, bound to buffers of noise, run by this thread; or with other options."""
        signature, gpu = self.detector.signature, Gpu(0)
        width, height = self.detector.input.width, self.detector.input.height
        sides = (height, width, 3) if signature.picture.channels_last else (3, height, width)
        inputs = (TensorSpec(signature.picture.name, (self.batch, *sides), signature.picture.dtype),)
        with gpu.current(), ExitStack() as stack:
            executors = []
            for _ in range(count):
                stream = owned(stack, gpu.stream())
                source = in_half_floats(signature.path) if self.half else signature.path
                session, whole = open_cuda_session(source, 0, stream, options or self.options)
                outputs = output_specs(session, inputs)
                executor = CudaExecutor(inputs, outputs, signature.batch, self.batch, gpu, stream, whole, session, 0)
                buffers = {t.name: owned(stack, Staging(gpu, self.batch * row_bytes(t))) for t in (*inputs, *outputs)}
                noise = buffers[inputs[0].name]
                numbers = np.random.default_rng(0).integers(0, 256, self.batch * int(np.prod(sides)))
                noise.host[:] = numbers.astype(inputs[0].dtype).view(np.uint8)
                noise.upload(0, noise.nbytes, stream)
                executor.bind({name: staging.address for name, staging in buffers.items()})
                executors.append(owned(stack, executor))
            yield executors
        gpu.close()


def with_batch(path: Path, batch: int, out: Path) -> Path:
    """Writes the model with another fixed batch size to `out`, for networks that allow it, such as YOLOX."""
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    del model.graph.value_info[:]
    onnx.save(model, out)
    return out


def steps_per_second(step: Callable[[int], None], executors: Sequence[CudaExecutor], seconds: float) -> float:
    """Steps per second, including the completion of the last one."""
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        step(steps)
        steps += 1
    for executor in executors:
        executor.stream.synchronize()
    return steps / (time.perf_counter() - began)
