"""The thread that delivers messages to one sink, however often the sink fails."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from edge_app.core.backoff import Backoff
from edge_app.core.errors import SinkError
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.publish.handover import Handover
from edge_app.publish.messages import Message
from edge_app.publish.queue import SLICE_S, MessageQueue
from edge_app.publish.sink_status import SinkStatus, SinkStatusLog
from edge_app.publish.sinks.sink import BusyError, LoginError, Sink

logger = logging.getLogger(__name__)

LONGEST_WISH_S = 600.0  # how long a sink may ask us to wait


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
            heartbeats: Told at least once a second that the thread is alive, until it is to leave.
            metrics: Counts what was delivered, dropped and failed.
            backoff: The pauses after failures; None for the default ones.
            capacity: How many messages wait at most.
        """
        self.name = name
        self._sink = sink
        self._heartbeats, self._metrics = heartbeats, metrics
        self._backoff = backoff or Backoff()
        self._status = SinkStatusLog(name)
        self._queue = MessageQueue(capacity, lambda: metrics.count("publish_dropped", sink=name, reason="queue"))
        self._handover = Handover(name, sink, self._queue, status=self._status, metrics=metrics, beat=self._beat)
        self._leave_mono = math.inf
        self._given_up = False
        self._ended = threading.Event()

    @property
    def thread_name(self) -> str:
        return f"publish {self.name}"

    @property
    def status(self) -> SinkStatus:
        """How the sink is doing."""
        return replace(self._status.current, queued=self._queue.undelivered)

    @property
    def given_up(self) -> bool:
        """Whether nobody wants its messages any more."""
        return self._given_up

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message, as `MessageQueue.put` says; False if it was given up."""
        if self._given_up or message.kind not in self._sink.kinds:
            return True
        return self._queue.put(message, lambda: time.monotonic() < self._leave_mono and wait())

    def put_status(self, message: Message) -> None:
        """Makes this the status of its camera, if the sink takes statuses."""
        if message.kind in self._sink.kinds:
            self._queue.put_status(message)

    def drain(self, deadline_mono: float) -> int:
        """Waits until all is delivered, or until the deadline [s]; returns how many messages are undelivered."""
        return self._queue.drain(min(deadline_mono, self._leave_mono))

    def leave(self, drain_s: float) -> None:
        """Makes `run` return by itself when what waits is delivered, or after `drain_s` [s]; waits for nothing.

        From now on nobody waits for a sign of life: the thread may be stuck in a call.
        """
        self._leave_mono = time.monotonic() + drain_s
        self._heartbeats.forget(self.thread_name)
        self._queue.drain(0)
        self._queue.wake()

    def give_up(self, reason: str) -> None:
        """Forgets what waits, and takes every message from now on to nowhere; for after the end of `run`."""
        self._given_up = True
        self._status.down(reason, "the other sinks go on")
        self._queue.clear()

    def stop(self) -> None:
        """Makes `run` return within a second; what still waits is not delivered."""
        self._queue.close()

    def join(self, timeout_s: float) -> bool:
        """Whether `run` has returned; waits for that until the timeout."""
        return self._ended.wait(timeout_s)

    def run(self) -> None:
        """Delivers until `stop`; a sink that fails is opened again, and no message keeps it from the others.

        Raises:
            ClosedOutput: Nobody reads our standard output any more.
        """
        try:
            while not self._queue.closed:
                try:
                    self._handover.deliver()
                except SinkError as error:
                    self._status.down(str(error))
                    self._handover.judge(error)
                    self._pause_after(error)
        finally:
            self._queue.close()
            if refused := self._metrics.total("publish_dropped", sink=self.name, reason="refused"):
                logger.warning("%s: refused and set aside in all: %d", self.name, refused)
            if self._leave_mono < math.inf and (lost := self._queue.undelivered):
                logger.warning("%s: removed, and %d messages were not delivered", self.name, lost)
            self._heartbeats.forget(self.thread_name)
            self._ended.set()

    def _pause_after(self, error: SinkError) -> None:
        """Waits before the next attempt."""
        self._metrics.count("publish_failed", sink=self.name)
        began, refused = time.monotonic(), isinstance(error, LoginError)
        opened_mono = self._handover.opened_mono
        up_s = 0.0 if opened_mono is None else began - opened_mono
        pause_s = self._backoff.pause(up_s, login_refused=refused)
        if isinstance(error, BusyError):
            pause_s = max(pause_s, min(error.retry_s or 0.0, LONGEST_WISH_S))
        while not self._queue.closed:
            # At the end there is no time for a long pause: the sink may be back already.
            hurry = self._queue.draining and not refused
            left_s = (min(pause_s, self._backoff.initial_s) if hurry else pause_s) - (time.monotonic() - began)
            if left_s <= 0:
                break
            self._beat()
            self._queue.pause(min(left_s, SLICE_S))

    def _beat(self) -> None:
        """Shows that the thread is alive; as it is called between all waits, it also finds that it is time to leave."""
        self._heartbeats.beat(self.thread_name)
        if self._leave_mono < math.inf:
            self._heartbeats.forget(self.thread_name)  # whichever was first, `leave` or the beat
            if time.monotonic() >= self._leave_mono or self._queue.idle:
                self._queue.close()
