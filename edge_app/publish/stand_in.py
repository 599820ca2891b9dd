"""Takes the messages for a sink while its delivery ends and another is made."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from edge_app.publish.delivery import Delivery
from edge_app.publish.messages import Message
from edge_app.publish.sink_status import SinkStatus

POLL_S = 0.05  # how often whoever waits for room looks whether there is a delivery


class StandIn:
    """Has what `DeliveryGroup` asks of a delivery; keeps messages in memory, in their order, for the next delivery.

    Attributes:
        given_up: Never.
    """

    given_up = False

    def __init__(self, status: SinkStatus, capacity: int, drop: Callable[[], object]) -> None:
        """Begins with the status of the delivery that ends.

        Args:
            status: What is told of the sink meanwhile.
            capacity: How many messages wait at most.
            drop: Called for every message that finds no room.
        """
        self._status, self._capacity, self._drop = status, capacity, drop
        self._lock = threading.Lock()
        self._waiting: deque[Message] = deque()
        self._next: Delivery | None = None
        self._stopped = False

    @property
    def status(self) -> SinkStatus:
        """That of the delivery before, with what waits here."""
        return replace(self._status, queued=len(self._waiting))

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """As `Delivery.put`."""
        while True:
            with self._lock:
                following = self._next
                if following is None and len(self._waiting) < self._capacity:
                    self._waiting.append(message)
                    return True
            if following is not None:
                return following.put(message, wait)
            if message.droppable or self._stopped or not wait():
                self._drop()
                return False
            time.sleep(POLL_S)

    def put_state(self, message: Message) -> None:
        """Does nothing: a new delivery is given the newest of every state."""
        if self._next is not None:
            self._next.put_state(message)

    def hand_over(self, delivery: Delivery) -> None:
        """Gives the delivery what waits, and from now on what comes."""
        with self._lock:
            for message in self._waiting:
                delivery.put(message, lambda: False)
            self._waiting.clear()
            self._next = delivery

    def drain(self, deadline_mono: float) -> int:
        """How many messages nobody delivers."""
        return len(self._waiting)

    def stop(self) -> None:
        """Lets go of whoever waits for room."""
        self._stopped = True
