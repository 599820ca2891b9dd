"""What the analyse thread and both slots do when: from the slots' own events, and the host's clock around them."""

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
    """Something that went on.

    Attributes:
        row: Where: `thread`, or the slot's number.
        name: What.
        start, stop: When [s].
    """

    row: str
    name: str
    start: float
    stop: float


@dataclass
class Trace:
    """All spans of a run; the GPU's clock and the host's agree at its start to within some 20 us."""

    spans: list[Span] = field(default_factory=list)

    def begin(self, gpu: Any, stack: ExitStack) -> None:
        """Sets both clocks to zero; the stack frees what that takes."""
        self.origin = owned(stack, gpu.event())
        stream = owned(stack, gpu.stream())
        self.origin.record(stream)
        self.origin.synchronize()
        self.zero = time.perf_counter()

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, which leaves a span of the thread."""

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
    def length(self) -> float:
        """From the thread's first span to the end of its last [s]."""
        thread = [span for span in self.spans if span.row == "thread"]
        return thread[-1].stop - thread[0].start

    def middle(self, name: str) -> float:
        """Median length of what goes by that name anywhere [s]."""
        return median(span.stop - span.start for span in self.spans if span.name == name)

    def total(self, name: str) -> float:
        """All of it [s]."""
        return sum(span.stop - span.start for span in self.spans if span.name == name)


class TracedSlot:
    """A slot that leaves spans of what it does."""

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
    """Time during which at least one of them went on [s]."""
    total, until = 0.0, float("-inf")
    for span in sorted(spans, key=lambda span: span.start):
        total += max(0.0, span.stop - max(span.start, until))
        until = max(until, span.stop)
    return total


def shares(trace: Trace) -> dict[str, float]:
    """Of the whole run, how long each row and the GPU was at work, and how long both slots' networks were at once."""
    length = max(s.stop for s in trace.spans) - min(s.start for s in trace.spans)
    networks = defaultdict(list)
    for span in trace.spans:
        if span.name == "network":
            networks[span.row].append(span)
    each = [covered(spans) for spans in networks.values()]
    either = covered([span for spans in networks.values() for span in spans])
    waits, own = trace.total("wait"), length - trace.total("trace")
    parts = {"networks": either / length, "both networks": (sum(each) - either) / length}
    return parts | {"thread": 1 - waits / own, "thread waits": waits / own}
