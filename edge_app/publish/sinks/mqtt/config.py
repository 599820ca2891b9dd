"""The section of the configuration for an MQTT broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, SecretStr, ValidationInfo, field_validator, model_validator

from edge_app.config.section import (
    HOST,
    TOPIC,
    URL_PATH,
    Flag,
    Name,
    OptionalTls,
    check_login,
    checked_text,
    whole,
    wrong,
)
from edge_app.publish.messages import ALL_KINDS, MessageKind
from edge_app.publish.sinks.mqtt.broker import Broker
from edge_app.publish.sinks.mqtt.connection import MqttConnection
from edge_app.publish.sinks.mqtt.sink import MqttSink, available_topic, new_client_id
from edge_app.publish.sinks.network import cautions_about_login
from edge_app.publish.sinks.sink import SinkConfig
from edge_app.publish.spool.config import OptionalSpool, SpoolConfig

PROBE_S = 5.0
LONGEST = {
    "host": 253,
    "username": 65_535,
    "password": 65_535,
    "client_id": 65_535,
    "prefix": 1000,
    "path": 1000,
}  # bytes


def _port(earlier: dict[str, Any]) -> int:
    if earlier.get("transport") == "websockets":
        return 443 if earlier.get("tls") else 80
    return 8883 if earlier.get("tls") else 1883


class MqttSinkConfig(SinkConfig):
    """Messages to an MQTT broker, one topic per camera."""

    type: Literal["mqtt"] = "mqtt"
    """What kind of sink this is."""
    name: Name = "mqtt"
    """What logs and metrics call it."""
    messages: tuple[MessageKind, ...] = Field(default=ALL_KINDS, min_length=1)
    """Which messages it takes."""
    spool: OptionalSpool = SpoolConfig()
    """`false`, `true` or a section: what the broker does not take is kept on the disk, also over restarts."""
    host: str = Field(pattern=HOST)
    """Name or address of the broker."""
    tls: OptionalTls = None
    """`true` for the system's certificates, or {ca: FILE, verify: true}; null or `false`: unencrypted, and the password
    goes over the wire as text."""
    transport: Literal["tcp", "websockets"] = "tcp"
    """`websockets` where only HTTP gets through, or where a cloud wants it. It costs more of the CPU."""
    port: int = Field(default_factory=_port, ge=1, le=65535)
    """Where it listens; 1883, with tls 8883; over WebSockets 80, with tls 443."""
    path: str = Field(default="/mqtt", pattern=URL_PATH)
    """What is asked for over WebSockets, the path of a URL."""
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
    discovery: Literal["homeassistant"] | None = None
    """`homeassistant` announces cameras, zones and lines to Home Assistant, which shows them as one device named by the
    prefix, and sends counts within a second of a change, to every sink; null: nothing is announced."""

    _box: str | None = PrivateAttr(default=None)

    @field_validator(*LONGEST)
    @classmethod
    def _can_be_sent(cls, value: str | SecretStr | None, info: ValidationInfo) -> str | SecretStr | None:
        longest = LONGEST[str(info.field_name)]
        if len(checked_text(value).encode()) > longest:
            raise wrong(f"want at most {longest} bytes")
        return value

    @model_validator(mode="after")
    def _login_is_whole(self) -> MqttSinkConfig:
        check_login(self.username, self.password)
        if self.transport == "tcp" and self.path != "/mqtt":
            raise wrong("goes with `transport: websockets` only", "path")
        return self

    @model_validator(mode="after")
    def _home_assistant_has_its_messages(self) -> MqttSinkConfig:
        if self.discovery is None:
            return self
        if not self.retain:
            raise wrong("needs `retain: true`: after a restart Home Assistant asks the broker for it", "discovery")
        if missing := {"status", "counts"} - {*self.messages}:
            raise wrong(f"needs {' and '.join(sorted(missing))} among `messages`", "discovery")
        return self

    def use_box(self, box: str | None) -> None:
        """See `SinkConfig.use_box`."""
        self._box = box

    @property
    def for_one_box(self) -> str | None:
        """See `SinkConfig.for_one_box`: a device of Home Assistant's is one program."""
        return None if self.discovery is None else "discovery"

    @property
    def wants_counts_at_once(self) -> bool:
        """See `SinkConfig.wants_counts_at_once`."""
        return self.discovery is not None

    def cautions(self) -> Iterator[str]:
        """See `SinkConfig.cautions`."""
        return cautions_about_login(self.host, encrypted=self.tls is not None, has_password=self.password is not None)

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
            qos=self.qos,
            path=self.path if self.transport == "websockets" else None,
        )

    def open(self) -> MqttSink:
        """The sink, not yet connected; see `SinkConfig.open`."""
        return MqttSink(
            self.broker(),
            prefix=self.prefix,
            box=self._box,
            client_id=self.client_id
            if self._box is None or self.client_id is None
            else f"{self.client_id}-{self._box}",
            kinds=self.messages,
            announce=self.discovery is not None,
        )

    def probe(self) -> str:
        """Connects under a name of its own, so that a running service is not thrown out, and publishes nothing."""
        broker = self.broker()
        connection = MqttConnection(
            broker, new_client_id(), available=available_topic(self.prefix, self._box), silent=True
        )
        try:
            until = time.monotonic() + PROBE_S
            while not connection.connected(max(0.0, until - time.monotonic())):
                if time.monotonic() >= until:
                    raise broker.unreachable(TimeoutError())
            return f"{self.host}:{self.port}: {connection.describe()}"
        finally:
            connection.close()
