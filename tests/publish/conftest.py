"""What the tests of publishing share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.publish import Delivery, Message, Retry, Sink


class Running:
    """Publishers in threads, as the program runs them."""

    def __init__(self) -> None:
        self.stats, self.beats, self.stop = Metrics(), Heartbeats(), threading.Event()
        self.threads = ThreadGroup(self.stop)
        self.publishers: list[Delivery] = []

    def start(self, sink: Sink, name: str = "sink", *, capacity: int = 1000, retry: Retry | None = None) -> Delivery:
        publisher = Delivery(sink, name, self.stats, self.beats, capacity, retry)
        self.publishers.append(publisher)
        self.threads.start(publisher.thread_name, publisher.run)
        return publisher

    def end(self) -> list[str]:
        """Stops the publishers; the names of the threads that do not end."""
        for publisher in self.publishers:
            publisher.stop()
        return self.threads.join(5)


@pytest.fixture
def running() -> Iterator[Running]:
    """Publishers that end with the test."""
    running = Running()
    yield running
    assert running.end() == []


@pytest.fixture
def message() -> Callable[..., Message]:
    """Makes a message of one number."""

    def make(number: int, *, live: bool = True, camera: str = "gate") -> Message:
        return Message(camera, "detections", b'{"seq":%d}' % number, live)

    return make
