"""The measurements of one model, each giving the rows of one table of docs/gpu.md."""

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

from benchmarks.gpu.ring import Ring, nv12, street_bgr
from benchmarks.gpu.subject import Subject
from benchmarks.gpu.timeline import svg
from benchmarks.gpu.trace import STEPS, Trace, TracedSlot, shares
from edge_app.core.frames import Picture
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.pipeline import Analysis
from tests.cuda.pictures import Surfaces

SECONDS = 0.6  # of each rate
BATCHES = 300  # of each trace
SHOWN = 6  # batches of the timeline
CHUNKS, CHUNK = 10, 10_000  # frames
MB = 2**20
Rows = Iterator[list[str]]


class Pictures:
    """The ring's pictures on the host."""

    def __init__(self) -> None:
        self.bgr = list(street_bgr())
        self.nv12 = [nv12(picture) for picture in self.bgr]


class Bench:
    """A model's engine, and the same pictures in the three places from which it can get them."""

    def __init__(self, subject: Subject, pictures: Pictures, stack: ExitStack) -> None:
        """Loads the engine and puts the pictures on its GPU; the stack ends both."""
        self.subject = subject
        self.name = [subject.name, subject.precision, str(subject.batch)]
        self.alone = [subject.network_alone(lanes, SECONDS) for lanes in (1, 2)]
        began = time.perf_counter()
        engine, self.gpu = subject.load()
        self.engine: Any = stack.enter_context(engine)
        self.load_s = time.perf_counter() - began
        surfaces = Surfaces(self.gpu)
        stack.callback(self._on_the_gpu, surfaces.free)
        on_the_gpu = self._on_the_gpu(lambda: [surfaces.put(picture) for picture in pictures.nv12])
        self.kinds = {"device NV12": on_the_gpu, "host NV12": pictures.nv12, "host BGR": pictures.bgr}

    def _on_the_gpu(self, work: Callable[[], Any]) -> Any:
        with self.gpu.current():
            return work()

    def pipeline(self, ring: Ring, engine: Any = None, postprocess: Any = None) -> float:
        """Frames/s of what `run` does between its inbox and its sinks."""
        decode = postprocess or self.subject.detector.postprocess.batch
        inbox: Any = ring
        began = time.perf_counter()
        Analysis(inbox, engine or self.engine, decode, nothing, Metrics(), Heartbeats()).run(threading.Event())
        return ring.taken / (time.perf_counter() - began)

    def face(self, slots: Sequence[Any]) -> Any:
        """The engine with other slots."""
        return SimpleNamespace(slots=slots, max_batch=self.engine.max_batch, at_once=self.engine.at_once)

    def rate(self, shown: Sequence[Picture], engine: Any = None) -> float:
        """Frames/s once it is warm, the middle one of five."""
        self.pipeline(Ring(shown, frames=50 * self.subject.batch), engine)
        return median(self.pipeline(Ring(shown, seconds=SECONDS), engine) for _ in range(5))

    @cached_property
    def rates_(self) -> list[float]:
        return [self.rate(shown) for shown in self.kinds.values()]

    def rates(self) -> Rows:
        """The network alone, and the pipeline from each kind of picture [frames/s]."""
        ratios = [f"{self.rates_[0] / alone:.2f}" for alone in self.alone]
        yield [*self.name, f"{self.load_s:.1f}", *(f"{fps:,.0f}" for fps in (*self.alone, *self.rates_)), *ratios]

    def stages(self) -> Rows:
        """Times of a batch [us]: the GPU's by events, the thread's by its clock."""
        for kind, shown in self.kinds.items():
            trace = self.traced(shown)
            steps = [trace.middle(name) for name in STEPS]
            thread = [trace.total(name) / BATCHES for name in ("submit", "wait", "postprocess")]
            rest = (trace.length - trace.total("trace")) / BATCHES - sum(thread)
            yield [*self.name, kind, *(f"{1e6 * seconds:.0f}" for seconds in (*steps, *thread, rest))]

    def counts(self) -> Rows:
        """What a batch costs beside time."""
        for kind, shown in self.kinds.items():
            self.pipeline(Ring(shown, frames=4 * self.subject.batch))  # whose size is new
            before = self._on_the_gpu(self.gpu.free_bytes)
            self.gpu.counts.clear()
            frames = 50 * self.subject.batch
            self.pipeline(Ring(shown, frames=frames))
            found, grown = self.gpu.counts, before - self._on_the_gpu(self.gpu.free_bytes)
            up, down = (found[way] / frames / 1024 for way in ("uploaded", "downloaded"))
            launches = f"{found['launches'] / 50:g}"
            yield [*self.name, kind, launches, f"{up:,.1f}", f"{down:,.1f}", f"{found['allocations']}", f"{grown}"]

    def slots(self) -> Rows:
        """One slot against two; and with two, of the whole time, what was at work when."""
        shown = self.kinds["device NV12"]
        one = self.rate(shown, self.face(self.engine.slots[:1]))
        two = self.rate(shown)
        parts = shares(self.traced(shown))
        figures = [f"{one:,.0f}", f"{two:,.0f}", f"{two / one:.2f}"]
        yield [*self.name, *figures, *(f"{100 * share:.0f} %" for share in parts.values())]

    def memory(self) -> Rows:
        """What is left of the GPU's memory, and what the process has of the host's, as frames go by."""
        for done in range(CHUNKS + 1):
            free = self._on_the_gpu(self.gpu.free_bytes)
            yield [*self.name, f"{done * CHUNK:,}", f"{free / MB:,.1f}", f"{resident() / MB:,.1f}"]
            if done < CHUNKS:
                self.pipeline(Ring(self.kinds["device NV12"], frames=CHUNK))

    def traced(self, shown: Sequence[Picture]) -> Trace:
        """The pipeline with the times of every step, once it is warm."""
        trace = Trace()
        with ExitStack() as stack:
            self._on_the_gpu(lambda: trace.begin(self.gpu, stack))
            slots = [TracedSlot(slot, number, trace) for number, slot in enumerate(self.engine.slots)]
            decode = trace.timed("postprocess", self.subject.detector.postprocess.batch)
            for batches in (20, BATCHES):
                trace.spans.clear()
                self.pipeline(Ring(shown, frames=batches * self.subject.batch), self.face(slots), decode)
            self._on_the_gpu(stack.close)
        return trace

    def timeline(self) -> str:
        """A few batches that took as long as most, as an SVG."""
        trace = self.traced(self.kinds["device NV12"])
        starts = [span.start for span in trace.of("thread", "submit")]
        windows = sorted(zip(starts, starts[SHOWN:], strict=False), key=lambda window: window[1] - window[0])
        return svg(trace, *windows[len(windows) // 2])


def resident() -> int:
    """The process's resident memory [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def nothing(*_: object) -> None:
    """Publishes nowhere."""
