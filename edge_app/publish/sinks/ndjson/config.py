"""The sections of the configuration for lines over TCP and datagrams over UDP."""

from __future__ import annotations

import ssl
from typing import Literal

from pydantic import Field

from edge_app.config.section import HOST, Name, OptionalTls
from edge_app.publish.sinks.ndjson.endpoint import Endpoint
from edge_app.publish.sinks.ndjson.tcp import TcpSink
from edge_app.publish.sinks.ndjson.udp import UdpSink
from edge_app.publish.sinks.sink import SinkConfig


class TcpSinkConfig(SinkConfig):
    """Messages over TCP, one per line."""

    type: Literal["tcp"] = "tcp"
    """What kind of sink this is."""
    name: Name = "tcp"
    """What logs and metrics call it."""
    host: str = Field(pattern=HOST, max_length=253)
    """Name or address of the host that listens."""
    port: int = Field(ge=1, le=65535)
    """Where it listens."""
    tls: OptionalTls = None
    """`true` for the system's certificates, or {ca: FILE, verify: true}; null or `false`: unencrypted."""

    def endpoint(self) -> Endpoint:
        """Where lines go; raises ConfigError or AccessError if the certificates cannot be read."""
        return Endpoint(self.host, self.port, self.tls.context() if self.tls else None)

    def open(self) -> TcpSink:
        """The sink, not yet connected; see `SinkConfig.open`."""
        return TcpSink(self.endpoint(), self.messages)

    def probe(self) -> str:
        """Connects, and sends nothing."""
        endpoint = self.endpoint()
        try:
            with endpoint.connect() as connection:
                encrypted = connection.version() if isinstance(connection, ssl.SSLSocket) else None
        except (OSError, ValueError) as error:
            raise endpoint.unreachable(error) from error
        return f"{self.host}:{self.port}: {encrypted.replace('TLSv', 'TLS ') if encrypted else 'not encrypted'}"


class UdpSinkConfig(SinkConfig):
    """Messages over UDP, each in a datagram of its own."""

    type: Literal["udp"] = "udp"
    """What kind of sink this is."""
    name: Name = "udp"
    """What logs and metrics call it."""
    host: str = Field(pattern=HOST, max_length=253)
    """Name or address of the host that listens."""
    port: int = Field(ge=1, le=65535)
    """Where it listens."""

    def endpoint(self) -> Endpoint:
        """Where datagrams go."""
        return Endpoint(self.host, self.port)

    def open(self) -> UdpSink:
        """The sink, not yet aimed; see `SinkConfig.open`."""
        return UdpSink(self.endpoint(), self.messages)

    def probe(self) -> str:
        """Looks up the name, and sends nothing: whether anybody listens is not known."""
        endpoint = self.endpoint()
        try:
            with endpoint.aim() as aimed:
                address = str(aimed.getpeername()[0])
        except (OSError, ValueError) as error:
            raise endpoint.unreachable(error) from error
        return f"{self.host}:{self.port}: there is a way to {address}; who listens there does not answer"
