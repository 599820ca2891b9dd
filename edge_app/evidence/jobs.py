"""What is to be written of events, in a queue that is bounded by number and by bytes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from edge_app.core.metrics import Metrics
from edge_app.evidence.store import Store

MOST_WAITING = {"document": 10_000, "picture": 64, "clip": 1000}
MOST_BYTES = 128 << 20  # of pictures that wait
LOOK_S = 0.25  # how often whoever waits for room looks whether to go on waiting

JobKind = Literal["document", "picture", "clip"]


def _nothing(written: bool) -> None:
    pass


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Job:
    """Something to write.

    Attributes:
        kind: What it is.
        write: Writes it.
        bytes: What it keeps in memory.
        done: Told whether it is on the disk.
    """

    kind: JobKind
    write: Callable[[Store], object]
    bytes: int = 0
    done: Callable[[bool], None] = _nothing


class JobQueue:
    """Any thread may put jobs; one takes them, and says when they are done."""

    def __init__(self, metrics: Metrics) -> None:
        """Counts in `metrics` what finds no room."""
        self._metrics = metrics
        self._jobs: deque[Job] = deque()
        self._unfinished = dict.fromkeys(MOST_WAITING, 0)
        self._bytes = 0
        self._changed = threading.Condition()
        self._closed = False

    def put(self, job: Job, keep_waiting: Callable[[], bool]) -> bool:
        """Whether there is room for it, which is waited for while `keep_waiting`; what finds none is counted."""
        with self._changed:
            while not (room := self._has_room(job)) and not self._closed and keep_waiting():
                self._changed.wait(LOOK_S)
            if not room or self._closed:
                self._metrics.count("evidence_dropped", kind=job.kind, reason="queue")
                return False
            self._jobs.append(job)
            self._unfinished[job.kind] += 1
            self._bytes += job.bytes
            self._changed.notify_all()
            return True

    def take(self, most: int, timeout_s: float) -> Sequence[Job]:
        """The next jobs, as soon as there are any; none after the timeout [s], and at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed, timeout_s)
            return [self._jobs.popleft() for _ in range(min(most, len(self._jobs)))]

    def done(self, jobs: Sequence[Job]) -> None:
        """Nothing more is to be done of these."""
        with self._changed:
            for job in jobs:
                self._unfinished[job.kind] -= 1
                self._bytes -= job.bytes
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing more is taken in."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def is_idle(self) -> bool:
        """Whether all jobs are done."""
        with self._changed:
            return not any(self._unfinished.values())

    @property
    def is_over(self) -> bool:
        """Whether it is closed and nothing waits."""
        with self._changed:
            return self._closed and not self._jobs

    def _has_room(self, job: Job) -> bool:
        """Something of whatever size fits where nothing of it waits."""
        waits = self._unfinished[job.kind]
        return not waits or (waits < MOST_WAITING[job.kind] and self._bytes + job.bytes <= MOST_BYTES)
