"""What is measured: a model in one precision and batch, its engine, and the engine's network alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
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
from edge_app.engine.ort.cuda import CudaExecutor, cuda_executors
from edge_app.engine.ort.cuda_session import in_half_floats, open_cuda_session, output_specs
from edge_app.model import TensorSpec
from tests.gpu.metered import Metered

REST = "engine: {provider: cuda}\ncameras: {a: {url: 'synthetic://street'}}\n"


@dataclass(frozen=True)
class Subject:
    """A model as the bench runs it.

    Attributes:
        name: For the tables.
        detector: What it is.
        batch: Pictures in a batch.
        half: Whether it computes in FP16.
    """

    name: str
    detector: Detector
    batch: int
    half: bool

    @classmethod
    def read(cls, name: str, model: str, batch: int, half: bool) -> Subject:
        """Of a configuration's `model:`, in YAML."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "bench.yaml")
            path.write_text(f"model: {model}\n{REST}")
            return cls(name, read_detector(load_config(path, {}).detector), batch, half)

    @property
    def precision(self) -> str:
        return "FP16" if self.half else "FP32"

    def load(self) -> tuple[GpuEngine, Metered]:
        """The engine with two slots, and its device, which counts."""
        gpu, d = Metered(Gpu(0)), self.detector
        networks = cuda_executors(d.graph, ordinal=0, max_batch=self.batch, slots=2, half=self.half)
        return GpuEngine("onnxruntime-cuda", gpu, networks, d.input, d.constants), gpu

    def network_alone(self, lanes: int, seconds: float) -> float:
        """Frames/s of the network on noise: no picture, no copy, no thread but this.

        In each lane a batch waits behind the one that is computed.
        """
        with self.networks(lanes) as networks, ExitStack() as stack:
            done = [owned(stack, networks[0].device.event()) for _ in range(2 * lanes)]

            def turn(number: int) -> None:
                network, event = networks[number % lanes], done[number % len(done)]
                event.synchronize()
                network.enqueue(self.batch)
                event.record(network.stream)

            for network, event in zip(networks * 20, done * 10, strict=True):
                network.enqueue(self.batch)
                event.record(network.stream)
            return self.batch * median(rate(turn, networks, seconds) for _ in range(5))

    @contextmanager
    def networks(self, count: int) -> Iterator[list[CudaExecutor]]:
        """Sessions as a slot has them, bound to buffers of noise, run by this thread."""
        graph, gpu = self.detector.graph, Gpu(0)
        width, height = self.detector.input.width, self.detector.input.height
        sides = (height, width, 3) if graph.picture.channels_last else (3, height, width)
        inputs = (TensorSpec(graph.picture.name, (self.batch, *sides), graph.picture.dtype),)
        with gpu.current(), ExitStack() as stack:
            made = []
            for _ in range(count):
                stream = owned(stack, gpu.stream())
                session, whole = open_cuda_session(in_half_floats(graph.path) if self.half else graph.path, 0, stream)
                outputs = output_specs(session, inputs)
                network = CudaExecutor(inputs, outputs, graph.batch, self.batch, gpu, stream, whole, session, 0)
                buffers = {t.name: owned(stack, Staging(gpu, self.batch * row_bytes(t))) for t in (*inputs, *outputs)}
                noise = buffers[inputs[0].name]
                numbers = np.random.default_rng(0).integers(0, 256, self.batch * int(np.prod(sides)))
                noise.host[:] = numbers.astype(inputs[0].dtype).view(np.uint8)
                noise.upload(0, noise.nbytes, stream)
                network.bind({name: staging.address for name, staging in buffers.items()})
                made.append(owned(stack, network))
            yield made
        gpu.close()


def of_batch(path: Path, batch: int, out: Path) -> Path:
    """The model with another fixed batch, written to `out`: for networks that take it so, as YOLOX's do."""
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    del model.graph.value_info[:]
    onnx.save(model, out)
    return out


def rate(turn: Callable[[int], None], networks: Sequence[CudaExecutor], seconds: float) -> float:
    """Turns a second, the last one finished."""
    turns, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        turn(turns)
        turns += 1
    for network in networks:
        network.stream.synchronize()
    return turns / (time.perf_counter() - began)
