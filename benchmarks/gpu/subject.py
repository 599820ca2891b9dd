"""What is measured: a model in one precision and batch, its engine, and the engine's network alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.ring import NEVER, Ring
from edge_app import config
from edge_app.cuda import Gpu, Staging, owned
from edge_app.engine import Detector, GpuEngine, read_detector
from edge_app.engine.cuda_session import in_half_floats, open_cuda_session, probe
from edge_app.engine.gpu_tensors import row_bytes
from edge_app.engine.onnxruntime_cuda import CudaNetwork, cuda_networks
from edge_app.frames import Picture
from edge_app.model import Tensor
from edge_app.pipeline import Analysis, Postprocess
from edge_app.stats import Stats
from edge_app.threads import Heartbeats
from tests.cuda.pictures import Surfaces
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
            return cls(name, read_detector(config.load(path, {})), batch, half)

    @property
    def precision(self) -> str:
        return "FP16" if self.half else "FP32"

    @contextmanager
    def engine(self, slots: int = 2) -> Iterator[tuple[GpuEngine, Metered]]:
        """The engine, and its device, which counts."""
        gpu, d = Metered(Gpu(0)), self.detector
        networks = cuda_networks(d.graph, ordinal=0, max_batch=self.batch, slots=slots, half=self.half)
        with GpuEngine("onnxruntime-cuda", gpu, networks, d.input, d.constants) as engine:
            yield engine, gpu

    def pipeline(
        self, engine: Any, pictures: Sequence[Picture], frames: int, postprocess: Postprocess | None = None
    ) -> float:
        """Frames/s of what `run` does between its inbox and its sinks, after ten batches."""
        decode = postprocess or self.detector.postprocess
        ring, warm = Ring(pictures, frames), Ring(pictures, 10 * self.batch)
        for source in (warm, ring):
            began = time.perf_counter()
            Analysis(source, engine, decode, nothing, Stats(), Heartbeats()).run(NEVER)  # type: ignore[arg-type]
        return frames / (time.perf_counter() - began)

    def network_alone(self, lanes: int, seconds: float) -> float:
        """Frames/s of the network on noise: no picture, no copy, no thread but this; so many sessions take turns."""
        with self.networks(lanes) as networks:
            for network in networks * 10:
                network.enqueue(self.batch)
            return self.batch * rate(lambda turn: self._turn(networks[turn % lanes]), networks, seconds)

    def _turn(self, network: CudaNetwork) -> None:
        network.stream.synchronize()
        network.enqueue(self.batch)

    @contextmanager
    def networks(self, count: int) -> Iterator[list[CudaNetwork]]:
        """Sessions as a slot has them, bound to buffers of noise, run by this thread."""
        graph, gpu = self.detector.graph, Gpu(0)
        width, height = self.detector.input.width, self.detector.input.height
        sides = (height, width, 3) if graph.picture.channels_last else (3, height, width)
        inputs = (Tensor(graph.picture.name, (self.batch, *sides), graph.picture.dtype),)
        with gpu.current(), ExitStack() as stack:
            made = []
            for _ in range(count):
                stream = owned(stack, gpu.stream())
                session = open_cuda_session(in_half_floats(graph.path) if self.half else graph.path, 0, stream)
                outputs = probe(session, inputs)
                network = CudaNetwork(session, Here(), inputs, outputs, graph.batch, self.batch, stream, 0)  # type: ignore[arg-type]
                buffers = {t.name: owned(stack, Staging(gpu, self.batch * row_bytes(t))) for t in (*inputs, *outputs)}
                noise = buffers[inputs[0].name]
                numbers = np.random.default_rng(0).integers(0, 256, self.batch * int(np.prod(sides)))
                noise.host[:] = numbers.astype(inputs[0].dtype).view(np.uint8)
                noise.upload(0, noise.nbytes, stream)
                network.bind({name: staging.address for name, staging in buffers.items()})
                made.append(owned(stack, network))
            yield made
        gpu.close()


class Here:
    """An executor without a thread of its own."""

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*arguments))
        return done


def rate(turn: Callable[[int], None], networks: Sequence[CudaNetwork], seconds: float) -> float:
    """Turns a second, the last one finished."""
    turns, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        turn(turns)
        turns += 1
    for network in networks:
        network.stream.synchronize()
    return turns / (time.perf_counter() - began)


@contextmanager
def on_the_gpu(gpu: Any, pictures: Sequence[Picture]) -> Iterator[list[Picture]]:
    """The pictures as a decoder leaves them there."""
    surfaces = Surfaces(gpu)
    with gpu.current():
        shown = [surfaces.put(picture) for picture in pictures]
        gpu.default_stream.synchronize()
    try:
        yield shown
    finally:
        with gpu.current():
            surfaces.free()


def nothing(*_: object) -> None:
    """Publishes nowhere."""
