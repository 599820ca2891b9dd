"""Messages to an MQTT broker, a topic a camera."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from edge_app.publish.messages import Kind, Message
from edge_app.publish.sinks.mqtt.broker import new_client_id, unreachable
from edge_app.publish.sinks.mqtt.config import MqttSettings
from edge_app.publish.sinks.mqtt.connection import MqttConnection

IN_FLIGHT = 100  # messages sent and not confirmed; a broker that is slower than we are holds back the queue
WAIT_S = 0.5
PROBE_S = 5.0


class MqttSink:
    """Delivers when the broker has confirmed: with QoS 1 by its PUBACK, with QoS 0 when the socket took it.

    Every connection is a new session. What the last one did not confirm, the publisher sends again, in order.
    """

    kinds: frozenset[Kind] = frozenset({"detections", "event", "status", "stats"})

    def __init__(self, settings: MqttSettings, in_flight: int = IN_FLIGHT) -> None:
        """Reads the certificates; raises ConfigError or AccessError where that fails."""
        self._settings = settings
        self._tls = settings.tls.context() if settings.tls else None
        self._client_id = settings.client_id or new_client_id()
        self._in_flight = in_flight
        self._link: MqttConnection | None = None
        self._sent: dict[int, Message] = {}  # by paho's number
        self._confirmed: list[Message] = []

    def open(self, wake: Callable[[], None]) -> bool:
        if self._link is None:
            self._sent, self._confirmed = {}, []
            self._link = MqttConnection(self._settings, self._client_id, self._tls, wake)
        return self._link.connected(WAIT_S)

    def send(self, message: Message) -> bool:
        link = self._opened()
        if len(self._sent) >= min(self._in_flight, link.receive_maximum):
            self._collect(WAIT_S)
        if len(self._sent) >= min(self._in_flight, link.receive_maximum):
            return False
        # A status is what a consumer that connects later sees, so it is retained, and worth a confirmation.
        is_status = message.kind == "status"
        qos = 1 if is_status else self._settings.qos
        self._sent[link.publish(self._topic(message), message.payload, qos, is_status)] = message
        return True

    def confirmed(self) -> Sequence[Message]:
        self._collect(0)
        confirmed, self._confirmed = self._confirmed, []
        return confirmed

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None

    def _opened(self) -> MqttConnection:
        if self._link is None:
            raise ValueError("want an open sink")
        return self._link

    def _collect(self, timeout_s: float) -> None:
        for number in self._opened().acknowledged(timeout_s):
            if (message := self._sent.pop(number, None)) is not None:
                self._confirmed.append(message)

    def _topic(self, message: Message) -> str:
        if message.camera is None:
            return f"{self._settings.prefix}/{message.kind}"
        leaf = "events" if message.kind == "event" else message.kind
        return f"{self._settings.prefix}/{message.camera}/{leaf}"


class MqttSinkConfig(MqttSettings):
    """Messages to an MQTT broker, a topic a camera."""

    def open(self) -> MqttSink:
        """The sink, not yet connected; see `SinkConfig.open`."""
        return MqttSink(self)

    def probe(self) -> str:
        """Connects under a name of its own, so that a service that runs is not thrown out, and says nothing."""
        connection = MqttConnection(self, new_client_id(), self.tls.context() if self.tls else None, announce=False)
        try:
            until = time.monotonic() + PROBE_S
            while not connection.connected(max(0.0, until - time.monotonic())):
                if time.monotonic() >= until:
                    raise unreachable(self, TimeoutError())
            return f"{self.host}:{self.port}: {connection.describe()}"
        finally:
            connection.close()
