"""The measurements of one model variant; each yields the rows of one table of docs/gpu.md."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from benchmarks.gpu.looping_inbox import LoopingInbox, nv12, street_bgr
from benchmarks.gpu.timeline import svg
from benchmarks.gpu.trace import STEPS, Trace, TracedSlot, shares
from benchmarks.gpu.variant import ModelVariant
from edge_app.core.frames import Picture
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.pipeline import Analysis
from tests.cuda.pictures import Surfaces

SECONDS = 0.6  # of each rate
BATCHES = 300  # of each trace
TIMELINE_BATCHES = 6
CHUNKS, CHUNK = 10, 10_000  # frames
MB = 2**20
Rows = Iterator[list[str]]


class HostPictures:
    """The benchmark's pictures in host memory."""

    def __init__(self) -> None:
        self.bgr = list(street_bgr())
        self.nv12 = [nv12(picture) for picture in self.bgr]


class Bench:
    """A model variant's engine, and the same pictures in the three forms that it can read."""

    def __init__(self, variant: ModelVariant, pictures: HostPictures, stack: ExitStack) -> None:
        """Loads the engine and uploads the pictures to its GPU; the stack releases both."""
        self.variant = variant
        self.name = [variant.name, variant.precision, str(variant.batch)]
        self.alone = [variant.executor_fps(lanes, SECONDS) for lanes in (1, 2)]
        began = time.perf_counter()
        engine, self.gpu = variant.load()
        self.engine: Any = stack.enter_context(engine)
        self.load_s = time.perf_counter() - began
        surfaces = Surfaces(self.gpu)
        stack.callback(self._on_the_gpu, surfaces.free)
        on_the_gpu = self._on_the_gpu(lambda: [surfaces.put(picture) for picture in pictures.nv12])
        self.pictures_by_kind = {"device NV12": on_the_gpu, "host NV12": pictures.nv12, "host BGR": pictures.bgr}

    def _on_the_gpu(self, work: Callable[[], Any]) -> Any:
        with self.gpu.current():
            return work()

    def pipeline(self, inbox: LoopingInbox, engine: Any = None, postprocess: Any = None) -> float:
        """Frames/s of what `run` does between inbox and sinks."""
        decode = postprocess or self.variant.detector.postprocess
        source: Any = inbox
        began = time.perf_counter()
        told = discard, discard, discard, discard
        analysis = Analysis(source, engine or self.engine, decode, *told, Metrics(), Heartbeats(), "bench")
        analysis.run(threading.Event().is_set)
        return inbox.taken / (time.perf_counter() - began)

    def with_slots(self, slots: Sequence[Any]) -> Any:
        """The engine with other slots."""
        return SimpleNamespace(
            slots=slots, max_batch=self.engine.max_batch, concurrent_slots=self.engine.concurrent_slots
        )

    def rate(self, pictures: Sequence[Picture], engine: Any = None) -> float:
        """Frames/s after a warm-up, the median of five."""
        self.pipeline(LoopingInbox(pictures, frames=50 * self.variant.batch), engine)
        return median(self.pipeline(LoopingInbox(pictures, seconds=SECONDS), engine) for _ in range(5))

    @cached_property
    def _rates(self) -> list[float]:
        return [self.rate(pictures) for pictures in self.pictures_by_kind.values()]

    def rates(self) -> Rows:
        """The model alone, and the pipeline with each kind of picture [frames/s]."""
        ratios = [f"{self._rates[0] / alone:.2f}" for alone in self.alone]
        yield [*self.name, f"{self.load_s:.1f}", *(f"{fps:,.0f}" for fps in (*self.alone, *self._rates)), *ratios]

    def stages(self) -> Rows:
        """Times of a batch [us]: the GPU's by CUDA events, the thread's by the host's clock."""
        for kind, pictures in self.pictures_by_kind.items():
            trace = self.traced(pictures)
            steps = [trace.median_duration(name) for name in STEPS]
            thread = [trace.total(name) / BATCHES for name in ("submit", "wait", "postprocess")]
            rest = (trace.duration - trace.total("trace")) / BATCHES - sum(thread)
            yield [*self.name, kind, *(f"{1e6 * seconds:.0f}" for seconds in (*steps, *thread, rest))]

    def counts(self) -> Rows:
        """What a batch costs apart from time."""
        for kind, pictures in self.pictures_by_kind.items():
            self.pipeline(LoopingInbox(pictures, frames=4 * self.variant.batch))  # the first batches of a size allocate
            before = self._on_the_gpu(self.gpu.free_bytes)
            self.gpu.counts.clear()
            frames = 50 * self.variant.batch
            self.pipeline(LoopingInbox(pictures, frames=frames))
            counts, grown = self.gpu.counts, before - self._on_the_gpu(self.gpu.free_bytes)
            up, down = (counts[way] / frames / 1024 for way in ("uploaded", "downloaded"))
            launches = f"{counts['launches'] / 50:g}"
            yield [*self.name, kind, launches, f"{up:,.1f}", f"{down:,.1f}", f"{counts['allocations']}", f"{grown}"]

    def slots(self) -> Rows:
        """One slot against two; and with two, the fraction of the time that each part was busy."""
        pictures = self.pictures_by_kind["device NV12"]
        one = self.rate(pictures, self.with_slots(self.engine.slots[:1]))
        two = self.rate(pictures)
        time_shares = shares(self.traced(pictures))
        figures = [f"{one:,.0f}", f"{two:,.0f}", f"{two / one:.2f}"]
        yield [*self.name, *figures, *(f"{100 * share:.0f} %" for share in time_shares.values())]

    def memory(self) -> Rows:
        """Free GPU memory and the process's resident memory, as frames go by."""
        for done in range(CHUNKS + 1):
            free = self._on_the_gpu(self.gpu.free_bytes)
            yield [*self.name, f"{done * CHUNK:,}", f"{free / MB:,.1f}", f"{resident() / MB:,.1f}"]
            if done < CHUNKS:
                self.pipeline(LoopingInbox(self.pictures_by_kind["device NV12"], frames=CHUNK))

    def traced(self, pictures: Sequence[Picture]) -> Trace:
        """Runs the pipeline after a warm-up and records the times of every step."""
        trace = Trace()
        with ExitStack() as stack:
            self._on_the_gpu(lambda: trace.begin(self.gpu, stack))
            slots = [TracedSlot(slot, number, trace) for number, slot in enumerate(self.engine.slots)]
            decode = trace.timed("postprocess", self.variant.detector.postprocess)
            for batches in (20, BATCHES):
                trace.spans.clear()
                self.pipeline(
                    LoopingInbox(pictures, frames=batches * self.variant.batch), self.with_slots(slots), decode
                )
            self._on_the_gpu(stack.close)
        return trace

    def timeline(self) -> str:
        """An SVG of a few batches of median duration."""
        trace = self.traced(self.pictures_by_kind["device NV12"])
        starts = [span.start for span in trace.of("thread", "submit")]
        windows = sorted(zip(starts, starts[TIMELINE_BATCHES:], strict=False), key=lambda window: window[1] - window[0])
        return svg(trace, *windows[len(windows) // 2])


def resident() -> int:
    """The process's resident memory [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def discard(*_: object) -> None:
    """Publishes nothing."""
