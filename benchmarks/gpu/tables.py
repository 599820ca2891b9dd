"""The tables of docs/gpu.md, each from one measurement."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

from benchmarks.gpu import streams
from benchmarks.gpu.ring import nv12, street_bgr
from benchmarks.gpu.subject import Subject, on_the_gpu
from benchmarks.gpu.timeline import svg
from benchmarks.gpu.trace import Trace, TracedSlot, shares
from edge_app.engine import GpuEngine
from edge_app.frames import Picture
from tests.gpu.metered import Metered

SECONDS = 3.0  # of each rate
BATCHES = 300  # of each trace
CHUNKS, CHUNK = 10, 10_000  # frames
SHOWN = 6  # batches of the timeline
MB = 2**20


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


class Pictures:
    """The ring's pictures on the host; those on the GPU are put there for each engine."""

    def __init__(self) -> None:
        self.bgr = street_bgr()
        self.nv12 = [nv12(picture) for picture in self.bgr]


def frames_for(subject: Subject, fps: float) -> int:
    """Whole batches that take about `SECONDS`."""
    return max(20, int(fps * SECONDS / subject.batch)) * subject.batch


def rates(subject: Subject, pictures: Pictures) -> list[str]:
    """The network alone, and the pipeline from each kind of picture."""
    alone = max(subject.network_alone(lanes, SECONDS) for lanes in (1, 2))
    found = []
    with subject.engine() as (engine, gpu), on_the_gpu(gpu, pictures.nv12) as surfaces:
        for shown in (surfaces, pictures.nv12, pictures.bgr):
            frames = frames_for(subject, alone)
            found.append(max(subject.pipeline(engine, shown, frames) for _ in range(2)))
    ratio = found[0] / alone
    head = [subject.name, subject.precision, str(subject.batch), f"{alone:,.0f}"]
    return [*head, *(f"{fps:,.0f}" for fps in found), f"{ratio:.2f}"]


RATES = ("model", "precision", "batch", "network alone", "device NV12", "host NV12", "host BGR", "device ÷ alone")


def traced(
    subject: Subject, shown: Sequence[Picture], engine: GpuEngine, gpu: Metered, batches: int = BATCHES
) -> Trace:
    """The pipeline with every step's times."""
    trace = Trace()
    with ExitStack() as stack:
        with gpu.current():
            trace.begin(gpu, stack)
        slots = [TracedSlot(slot, number, trace) for number, slot in enumerate(engine.slots)]
        face = SimpleNamespace(slots=slots, max_batch=engine.max_batch)
        subject.pipeline(face, shown, batches * subject.batch, trace.timed("postprocess", subject.detector.postprocess))
        with gpu.current():
            stack.close()
    warm = len(trace.of("thread", "submit")) - batches
    began = trace.of("thread", "submit")[warm].start
    trace.spans = [span for span in trace.spans if span.start >= began]
    return trace


STAGES = ("pictures", "letterbox", "network", "download", "submit", "wait", "postprocess", "rest")


def stages(subject: Subject, pictures: Pictures) -> Iterator[list[str]]:
    """Times of a batch [us]: the GPU's by events, then the thread's."""
    with subject.engine() as (engine, gpu), on_the_gpu(gpu, pictures.nv12) as surfaces:
        kinds = {"device NV12": surfaces, "host NV12": pictures.nv12, "host BGR": pictures.bgr}
        for kind, shown in kinds.items():
            trace = traced(subject, shown, engine, gpu)
            steps = [trace.middle(name) for name in ("letterbox", "network", "download")]
            thread = [trace.total(name) / BATCHES for name in ("submit", "wait", "postprocess")]
            spans = [span for span in trace.spans if span.row == "thread"]
            rest = (spans[-1].stop - spans[0].start) / BATCHES - sum(thread)
            yield [kind, *(f"{1e6 * seconds:.0f}" for seconds in (*steps, *thread, rest))]


COUNTS = ("pictures", "launches a batch", "KB up a frame", "KB down a frame", "allocations, growth")


def counts(subject: Subject, pictures: Pictures) -> Iterator[list[str]]:
    """What a batch costs beside time."""
    with subject.engine() as (engine, gpu), on_the_gpu(gpu, pictures.nv12) as surfaces:
        for kind, shown in {"device NV12": surfaces, "host NV12": pictures.nv12, "host BGR": pictures.bgr}.items():
            subject.pipeline(engine, shown, 2 * subject.batch)  # its pictures' size is new
            with gpu.current():
                before = gpu.free_bytes()
            gpu.counts.clear()
            batches = 50
            subject.pipeline(engine, shown, (batches - 10) * subject.batch)  # which warms up with ten
            found, frames = gpu.counts, batches * subject.batch
            with gpu.current():
                grown = before - gpu.free_bytes()
            up, down = found["uploaded"] / frames / 1024, found["downloaded"] / frames / 1024
            allocations = f"{found['allocations']}, {grown} bytes"
            yield [kind, f"{found['launches'] / batches:g}", f"{up:,.1f}", f"{down:,.1f}", allocations]


SLOTS = (
    "model",
    "precision",
    "batch",
    "1 slot",
    "2 slots",
    "gain",
    "networks",
    "both networks",
    "thread",
    "thread waits",
)


def doubled(subject: Subject, pictures: Pictures) -> list[str]:
    """One slot against two, and of the time with two, what was at work when."""
    found = []
    for count in (1, 2):
        with subject.engine(count) as (engine, gpu), on_the_gpu(gpu, pictures.nv12) as surfaces:
            frames = frames_for(subject, subject.pipeline(engine, surfaces, 20 * subject.batch))
            found.append(max(subject.pipeline(engine, surfaces, frames) for _ in range(2)))
            parts = shares(traced(subject, surfaces, engine, gpu))
    one, two = found
    head = [subject.name, subject.precision, str(subject.batch), f"{one:,.0f}", f"{two:,.0f}", f"{two / one:.2f}"]
    return [*head, *(f"{100 * share:.0f} %" for share in parts.values())]


def timeline(subject: Subject, pictures: Pictures) -> str:
    """A few batches from the middle of a run, as an SVG."""
    with subject.engine() as (engine, gpu), on_the_gpu(gpu, pictures.nv12) as surfaces:
        trace = traced(subject, surfaces, engine, gpu)
    submits = trace.of("thread", "submit")
    middle = len(submits) // 2
    return svg(trace, submits[middle].start, submits[middle + SHOWN].start)


MEMORY = ("frames", "GPU free MB", "host RSS MB")


def memory(subject: Subject, pictures: Pictures) -> Iterator[list[str]]:
    """What is left of the GPU's memory, and what the process has of the host's, as frames go by."""
    with subject.engine() as (engine, gpu), on_the_gpu(gpu, pictures.nv12) as surfaces:
        for done in range(CHUNKS + 1):
            with gpu.current():
                free = gpu.free_bytes()
            yield [f"{done * CHUNK:,}", f"{free / MB:,.1f}", f"{resident() / MB:,.1f}"]
            subject.pipeline(engine, surfaces, CHUNK)


def resident() -> int:
    """The process's resident memory [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


STREAMS = ("decode", "streams", "frames/s", "age p50 ms", "age p99 ms", "dropped")


def paced(folder: Path, decode: str, numbers: Sequence[int], seconds: float) -> Iterator[list[str]]:
    """1080p30 streams, more and more of them."""
    clip = streams.write_street(folder)
    for count, found in streams.holds(clip, decode, numbers, seconds, {"max_batch": 16}):
        yield streams.line(count, decode, found)


def today() -> str:
    """Such as 27 November 2026."""
    return time.strftime("%d %B %Y").lstrip("0")
