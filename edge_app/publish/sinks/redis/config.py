"""The section of the configuration for a Redis server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from edge_app.config.section import HOST, PREFIX, Name, OptionalTls, checked_text
from edge_app.publish.messages import ALL_KINDS, MessageKind
from edge_app.publish.sinks.blocking import BlockingSink
from edge_app.publish.sinks.network import cautions_about_login, want_library
from edge_app.publish.sinks.sink import SinkConfig
from edge_app.publish.spool.config import OptionalSpool, SpoolConfig

if TYPE_CHECKING:  # an extra, which need not be installed
    from edge_app.publish.sinks.redis.server import RedisServer

LIMIT_S = 15.0  # for look-up, TCP, TLS and login together, and for an answer
TOGETHER = 100  # messages that are sent at once


class RedisSinkConfig(SinkConfig):
    """Messages to a Redis server, a stream for each camera and kind; needs the extra `redis`."""

    type: Literal["redis"] = "redis"
    """What kind of sink this is."""
    name: Name = "redis"
    """What logs and metrics call it."""
    messages: tuple[MessageKind, ...] = Field(default=ALL_KINDS, min_length=1)
    """Which messages it takes."""
    spool: OptionalSpool = SpoolConfig()
    """`false`, `true` or a section: what the server does not take is kept on the disk, also over restarts."""
    host: str = Field(pattern=HOST, max_length=253)
    """Name or address of the server."""
    port: int = Field(default=6379, ge=1, le=65535)
    """Where it listens."""
    tls: OptionalTls = None
    """`true` for the system's certificates, or {ca: FILE, verify: true}; null or `false`: unencrypted, and the password
    goes over the wire as text."""
    username: str | None = None
    """Who logs in; null: the server's default user."""
    password: SecretStr | None = None
    """Best written as ${VAR}, so that it is not in this file."""
    db: int = Field(default=0, ge=0)
    """Number of the database."""
    prefix: str = Field(default="edge_app", pattern=PREFIX, max_length=1000)
    """First part of every stream's name: <prefix>:<camera>:detections."""
    maxlen: int = Field(default=10_000, ge=1)
    """About how many messages each stream keeps; the server cuts off the oldest, by hundreds at once."""

    @field_validator("username", "password", "prefix")
    @classmethod
    def _can_be_sent(cls, value: str | SecretStr | None) -> str | SecretStr | None:
        checked_text(value)
        return value

    @model_validator(mode="after")
    def _has_its_library(self) -> RedisSinkConfig:
        want_library("redis", "redis-py", "redis")
        return self

    def cautions(self) -> Iterator[str]:
        """See `SinkConfig.cautions`."""
        return cautions_about_login(self.host, encrypted=self.tls is not None, has_password=self.password is not None)

    def server(self) -> RedisServer:
        """How the server is reached; raises ConfigError or AccessError if the certificates cannot be read."""
        from edge_app.publish.sinks.redis.server import RedisServer

        if self.tls is not None:
            self.tls.context()
        return RedisServer(
            host=self.host,
            port=self.port,
            db=self.db,
            username=self.username,
            password=self.password,
            encrypted=self.tls is not None,
            ca=self.tls.ca if self.tls else None,
            verify=self.tls is None or self.tls.verify,
        )

    def open(self) -> BlockingSink:
        """The sink, not yet connected; see `SinkConfig.open`."""
        from edge_app.publish.sinks.redis.transport import RedisTransport

        server = self.server()
        return BlockingSink(
            f"{self.host}:{self.port}",
            self.messages,
            partial(RedisTransport, server, prefix=self.prefix, maxlen=self.maxlen),
            limit_s=LIMIT_S,
            most=TOGETHER,
        )

    def probe(self) -> str:
        """Connects, logs in, and adds nothing."""
        from redis.exceptions import RedisError

        from edge_app.publish.sinks.redis.wire import log_in

        server = self.server()
        wire = server.connection()
        try:
            log_in(wire)
        except (RedisError, OSError, ValueError) as error:
            raise server.failed(error, welcomed=False) from error
        finally:
            wire.disconnect()
        login = "authenticated" if self.password else "no login"
        return f"{self.host}:{self.port}: {'TLS' if self.tls else 'not encrypted'}, {login}"
