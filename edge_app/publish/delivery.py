"""The thread that delivers messages to one sink, however often the sink fails."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge_app.core.backoff import Backoff
from edge_app.core.errors import SinkError
from edge_app.core.metrics import Metrics
from edge_app.core.rate_limiter import RateLimiter
from edge_app.core.threads import Heartbeats
from edge_app.publish.handover import Handover
from edge_app.publish.messages import Message
from edge_app.publish.policy import EVERYTHING, DeliveryPolicy
from edge_app.publish.queue import SLICE_S, MessageQueue
from edge_app.publish.sink_status import SinkStatus, SinkStatusLog
from edge_app.publish.sinks.sink import BusyError, LoginError, Sink
from edge_app.publish.spool import Spool

logger = logging.getLogger(__name__)

LONGEST_PAUSE_S = 5.0  # between attempts; what waits may be about to be dropped
LONGEST_WISH_S = 600.0  # how long a sink may ask us to wait


class Delivery:
    """One sink behind a bounded queue. Its own thread calls `run`; every other method is for other threads.

    Attributes:
        name: What logs and metrics call the sink.
        spool: What keeps on the disk what the sink has not taken, for a thread of its own; None if nothing does.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        *,
        heartbeats: Heartbeats,
        metrics: Metrics,
        backoff: Backoff | None = None,
        capacity: int = 1000,
        policy: DeliveryPolicy = EVERYTHING,
        spools: Path | None = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            name: What logs and metrics call the sink.
            sink: Where the messages go; it is used and closed by `run` only.
            heartbeats: Told at least once a second that the thread is alive, until it is to leave.
            metrics: Counts what was delivered, dropped and failed.
            backoff: The pauses after failures; None for the default ones.
            capacity: How many messages wait at most in memory.
            policy: Which messages are sent, and what is kept on the disk.
            spools: The folder of all spools; None: nothing is kept on the disk.

        Raises:
            AccessError: The folder of the spools cannot be used, or another instance uses this spool.
        """
        self.name = name
        self._sink = sink
        self._heartbeats, self._metrics = heartbeats, metrics
        self._backoff = backoff or Backoff(max_s=LONGEST_PAUSE_S)
        self._status = SinkStatusLog(name)
        self._limiters: defaultdict[str | None, RateLimiter] = defaultdict(lambda: RateLimiter(policy.max_per_s))
        self._required, self._ended = policy.required, threading.Event()
        self._queue = MessageQueue(
            capacity,
            lambda: metrics.count("publish_dropped", sink=name, reason="queue"),
            always=None if policy.spool is None or spools is None else policy.spool.always,
        )
        self.spool = None
        if policy.spool is not None and spools is not None:
            self.spool = Spool(name, spools, policy.spool, self._queue, metrics=metrics, sent=self._ended)
        self._handover = Handover(name, sink, self._queue, status=self._status, metrics=metrics, beat=self._beat)
        self._leave_mono = math.inf
        self._given_up = False

    @property
    def thread_name(self) -> str:
        return f"publish {self.name}"

    @property
    def status(self) -> SinkStatus:
        """How the sink is doing."""
        waiting = self._queue.waiting
        return replace(
            self._status.current,
            queued=waiting.messages,
            spooled=waiting.on_disk,
            oldest_s=waiting.oldest_s,
            required=self._required,
        )

    @property
    def given_up(self) -> bool:
        """Whether nobody wants its messages any more."""
        return self._given_up

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message, as `MessageQueue.put` says; False if it was given up."""
        if self._given_up or message.kind not in self._sink.kinds:
            return True
        if message.kind == "detections" and not self._limiters[message.camera].keeps(message.time):
            self._metrics.count("publish_dropped", sink=self.name, reason="max_per_s")
            return True
        return self._queue.put(message, lambda: time.monotonic() < self._leave_mono and wait())

    def put_state(self, message: Message) -> None:
        """Makes this the newest state of its camera and kind, if the sink takes that kind."""
        if message.kind in self._sink.kinds:
            self._queue.put_state(message)

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
        """Whether `run` has returned, and the spool's thread has; waits for that until the timeout."""
        deadline = time.monotonic() + timeout_s
        ended = self._ended.wait(timeout_s)
        return ended and (self.spool is None or self.spool.join(max(0.0, deadline - time.monotonic())))

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
            if refused := self._metrics.by("publish_refused", "code", sink=self.name):
                by_code = ", ".join(f"{code} {count}" for code, count in refused.items())
                logger.warning("%s: refused and set aside in all: %d (%s)", self.name, sum(refused.values()), by_code)
            if self._leave_mono < math.inf and (lost := self._queue.undelivered):
                fate = "were not delivered" if self.spool is None else "wait in its spool"
                logger.warning("%s: removed, and %d messages %s", self.name, lost, fate)
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
            if time.monotonic() >= self._leave_mono:
                self._queue.close()
            else:
                self._queue.close_if_idle()
