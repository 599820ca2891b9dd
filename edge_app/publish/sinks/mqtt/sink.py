"""Messages to an MQTT broker, one topic per camera."""

from __future__ import annotations

import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from edge_app.publish.messages import ALL_KINDS, DeliveredKind, Message, MessageKind, places_of
from edge_app.publish.sinks.mqtt.broker import Broker
from edge_app.publish.sinks.mqtt.connection import MqttConnection
from edge_app.publish.sinks.mqtt.home_assistant import discovery, discovery_topic
from edge_app.publish.sinks.sink import RefusedError

logger = logging.getLogger(__name__)

IN_FLIGHT = 100  # messages sent and not confirmed; beyond that a slow broker holds back the queue
ACKNOWLEDGE_S = 20.0  # for the oldest message, since the one before it was acknowledged
WAIT_S = 0.5
KEPT = ("status", "counts", "places")  # by the broker, for consumers that connect later; so it is confirmed, too
TOO_LARGE = "Packet too large"  # what MQTT 5 calls it when a broker hangs up for it


class MqttSink:
    """Counts a message as delivered with QoS 1 after the broker's PUBACK, with QoS 0 when the socket took it.

    Every connection is a new session. What the last one did not confirm is sent again, in order.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        prefix: str,
        box: str | None = None,
        client_id: str | None = None,
        kinds: Iterable[MessageKind] = ALL_KINDS,
        announce: bool = False,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """Does not connect yet.

        Args:
            broker: Where messages go; its `qos` is also that of messages.
            prefix: First part of every topic.
            box: Name of this box among others that publish under this prefix; None if there are none.
            client_id: What the broker calls this client; None for a new name.
            kinds: Which messages it takes.
            announce: Whether to announce our cameras, zones and lines to Home Assistant.
            in_flight: How many messages may be sent and not confirmed.
        """
        self.kinds: frozenset[DeliveredKind] = frozenset([*kinds, "places"] if announce else kinds)
        self._broker, self._prefix, self._in_flight = broker, prefix, in_flight
        self._client_id = client_id or new_client_id()
        self._available = available_topic(prefix, box)
        self._announced = discovery_topic(prefix) if announce else None
        self._connection: MqttConnection | None = None
        self._without: Literal["online", "subscribe"] | None = None
        self._sent: dict[int, Message] = {}  # by paho's number
        self._waits_since_mono = 0.0  # since then the oldest of them is the oldest
        self._confirmed: list[Message] = []
        self._refused: deque[RefusedError] = deque()
        self._told_of_available = False

    def open(self, wake: Callable[[], None]) -> bool:
        if self._connection is None:
            self._sent, self._confirmed = {}, []
            self._refused.clear()
            self._connection = MqttConnection(
                self._broker,
                self._client_id,
                available=self._available,
                silent=self._without == "online",
                listen=self._without is None,
                announced=self._announced,
                wake=wake,
            )
        return self._connection.connected(WAIT_S)

    def send(self, message: Message) -> bool:
        connection = self._opened()
        limits, (topic, payload) = connection.limits, self._wire(message)
        kept = message.kind in KEPT
        qos, retain = 1 if kept else self._broker.qos, kept and self._broker.retain
        if not limits.fits(topic, payload, min(qos, limits.qos)):
            raise RefusedError(message, f"larger than the {limits.packet} bytes that the broker takes", TOO_LARGE)
        if len(self._sent) >= min(self._in_flight, limits.in_flight):
            self._collect(WAIT_S)
        if len(self._sent) >= min(self._in_flight, limits.in_flight):
            return False
        if not self._sent:
            self._waits_since_mono = time.monotonic()
        self._sent[connection.publish(topic, payload, qos, retain)] = message
        if message.kind == "places":
            connection.announced(payload)
        return True

    def confirmed(self) -> Sequence[Message]:
        self._collect(0)
        if self._refused:
            raise self._refused.popleft()
        confirmed, self._confirmed = self._confirmed, []
        return confirmed

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._without = self._connection.hung_up_at  # of the next connection; the one after it asks again
        self._connection = None

    def _opened(self) -> MqttConnection:
        if self._connection is None:
            raise ValueError("want an open sink")
        return self._connection

    def _collect(self, timeout_s: float) -> None:
        oldest = next(iter(self._sent), None)
        for answer in self._opened().answers(timeout_s):
            message = self._sent.pop(answer.number, None)
            if answer.refused and message is not None:
                self._refused.append(RefusedError(message, f"refused: {answer.refused}", answer.refused))
            elif message is not None:
                self._confirmed.append(message)
            elif answer.refused and not self._told_of_available:
                self._told_of_available = True
                logger.warning("%s: refused: %s; nobody sees whether we are online", self._available, answer.refused)
        if next(iter(self._sent), None) != oldest:
            self._waits_since_mono = time.monotonic()
        elif self._sent and time.monotonic() - self._waits_since_mono > ACKNOWLEDGE_S:
            raise self._broker.error(f"a message was not acknowledged in {ACKNOWLEDGE_S:g} s")

    def _wire(self, message: Message) -> tuple[str, bytes]:
        """Topic and payload."""
        if message.kind == "places":
            return discovery_topic(self._prefix), discovery(self._prefix, places_of(message))
        whose = self._prefix if message.camera is None else f"{self._prefix}/{message.camera}"
        return f"{whose}/{message.kind}", message.payload


def available_topic(prefix: str, box: str | None = None) -> str:
    """The topic that shows whether we are connected."""
    return f"{prefix}/available" if box is None else f"{prefix}/{box}/available"


def new_client_id() -> str:
    """A name that no other client of the broker has: of two clients with the same name, one throws out the other."""
    return f"edge_app-{secrets.token_hex(6)}"
