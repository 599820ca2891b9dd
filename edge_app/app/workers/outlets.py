"""Where the main process takes what comes of its workers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from edge_app.app.workers.wire import Keep, Kept, ToKeep
from edge_app.capture.status import OnStatus
from edge_app.core.metrics import Metrics
from edge_app.evidence import Evidence
from edge_app.evidence.jobs import Job
from edge_app.evidence.store import Store
from edge_app.publish import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Callables and parts of the main process.

    Attributes:
        publish: Takes messages; may block for those of finite sources, while the given callable returns True.
        on_status: Told of each change of a camera's status.
        on_counts: Told what lines and zones of all cameras have counted.
        evidence: Keeps what happened.
        metrics: What is counted and measured.
        stop: Set where the program ends.
    """

    publish: Callable[[Message, Callable[[], bool]], object]
    on_status: OnStatus
    on_counts: Callable[[dict[str, Any]], object]
    evidence: Evidence
    metrics: Metrics
    stop: threading.Event

    def message(self, message: Message) -> None:
        """Publishes a message of a worker; waits for room for those of finite sources."""
        self.publish(message, lambda: not self.stop.is_set())

    def keep(self, order: Keep, answer: Callable[[Kept], object]) -> None:
        """Keeps something of events, and answers when all of it is on the disk, or will never be."""
        left, lock = [len(order.what), True], threading.Lock()

        def done(kept: bool) -> None:
            with lock:
                left[0], left[1] = left[0] - 1, left[1] and kept
                is_last, all_kept = not left[0], left[1]
            if is_last:
                answer(Kept(order.number, None if all_kept else "not all of it could be kept"))

        for each in order.what:
            job = Job(kind=each.kind, write=partial(_write, each), bytes=len(each.content), done=done)
            if not self.evidence.put(job):
                done(False)


class CountsOfAll:
    """The counts of all workers' cameras as one document."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: dict[int, dict[str, Any]] = {}

    def merged(self, number: int, message: Message, workers_of: Mapping[str, int]) -> dict[str, Any]:
        """What all have told last, now that the worker of that number has told this.

        The file that they share has the counts of all; each is right about its own cameras.
        """
        document = json.loads(message.payload)
        with self._lock:
            self._documents[number] = document
            cameras = {
                camera: counts
                for worker, told in self._documents.items()
                for camera, counts in told["cameras"].items()
                if workers_of.get(camera) == worker
            }
        return {"ts": document["ts"], "since": document["since"], "cameras": cameras}


def _write(what: ToKeep, store: Store) -> None:
    if what.kind == "document":
        store.add(what.content)
    elif what.draft is None:
        store.put(what.name, what.content)
    else:
        store.adopt(what.name, what.draft)
