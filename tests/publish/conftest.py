"""What the tests of publishing share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from edge_app.core.backoff import Backoff
from edge_app.core.camera_status import CameraState, CameraStatus
from edge_app.core.errors import SinkError
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.publish import Delivery, DeliveryGroup, Message, MessageKind, Sink, status_message
from edge_app.publish.sinks import RefusedError
from tests.clocks import RIGHT
from tests.waiting import PATIENCE_S, Stopwatch, until


class Running:
    """Deliveries in threads, as the program runs them."""

    def __init__(self) -> None:
        self.metrics, self.heartbeats, self.stop = Metrics(), Heartbeats(), threading.Event()
        self.threads = ThreadGroup(self.stop)
        self.group = DeliveryGroup(self.threads, self.heartbeats, self.metrics, backoff=fast_backoff)
        self.deliveries: list[Delivery] = []

    def start(
        self, sink: Sink, name: str = "sink", *, capacity: int = 1000, backoff: Backoff | None = None
    ) -> Delivery:
        delivery = Delivery(
            name, sink, heartbeats=self.heartbeats, metrics=self.metrics, backoff=backoff, capacity=capacity
        )
        self.deliveries.append(delivery)
        self.threads.start(delivery.thread_name, delivery.run)
        return delivery

    def end(self) -> list[str]:
        """Stops everything; the names of the threads that do not end."""
        self.group.stop()
        for delivery in self.deliveries:
            delivery.stop()
        return self.threads.join(PATIENCE_S)

    def assert_beats(self, *names: str, longest_s: float) -> None:
        """Each of these threads gives another sign of life, and before so long."""
        seen, watch = {name: self.heartbeats._last[name] for name in names}, Stopwatch()
        until(lambda: all(self.heartbeats._last[name] > seen[name] for name in names))
        assert watch.read() < longest_s


class Shelf:
    """A sink that keeps messages, and fails as it is told."""

    kinds: frozenset[MessageKind] = frozenset({"detections", "status"})

    def __init__(self, failures: Sequence[SinkError] = (), *, confirms: bool = True) -> None:
        self.failures = list(failures)
        self.confirms = confirms
        self.refuses: dict[bytes, str] = {}  # payloads as they are handed over, and why
        self.breaks_at: set[bytes] = set()
        self._refused: list[RefusedError] = []
        self.room = threading.Event()
        self.room.set()
        self.kept: list[Message] = []
        self.opened = self.closed = 0
        self._new: list[Message] = []

    def open(self, wake: Callable[[], None]) -> bool:
        if self.failures:
            raise self.failures.pop(0)
        self.opened += 1
        self.wake = wake
        return True

    def send(self, message: Message) -> bool:
        if not self.room.wait(0.05):
            return False
        if message.payload in self.breaks_at:
            raise SinkError("hung up")
        if why := self.refuses.get(message.payload):
            self._refused.append(RefusedError(message, why))
            return True
        self._new.append(message)
        self.kept.append(message)
        return True

    def confirmed(self) -> list[Message]:
        if self.failures:
            raise self.failures.pop(0)
        if self._refused:
            raise self._refused.pop(0)
        if not self.confirms:
            return []
        new, self._new = self._new, []
        return new

    def close(self) -> None:
        self.closed += 1
        self._new = []


def fast_backoff() -> Backoff:
    """Pauses of hundredths of a second."""
    return Backoff(initial_s=0.01, max_s=0.02, refused_s=0.03)


def never() -> bool:
    """A `wait` for messages that must find room at once."""
    pytest.fail("a message waited for room")


def payloads(messages: Sequence[Message]) -> list[bytes]:
    return [message.payload for message in messages]


def shown(camera: str, state: CameraState, since: float = 0.0) -> Message:
    """The status message of a camera."""
    return status_message(camera, CameraStatus(state=state, reason=None, since=since), RIGHT)


@pytest.fixture
def running() -> Iterator[Running]:
    """Deliveries that end with the test."""
    running = Running()
    yield running
    assert running.end() == []


@pytest.fixture
def message() -> Callable[..., Message]:
    """Makes a message of one number."""

    def make(number: int, *, live: bool = True, camera: str = "gate") -> Message:
        return Message(camera=camera, kind="detections", payload=b'{"seq":%d}' % number, droppable=live)

    return make
