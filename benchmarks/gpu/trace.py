"""Records what the analysis thread and both slots do when, by the slots' CUDA events and the host's clock."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from edge_app.core.frames import Picture
from edge_app.cuda import owned
from edge_app.engine.gpu.slot import GpuSlot
from edge_app.engine.slot import Outputs

STEPS = {
    "upload": ("began", "uploaded"),
    "letterbox": ("uploaded", "filled"),
    "network": ("started", "computed"),
    "download": ("computed", "done"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A period of activity.

    Attributes:
        row: `thread`, or a slot such as `slot 0`.
        name: Of the activity.
        start, stop: Since the trace began [s].
    """

    row: str
    name: str
    start: float
    stop: float


@dataclass
class Trace:
    """All spans of a run. The clocks of GPU and host are aligned at its start to within about 20 us."""

    spans: list[Span] = field(default_factory=list)

    def begin(self, gpu: Any, stack: ExitStack) -> None:
        """Sets both clocks to zero; the stack releases the event and the stream."""
        self.origin = owned(stack, gpu.event())
        stream = owned(stack, gpu.stream())
        self.origin.record(stream)
        self.origin.synchronize()
        self.zero = time.perf_counter()

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Wraps `work` so that each call records a span of the thread."""

        def run(*arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(*arguments)
            finally:
                self.spans.append(Span("thread", name, start - self.zero, time.perf_counter() - self.zero))

        return run

    def of(self, row: str, name: str) -> list[Span]:
        return [span for span in self.spans if (span.row, span.name) == (row, name)]

    @property
    def duration(self) -> float:
        """From the thread's first span to the end of its last [s]."""
        thread = [span for span in self.spans if span.row == "thread"]
        return thread[-1].stop - thread[0].start

    def median_duration(self, name: str) -> float:
        """Median duration of the spans of this name, in all rows [s]."""
        return median(span.stop - span.start for span in self.spans if span.name == name)

    def total(self, name: str) -> float:
        """Total duration of the spans of this name, in all rows [s]."""
        return sum(span.stop - span.start for span in self.spans if span.name == name)


class TracedSlot:
    """A slot that records spans of what it does."""

    def __init__(self, slot: GpuSlot, number: int, trace: Trace) -> None:
        self._row = f"slot {number}"
        self._trace = trace
        self._submit = trace.timed("submit", slot.submit)
        self._wait = trace.timed("wait", slot.wait)
        self._passed = trace.timed("trace", slot.passed)

    def submit(self, pictures: Sequence[Picture]) -> None:
        self._submit(pictures)

    def wait(self) -> Outputs:
        outputs: Outputs = self._wait()
        at = self._passed(self._trace.origin)
        self._trace.spans += [Span(self._row, name, at[a], at[b]) for name, (a, b) in STEPS.items()]
        return outputs


def covered(spans: Iterable[Span]) -> float:
    """Time that at least one of the spans covers [s]."""
    total, until = 0.0, float("-inf")
    for span in sorted(spans, key=lambda span: span.start):
        total += max(0.0, span.stop - max(span.start, until))
        until = max(until, span.stop)
    return total


def shares(trace: Trace) -> dict[str, float]:
    """Fractions of the run: a model ran, both ran at once, the thread worked, the thread waited."""
    duration = max(s.stop for s in trace.spans) - min(s.start for s in trace.spans)
    networks = defaultdict(list)
    for span in trace.spans:
        if span.name == "network":
            networks[span.row].append(span)
    each = [covered(spans) for spans in networks.values()]
    either = covered([span for spans in networks.values() for span in spans])
    waits, own = trace.total("wait"), duration - trace.total("trace")
    parts = {"networks": either / duration, "both networks": (sum(each) - either) / duration}
    return parts | {"thread": 1 - waits / own, "thread waits": waits / own}
