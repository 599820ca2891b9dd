"""All sinks together: every message goes to each of them; sinks come and go while the program runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from edge_app.core.backoff import Backoff
from edge_app.core.errors import StoppedError
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.publish.delivery import Delivery, SinkStatus
from edge_app.publish.messages import Message
from edge_app.publish.sinks.sink import Sink

logger = logging.getLogger(__name__)

JOIN_S = 2.0  # how long `remove` waits for a thread that was stopped


class DeliveryGroup:
    """The sinks of the program, a thread each. Any thread may call any method."""

    def __init__(
        self,
        threads: ThreadGroup,
        heartbeats: Heartbeats,
        metrics: Metrics,
        *,
        backoff: Callable[[], Backoff] = Backoff,
        capacity: int = 1000,
    ) -> None:
        """Begins without a sink.

        Args:
            threads: Runs the threads.
            heartbeats: Told at least once a second that each of them is alive.
            metrics: Counts what was delivered, dropped and failed, by sink.
            backoff: Makes the pauses of one sink.
            capacity: How many messages wait at most for each sink.
        """
        self._threads, self._heartbeats, self._metrics = threads, heartbeats, metrics
        self._backoff, self._capacity = backoff, capacity
        self._changing = threading.Lock()
        self._deliveries: Mapping[str, Delivery] = {}  # replaced, never changed: `put` reads it without the lock
        self._leaving: Mapping[str, Delivery] = {}  # removed, and still delivering what waits
        self._stopped = False
        self._newest: dict[str | None, Message] = {}  # statuses, by camera

    def add(self, name: str, sink: Sink) -> None:
        """Starts to deliver to a sink, which first gets the newest status of every camera.

        Raises:
            ValueError: There is a sink of that name, or one is still being removed.
            StoppedError: The program stops.
        """
        delivery = Delivery(
            name,
            sink,
            heartbeats=self._heartbeats,
            metrics=self._metrics,
            backoff=self._backoff(),
            capacity=self._capacity,
        )
        with self._changing:
            if self._stopped:
                raise StoppedError(f"{name}: not added, the program stops")
            if name in self._deliveries or name in self._leaving:
                raise ValueError(f"there is a sink {name} already")
            for message in self._newest.values():
                delivery.put_status(message)
            self._deliveries = {**self._deliveries, name: delivery}
            self._threads.start(delivery.thread_name, delivery.run)

    def remove(self, name: str, drain_s: float) -> int:
        """Takes no more messages for a sink, delivers what waits for at most `drain_s` [s], and ends its thread.

        It waits for that, and 2 s longer for a thread that is stuck in a call: not for a loop that must beat.

        Returns:
            How many messages were not delivered.

        Raises:
            KeyError: There is no sink of that name.
        """
        with self._changing:
            delivery = self._deliveries[name]
            self._deliveries = _without(name, self._deliveries)
            self._leaving = {**self._leaving, name: delivery}
        delivery.drain(time.monotonic() + drain_s)
        delivery.stop()
        if not delivery.join(JOIN_S):
            logger.warning("%s: removed, but still stuck in a call", name)
            self._heartbeats.forget(delivery.thread_name)
        with self._changing:
            self._leaving = _without(name, self._leaving)
        return delivery.status.queued

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message for every sink; False if one gave it up. `wait` is as in `MessageQueue.put`."""
        taken = [delivery.put(message, wait) for delivery in self._deliveries.values()]
        return all(taken)

    def put_status(self, message: Message) -> None:
        """Makes this the status of its camera for every sink, also for those that are added later."""
        with self._changing:
            self._newest[message.camera] = message
            for delivery in self._deliveries.values():
                delivery.put_status(message)

    def statuses(self) -> dict[str, SinkStatus]:
        """How each sink is doing, by name."""
        return {name: delivery.status for name, delivery in self._deliveries.items()}

    def drain(self, timeout_s: float) -> int:
        """Waits until all is delivered, or until the timeout; returns how many messages are not, over all sinks."""
        deadline = time.monotonic() + timeout_s
        return sum(delivery.drain(deadline) for delivery in self._all())

    def stop(self) -> None:
        """Makes every thread end within a second; no sink can be added any more."""
        with self._changing:
            self._stopped = True
        for delivery in self._all():
            delivery.stop()

    def _all(self) -> list[Delivery]:
        """Also those that are being removed."""
        with self._changing:
            return [*self._deliveries.values(), *self._leaving.values()]


def _without(name: str, deliveries: Mapping[str, Delivery]) -> Mapping[str, Delivery]:
    return {other: delivery for other, delivery in deliveries.items() if other != name}
