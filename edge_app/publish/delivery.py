"""The thread that delivers messages to one sink, however often the sink fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from edge_app.core.backoff import Backoff
from edge_app.core.errors import SinkError
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.publish.messages import Message
from edge_app.publish.queue import SLICE_S, MessageQueue
from edge_app.publish.sinks.sink import LoginError, Sink

logger = logging.getLogger(__name__)

SinkState = Literal["connecting", "up", "down"]


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """What is known of a sink.

    Attributes:
        state: `connecting` only before it is first open or first fails; a sink that failed is `down` until it has
            delivered something.
        reason: Why it is down, in words; None in every other state.
        since: When this state began [s since the epoch].
        queued: Messages that it has not delivered yet.
    """

    state: SinkState
    reason: str | None
    since: float
    queued: int


class Delivery:
    """One sink behind a bounded queue. Its own thread calls `run`; every other method is for other threads."""

    def __init__(
        self,
        name: str,
        sink: Sink,
        *,
        heartbeats: Heartbeats,
        metrics: Metrics,
        backoff: Backoff | None = None,
        capacity: int = 1000,
    ) -> None:
        """Opens nothing yet.

        Args:
            name: What logs and metrics call the sink.
            sink: Where the messages go; it is used and closed by `run` only.
            heartbeats: Told at least once a second that the thread is alive.
            metrics: Counts what was delivered, dropped and failed.
            backoff: The pauses after failures; None for the default ones.
            capacity: How many messages wait at most.
        """
        self.name = name
        self._sink = sink
        self._heartbeats, self._metrics = heartbeats, metrics
        self._backoff = backoff or Backoff()
        self._opened_mono: float | None = None  # None while the sink is not open
        self._status = SinkStatus("connecting", None, time.time(), 0)
        self._queue = MessageQueue(capacity, lambda: metrics.count("publish_dropped", sink=name, reason="queue"))
        self._ended = threading.Event()

    @property
    def thread_name(self) -> str:
        return f"publish {self.name}"

    @property
    def status(self) -> SinkStatus:
        """How the sink is doing."""
        return replace(self._status, queued=self._queue.undelivered)

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message, as `MessageQueue.put` says; False if it was given up."""
        return message.kind not in self._sink.kinds or self._queue.put(message, wait)

    def put_status(self, message: Message) -> None:
        """Makes this the status of its camera, if the sink takes statuses."""
        if message.kind in self._sink.kinds:
            self._queue.put_status(message)

    def drain(self, deadline_mono: float) -> int:
        """Waits until all is delivered, or until the deadline [s]; returns how many messages are undelivered."""
        return self._queue.drain(deadline_mono)

    def stop(self) -> None:
        """Makes `run` return within a second; what still waits is not delivered."""
        self._queue.close()

    def join(self, timeout_s: float) -> bool:
        """Whether `run` has returned; waits for that until the timeout."""
        return self._ended.wait(timeout_s)

    def run(self) -> None:
        """Delivers until `stop`; a sink that fails is opened again.

        Raises:
            ClosedOutput: Nobody reads our standard output any more.
        """
        try:
            while not self._queue.closed:
                try:
                    self._deliver()
                except SinkError as error:
                    self._pause_after(error)
        finally:
            self._queue.close()
            self._heartbeats.forget(self.thread_name)
            self._ended.set()

    def _deliver(self) -> None:
        """Opens the sink and delivers until the sink fails or the delivery is stopped."""
        self._opened_mono = None
        try:
            self._queue.reconnect()
            if not self._open():
                return
            self._opened_mono, message = time.monotonic(), None
            if self._status.state == "connecting":
                self._set_up()
            while not self._queue.closed:
                self._beat()
                message = message or self._queue.take(SLICE_S)
                if message is not None and self._sink.send(message):
                    message = None
                self._collect_confirmed()
        finally:
            self._sink.close()

    def _open(self) -> bool:
        """False if the delivery was stopped meanwhile."""
        while not self._queue.closed:
            self._beat()
            if self._sink.open(self._queue.wake):
                return True
        return False

    def _collect_confirmed(self) -> None:
        if messages := self._sink.confirmed():
            self._set_up()  # only now: a file on a full disk can be opened, but not written
            self._queue.delivered(messages)
            self._metrics.count("published", len(messages), sink=self.name)

    def _set_up(self) -> None:
        if self._status.state != "up":
            logger.info("%s: up", self.name)
            self._status = SinkStatus("up", None, time.time(), 0)

    def _set_down(self, reason: str) -> None:
        """The same reason again is not logged."""
        if reason != self._status.reason:
            logger.warning("%s: down: %s; trying again", self.name, reason)
            since = self._status.since if self._status.state == "down" else time.time()
            self._status = SinkStatus("down", reason, since, 0)

    def _pause_after(self, error: SinkError) -> None:
        """Waits before the next attempt."""
        self._metrics.count("publish_failed", sink=self.name)
        self._set_down(str(error))
        began, refused = time.monotonic(), isinstance(error, LoginError)
        up_s = 0.0 if self._opened_mono is None else began - self._opened_mono
        pause_s = self._backoff.pause(up_s, login_refused=refused)
        while not self._queue.closed:
            # At the end there is no time for a long pause: the sink may be back already.
            hurry = self._queue.draining and not refused
            left_s = (min(pause_s, self._backoff.initial_s) if hurry else pause_s) - (time.monotonic() - began)
            if left_s <= 0:
                break
            self._beat()
            self._queue.pause(min(left_s, SLICE_S))

    def _beat(self) -> None:
        self._heartbeats.beat(self.thread_name)
