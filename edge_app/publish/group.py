"""All sinks together: every message goes to each of them; sinks come and go while the program runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from pathlib import Path

from edge_app.core.backoff import Backoff
from edge_app.core.errors import StoppedError, TemporaryError
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.publish.delivery import Delivery
from edge_app.publish.messages import Message
from edge_app.publish.policy import EVERYTHING, DeliveryPolicy
from edge_app.publish.sink_status import SinkStatus
from edge_app.publish.sinks.sink import ClosedOutput, Sink
from edge_app.publish.stand_in import StandIn

logger = logging.getLogger(__name__)

STUCK_S = 30.0  # beyond its time; every call of a sink has a shorter time-out


class DeliveryGroup:
    """The sinks of the program, a thread each. Any thread may call any method."""

    def __init__(
        self,
        threads: ThreadGroup,
        heartbeats: Heartbeats,
        metrics: Metrics,
        *,
        backoff: Callable[[], Backoff | None] = lambda: None,
        capacity: int = 1000,
        spools: Path | None = None,
    ) -> None:
        """Begins without a sink.

        Args:
            threads: Runs the threads.
            heartbeats: Told at least once a second that each of them is alive.
            metrics: Counts what was delivered, dropped and failed, by sink.
            backoff: Makes the pauses of one sink; None: the default ones.
            capacity: How many messages wait at most in memory for each sink.
            spools: The folder of what is kept on the disk; None: nothing is.
        """
        self._threads, self._heartbeats, self._metrics = threads, heartbeats, metrics
        self._backoff, self._capacity, self._spools = backoff, capacity, spools
        self._changing = threading.Lock()
        # Replaced, never changed: `put` reads it without the lock.
        self._deliveries: Mapping[str, Delivery | StandIn] = {}
        self._leaving: Mapping[str, Delivery] = {}  # removed, and perhaps still delivering what waits
        self._stopped = False
        self._newest: dict[Hashable, Message] = {}  # states, by camera and kind

    def add(self, name: str, sink: Sink, policy: DeliveryPolicy = EVERYTHING) -> None:
        """Starts to deliver to a sink, which first gets the newest of every state.

        Raises:
            ValueError: There is a sink of that name, or one is still being removed.
            StoppedError: The program stops.
            AccessError: Its spool cannot be used, or another instance uses it.
        """
        with self._changing:
            if name in self._deliveries or name in self._still_leaving():
                raise ValueError(f"there is a sink {name} already")
            self._begin(name, sink, policy)

    def replace(self, name: str, sink: Sink, policy: DeliveryPolicy, drain_s: float) -> None:
        """Another sink in the place of that of a name, which ends as `remove` says; it waits for that.

        What comes meanwhile is for the new sink; what the old one has not delivered waits in its spool, if it has one.
        If this fails, messages wait in memory until it is called again.

        Raises:
            KeyError: There is no sink of that name.
            TemporaryError: The thread of the old one is stuck in a call.
            StoppedError, AccessError: As `add`.
        """
        with self._changing:
            before = self._deliveries[name]
            if isinstance(before, Delivery):
                drop = partial(self._metrics.count, "publish_dropped", sink=name, reason="queue")
                self._deliveries = {**self._deliveries, name: StandIn(before.status, self._capacity, drop)}
                self._leaving = {**self._still_leaving(), name: before}
                before.leave(drain_s)
            leaving = self._leaving.get(name)
        if leaving is not None and not leaving.join(drain_s + STUCK_S):
            raise TemporaryError(f"{name}: the thread of the sink is stuck in a call")
        with self._changing:
            self._begin(name, sink, policy)

    def _begin(self, name: str, sink: Sink, policy: DeliveryPolicy) -> None:
        """Starts a delivery, which first gets what a stand-in kept for it; to be called with the lock."""
        if self._stopped:
            raise StoppedError(f"{name}: not added, the program stops")
        delivery = Delivery(
            name,
            sink,
            heartbeats=self._heartbeats,
            metrics=self._metrics,
            backoff=self._backoff(),
            capacity=self._capacity,
            policy=policy,
            spools=self._spools,
        )
        for message in self._newest.values():
            delivery.put_state(message)
        if isinstance(stand_in := self._deliveries.get(name), StandIn):
            stand_in.hand_over(delivery)
        self._deliveries = {**self._deliveries, name: delivery}
        self._threads.start(delivery.thread_name, partial(self._run, delivery))
        if delivery.spool is not None:
            self._threads.start(delivery.spool.thread_name, delivery.spool.run)

    def remove(self, name: str, drain_s: float) -> Delivery | None:
        """Takes no more messages for a sink; its thread delivers what waits for at most `drain_s` [s] and ends.

        It waits for nothing, so a loop that must beat may call it. The name is free again when the thread has ended.

        Returns:
            The delivery that ends: `join` waits for it, and then `status.queued` is how many messages it lost. None
            where a `replace` has failed.

        Raises:
            KeyError: There is no sink of that name.
        """
        with self._changing:
            delivery = self._deliveries[name]
            self._deliveries = _without(name, self._deliveries)
            if isinstance(delivery, StandIn):
                return None
            self._leaving = {**self._still_leaving(), name: delivery}
        delivery.leave(drain_s)
        return delivery

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message for every sink; False if one gave it up. `wait` is as in `MessageQueue.put`."""
        taken = [self._put(name, delivery, message, wait) for name, delivery in self._deliveries.items()]
        return all(taken)

    def _put(self, name: str, delivery: Delivery | StandIn, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues it for one sink; for the one that has taken its place, where it has ended just now."""
        if delivery.put(message, wait):
            return True
        following = self._deliveries.get(name, delivery)
        return following is not delivery and following.put(message, wait)

    def put_state(self, message: Message) -> None:
        """Makes this the newest state of its camera and kind for every sink, also for those that are added later."""
        with self._changing:
            self._newest[message.camera, message.kind] = message
            for delivery in self._deliveries.values():
                delivery.put_state(message)

    def statuses(self) -> dict[str, SinkStatus]:
        """How each sink is doing, by name."""
        return {name: delivery.status for name, delivery in self._deliveries.items()}

    def drain(self, timeout_s: float) -> int:
        """Waits until all is delivered, or until the timeout; returns how many messages are not, over all sinks."""
        deadline = time.monotonic() + timeout_s
        return sum(delivery.drain(deadline) for delivery in self._all())

    def spooled(self) -> int:
        """How many messages that are not delivered wait in a spool, for the next start."""
        kept = [each for each in self._all() if isinstance(each, Delivery) and each.spool is not None]
        return sum(delivery.status.queued for delivery in kept)

    def stop(self) -> None:
        """Makes every thread end within a second; no sink can be added any more."""
        with self._changing:
            self._stopped = True
        for delivery in self._all():
            delivery.stop()

    def _run(self, delivery: Delivery) -> None:
        """Runs a delivery in its thread; where others go on, a sink that nobody reads any more ends without them."""
        try:
            delivery.run()
        except ClosedOutput as closed:
            if self._is_last(delivery):
                raise
            delivery.give_up(str(closed))

    def _is_last(self, delivery: Delivery) -> bool:
        with self._changing:
            return [other for other in self._deliveries.values() if not other.given_up] == [delivery]

    def _all(self) -> list[Delivery | StandIn]:
        """Also those that are being removed."""
        with self._changing:
            return [*self._deliveries.values(), *self._still_leaving().values()]

    def _still_leaving(self) -> Mapping[str, Delivery]:
        """Those that were removed and whose thread has not ended; to be called with the lock."""
        return {name: delivery for name, delivery in self._leaving.items() if not delivery.join(0)}


def _without(name: str, deliveries: Mapping[str, Delivery | StandIn]) -> Mapping[str, Delivery | StandIn]:
    return {other: delivery for other, delivery in deliveries.items() if other != name}
