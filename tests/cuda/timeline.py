"""When simulated work runs, and what is certain to have run before what.

Nothing runs until the host waits for it, and then only what must have run for that: a stream is as late as CUDA lets
it be. A seed makes streams run ahead instead, out of step with each other.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

Clock = dict[int, int]  # of each stream, up to which of its operations


class HazardError(AssertionError):
    """The program did what a real GPU may punish, or may not."""


@dataclass(eq=False)
class Operation:
    """One piece of work of a stream.

    Attributes:
        stream, index: Its place.
        clock: What has run before it, whatever the GPU does.
        run: Does it; may raise HazardError.
        after: What it waits for.
        label: For messages.
        finished_at: On the simulated GPU's clock, once it has run.
    """

    stream: int
    index: int
    clock: Clock
    run: Callable[[Operation], None]
    after: list[Operation]
    label: str
    finished_at: float | None = None

    def is_before(self, clock: Clock) -> bool:
        return clock.get(self.stream, -1) >= self.index

    def __str__(self) -> str:
        return f"{self.label} (stream {self.stream}, {self.index})"


@dataclass(eq=False)
class Queue:
    """What one stream has been given."""

    number: int
    operations: list[Operation] = field(default_factory=list)
    waits: list[Operation] = field(default_factory=list)

    @property
    def last(self) -> Operation | None:
        return self.operations[-1] if self.operations else None


class Timeline:
    """Every stream's work."""

    def __init__(self, seed: int | None) -> None:
        """With a seed streams run ahead at random; without, nothing runs before it must."""
        self.queues: list[Queue] = []
        self.host: Clock = {}
        self._now = 0.0
        self._dice = None if seed is None else random.Random(seed)

    def queue(self) -> Queue:
        self.queues.append(Queue(len(self.queues)))
        return self.queues[-1]

    def enqueue(self, queue: Queue, label: str, run: Callable[[Operation], None] = lambda operation: None) -> Operation:
        """Adds work to a stream, after what the stream waits for and what the host has seen done."""
        after = queue.waits + ([queue.last] if queue.last else [])
        clock = dict(self.host)
        for earlier in after:
            merge(clock, earlier.clock)
        index = len(queue.operations)
        clock[queue.number] = index
        operation = Operation(queue.number, index, clock, run, after, label)
        queue.waits = []
        queue.operations.append(operation)
        self._run_ahead()
        return operation

    def finish(self, operation: Operation) -> None:
        """The host waits for the operation."""
        self._run(operation)
        merge(self.host, operation.clock)

    def finish_all(self) -> None:
        for queue in self.queues:
            if queue.last:
                self.finish(queue.last)

    def _run_ahead(self) -> None:
        while self._dice and self._dice.random() < 0.6:
            pending = [q for q in self.queues if q.last and q.last.finished_at is None]
            if not pending:
                return
            operations = self._dice.choice(pending).operations
            self._run(self._dice.choice([o for o in operations if o.finished_at is None]))

    def _run(self, operation: Operation) -> None:
        todo = [operation]
        while todo:
            current = todo[-1]
            if missing := [o for o in current.after if o.finished_at is None]:
                todo += missing
                continue
            todo.pop()
            if current.finished_at is None:
                self._now += 0.001
                current.finished_at = self._now
                current.run(current)


def merge(clock: Clock, other: Clock) -> None:
    for stream, index in other.items():
        clock[stream] = max(clock.get(stream, -1), index)
