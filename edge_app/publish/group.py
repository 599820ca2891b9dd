"""All sinks together: every message goes to each of them; sinks come and go while the program runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from edge_app.core.backoff import Backoff
from edge_app.core.errors import StoppedError
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.publish.delivery import Delivery
from edge_app.publish.messages import Message
from edge_app.publish.sink_status import SinkStatus
from edge_app.publish.sinks.sink import ClosedOutput, Sink

logger = logging.getLogger(__name__)


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
        self._leaving: Mapping[str, Delivery] = {}  # removed, and perhaps still delivering what waits
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
            if name in self._deliveries or name in self._still_leaving():
                raise ValueError(f"there is a sink {name} already")
            for message in self._newest.values():
                delivery.put_status(message)
            self._deliveries = {**self._deliveries, name: delivery}
            self._threads.start(delivery.thread_name, partial(self._run, delivery))

    def remove(self, name: str, drain_s: float) -> Delivery:
        """Takes no more messages for a sink; its thread delivers what waits for at most `drain_s` [s] and ends.

        It waits for nothing, so a loop that must beat may call it. The name is free again when the thread has ended.

        Returns:
            The delivery that ends: `join` waits for it, and then `status.queued` is how many messages it lost.

        Raises:
            KeyError: There is no sink of that name.
        """
        with self._changing:
            delivery = self._deliveries[name]
            self._deliveries = _without(name, self._deliveries)
            self._leaving = {**self._still_leaving(), name: delivery}
        delivery.leave(drain_s)
        return delivery

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

    def _all(self) -> list[Delivery]:
        """Also those that are being removed."""
        with self._changing:
            return [*self._deliveries.values(), *self._still_leaving().values()]

    def _still_leaving(self) -> Mapping[str, Delivery]:
        """Those that were removed and whose thread has not ended; to be called with the lock."""
        return {name: delivery for name, delivery in self._leaving.items() if not delivery.join(0)}


def _without(name: str, deliveries: Mapping[str, Delivery]) -> Mapping[str, Delivery]:
    return {other: delivery for other, delivery in deliveries.items() if other != name}
