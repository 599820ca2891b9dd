"""The section of an MQTT broker."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from edge_app.config.section import HOST, TOPIC, Name, OptionalTls, whole, wrong
from edge_app.publish.sinks.sink import SinkConfig


def _port(earlier: dict[str, Any]) -> int:
    return 8883 if earlier.get("tls") else 1883


class MqttSettings(SinkConfig):
    """Messages to an MQTT broker, a topic a camera."""

    type: Literal["mqtt"] = "mqtt"
    """What kind of sink this is."""
    name: Name = "mqtt"
    """What logs and metrics call it."""
    host: str = Field(pattern=HOST)
    """Name or address of the broker."""
    tls: OptionalTls = None
    """`true` for the system's certificates, or {ca: FILE, verify: true}; none: unencrypted."""
    port: int = Field(default_factory=_port, ge=1, le=65535)
    """Where it listens; 1883, with tls 8883."""
    username: str | None = None
    """Who logs in."""
    password: SecretStr | None = None
    """Best written as ${VAR}, so that it is not in this file."""
    prefix: str = Field(default="edge_app", pattern=TOPIC)
    """First part of every topic: <prefix>/<camera>/detections."""
    qos: Annotated[Literal[0, 1], BeforeValidator(whole)] = 1
    """`1` delivers what the broker missed again; `0` sends once, which costs less and may lose."""
    version: Literal["3.1.1", "5"] = "3.1.1"
    """Protocol; every broker speaks 3.1.1."""
    client_id: str | None = Field(default=None, min_length=1)
    """How the broker knows this client; none: made anew at each start. Two clients of one name throw each other out."""
    keepalive_s: int = Field(default=30, ge=1, le=65535)
    """After one and a half times so long a silence [s] the broker announces that we are offline."""

    @model_validator(mode="after")
    def _login_is_whole(self) -> MqttSettings:
        if self.password is not None and self.username is None:
            raise wrong("needs username beside it", "password")
        return self
