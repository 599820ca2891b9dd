"""The thread that carries messages to one sink, however often that fails."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge_app.core.errors import SinkError
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.publish.messages import Message
from edge_app.publish.queue import SLICE_S, MessageQueue
from edge_app.publish.sinks.sink import LoginError, Sink

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retry:
    """When a sink that failed is tried again.

    Attributes:
        initial_s: First pause [s]; it doubles with every failure in a row.
        max_s: Longest pause [s].
        jitter: Part of the pause that is random, so that a broker's clients do not return all at once.
        login_s: Pause after a refused login [s].
        stable_s: A sink that was up for so long starts again with the first pause [s].
    """

    initial_s: float = 1.0
    max_s: float = 30.0
    jitter: float = 0.3
    login_s: float = 60.0
    stable_s: float = 30.0

    def pauses(self) -> Iterator[float]:
        """One pause after the other [s]."""
        pause = self.initial_s
        while True:
            yield pause * random.uniform(1 - self.jitter, 1)  # noqa: S311 (no secret)
            pause = min(2 * pause, self.max_s)


class Delivery:
    """One sink behind a bounded queue. `put` and `status` are for other threads; `run` is the sink's own."""

    def __init__(
        self,
        sink: Sink,
        name: str,
        stats: Metrics,
        beats: Heartbeats,
        capacity: int = 1000,
        retry: Retry | None = None,
    ) -> None:
        self.name = name
        self._sink = sink
        self._stats = stats
        self._beats = beats
        self._retry = retry or Retry()
        self._pauses = self._retry.pauses()
        self._down: str | None = ""  # why it is down; "" before the first attempt, None while it is up
        self._outbox = MessageQueue(capacity, lambda: stats.count("publish_dropped", sink=name, reason="queue"))

    @property
    def thread_name(self) -> str:
        return f"publish {self.name}"

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message, as `MessageQueue.put` says; False when it was given up."""
        return message.kind not in self._sink.kinds or self._outbox.put(message, wait)

    def status(self, message: Message) -> None:
        """Makes this the status of its camera, for a sink that shows statuses."""
        if message.kind in self._sink.kinds:
            self._outbox.put_status(message)

    def drain(self, deadline_mono: float) -> int:
        """Waits until all is delivered, at most until then [s]; returns how many messages are not."""
        return self._outbox.drain(deadline_mono)

    def stop(self) -> None:
        """Makes `run` return within a second; what waits is not delivered."""
        self._outbox.close()

    def run(self) -> None:
        """Delivers until `stop`; a sink that fails is opened again.

        Raises:
            ClosedOutput: Nobody reads our standard output any more.
        """
        try:
            while not self._outbox.closed:
                try:
                    self._use()
                except SinkError as error:
                    self._fail(error)
        finally:
            self._outbox.close()
            self._beats.forget(self.thread_name)

    def _use(self) -> None:
        """Opens the sink and delivers until it fails or the publisher stops."""
        try:
            self._outbox.reconnect()
            if not self._open():
                return
            up_since, message = time.monotonic(), None
            if self._down == "":
                self._up()
            while not self._outbox.closed:
                self._beat()
                message = message or self._outbox.take(SLICE_S)
                if message is not None and self._sink.send(message):
                    message = None
                self._confirm()
                if time.monotonic() - up_since > self._retry.stable_s:
                    up_since, self._pauses = float("inf"), self._retry.pauses()
        finally:
            self._sink.close()

    def _open(self) -> bool:
        """False when the publisher was stopped meanwhile."""
        while not self._outbox.closed:
            self._beat()
            if self._sink.open(self._outbox.wake):
                return True
        return False

    def _up(self) -> None:
        """Says so once; a sink that had failed is up when it delivers: a full disk opens files gladly."""
        if self._down is not None:
            logger.info("%s: up", self.name)
        self._down = None

    def _confirm(self) -> None:
        if messages := self._sink.confirmed():
            self._up()
            self._outbox.delivered(messages)
            self._stats.count("published", len(messages), sink=self.name)

    def _fail(self, error: SinkError) -> None:
        """Says once why the sink is down and waits before the next attempt."""
        self._stats.count("publish_failed", sink=self.name)
        refused = isinstance(error, LoginError)
        pause = self._retry.login_s if refused else next(self._pauses)
        if str(error) != self._down:
            logger.warning("%s: down: %s; trying again", self.name, error)
        self._down = str(error)
        began = time.monotonic()
        while not self._outbox.closed:
            # At the end there is no time for a long pause: the sink may be back already.
            hurry = self._outbox.draining and not refused
            left = (min(pause, self._retry.initial_s) if hurry else pause) - (time.monotonic() - began)
            if left <= 0:
                break
            self._beat()
            self._outbox.pause(min(left, SLICE_S))

    def _beat(self) -> None:
        self._beats.beat(self.thread_name)
