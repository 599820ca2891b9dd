"""Messages to an MQTT broker, one topic per camera."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from edge_app.config.section import HOST, TOPIC, Flag, Name, OptionalTls, whole, wrong
from edge_app.publish.messages import Message, MessageKind
from edge_app.publish.sinks.mqtt.broker import Broker
from edge_app.publish.sinks.mqtt.connection import MqttConnection
from edge_app.publish.sinks.sink import SinkConfig

IN_FLIGHT = 100  # messages sent and not confirmed; beyond that a slow broker holds back the queue
WAIT_S = 0.5
PROBE_S = 5.0


class MqttSink:
    """Counts a message as delivered with QoS 1 after the broker's PUBACK, with QoS 0 when the socket took it.

    Every connection is a new session. What the last one did not confirm is sent again, in order.
    """

    kinds: frozenset[MessageKind] = frozenset({"detections", "event", "status", "stats"})

    def __init__(self, config: MqttSinkConfig, in_flight: int = IN_FLIGHT) -> None:
        """Reads the certificates; raises ConfigError or AccessError if that fails."""
        self._broker = config.broker()
        self._client_id = config.client_id or new_client_id()
        self._prefix, self._qos, self._available = config.prefix, config.qos, config.available
        self._in_flight = in_flight
        self._connection: MqttConnection | None = None
        self._sent: dict[int, Message] = {}  # by paho's number
        self._confirmed: list[Message] = []

    def open(self, wake: Callable[[], None]) -> bool:
        if self._connection is None:
            self._sent, self._confirmed = {}, []
            self._connection = MqttConnection(self._broker, self._client_id, available=self._available, wake=wake)
        return self._connection.connected(WAIT_S)

    def send(self, message: Message) -> bool:
        connection = self._opened()
        if len(self._sent) >= min(self._in_flight, connection.receive_maximum):
            self._collect(WAIT_S)
        if len(self._sent) >= min(self._in_flight, connection.receive_maximum):
            return False
        # A status is retained for consumers that connect later, and so it is worth a confirmation.
        is_status = message.kind == "status"
        qos, retain = 1 if is_status else self._qos, is_status and self._broker.retain
        self._sent[connection.publish(self._topic(message), message.payload, qos, retain)] = message
        return True

    def confirmed(self) -> Sequence[Message]:
        self._collect(0)
        confirmed, self._confirmed = self._confirmed, []
        return confirmed

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _opened(self) -> MqttConnection:
        if self._connection is None:
            raise ValueError("want an open sink")
        return self._connection

    def _collect(self, timeout_s: float) -> None:
        for number in self._opened().acknowledged(timeout_s):
            if (message := self._sent.pop(number, None)) is not None:
                self._confirmed.append(message)

    def _topic(self, message: Message) -> str:
        if message.camera is None:
            return f"{self._prefix}/{message.kind}"
        leaf = "events" if message.kind == "event" else message.kind
        return f"{self._prefix}/{message.camera}/{leaf}"


def _port(earlier: dict[str, Any]) -> int:
    return 8883 if earlier.get("tls") else 1883


class MqttSinkConfig(SinkConfig):
    """Messages to an MQTT broker, one topic per camera."""

    type: Literal["mqtt"] = "mqtt"
    """What kind of sink this is."""
    name: Name = "mqtt"
    """What logs and metrics call it."""
    host: str = Field(pattern=HOST)
    """Name or address of the broker."""
    tls: OptionalTls = None
    """`true` for the system's certificates, or {ca: FILE, verify: true}; null or `false`: unencrypted, and the password
    goes over the wire as text."""
    port: int = Field(default_factory=_port, ge=1, le=65535)
    """Where it listens; 1883, with tls 8883."""
    username: str | None = None
    """Who logs in."""
    password: SecretStr | None = None
    """Best written as ${VAR}, so that it is not in this file."""
    prefix: str = Field(default="edge_app", pattern=TOPIC)
    """First part of every topic: <prefix>/<camera>/detections."""
    qos: Annotated[Literal[0, 1], BeforeValidator(whole)] = 1
    """`1` sends again what the broker has not acknowledged, which may come twice; `0` sends once, which costs less and
    may lose."""
    version: Literal["3.1.1", "5"] = "3.1.1"
    """Protocol, in quotes; every broker speaks 3.1.1."""
    client_id: str | None = Field(default=None, min_length=1)
    """What the broker calls this client; without it, a new name at each start. Two of one name throw each other out."""
    keepalive_s: int = Field(default=30, ge=1, le=65535)
    """After a silence of one and a half times this [s] the broker announces that we are offline. Lower notices sooner,
    and costs traffic."""
    retain: Flag = True
    """`false` for a broker that keeps no messages: who subscribes later learns a camera's status when it changes."""

    @property
    def available(self) -> str:
        """The topic that shows whether we are connected."""
        return f"{self.prefix}/available"

    @model_validator(mode="after")
    def _login_is_whole(self) -> MqttSinkConfig:
        if self.password is not None and self.username is None:
            raise wrong("needs username beside it", "password")
        return self

    def broker(self) -> Broker:
        """How the broker is reached; raises ConfigError or AccessError if the certificates cannot be read."""
        return Broker(
            host=self.host,
            port=self.port,
            tls=self.tls.context() if self.tls else None,
            username=self.username,
            password=self.password,
            version=self.version,
            keepalive_s=self.keepalive_s,
            retain=self.retain,
        )

    def open(self) -> MqttSink:
        """The sink, not yet connected; see `SinkConfig.open`."""
        return MqttSink(self)

    def probe(self) -> str:
        """Connects under a name of its own, so that a running service is not thrown out, and publishes nothing."""
        broker = self.broker()
        connection = MqttConnection(broker, new_client_id(), available=self.available, silent=True)
        try:
            until = time.monotonic() + PROBE_S
            while not connection.connected(max(0.0, until - time.monotonic())):
                if time.monotonic() >= until:
                    raise broker.unreachable(TimeoutError())
            return f"{self.host}:{self.port}: {connection.describe()}"
        finally:
            connection.close()


def new_client_id() -> str:
    """A name that no other client of the broker has: of two clients with the same name, one throws out the other."""
    return f"edge_app-{secrets.token_hex(6)}"
