"""All sinks together: every message goes to each, and they end as one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from edge_app.core.threads import ThreadGroup
from edge_app.publish.delivery import Delivery
from edge_app.publish.messages import Message


class DeliveryGroup:
    """Every sink of the program."""

    def __init__(self, publishers: Sequence[Delivery]) -> None:
        self._publishers = tuple(publishers)

    def start(self, threads: ThreadGroup) -> None:
        """Runs a thread a sink."""
        for publisher in self._publishers:
            threads.start(publisher.thread_name, publisher.run)

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message for every sink; False where one gave it up. `wait` is as in `MessageQueue.put`."""
        taken = [publisher.put(message, wait) for publisher in self._publishers]
        return all(taken)

    def status(self, message: Message) -> None:
        """Shows a camera's status wherever statuses are shown."""
        for publisher in self._publishers:
            publisher.status(message)

    def drain(self, timeout_s: float) -> int:
        """Waits until all is delivered, at most so long; returns how many messages are not, over all sinks."""
        deadline = time.monotonic() + timeout_s
        return sum(publisher.drain(deadline) for publisher in self._publishers)

    def stop(self) -> None:
        """Makes every thread end within a second."""
        for publisher in self._publishers:
            publisher.stop()
