"""Events as lines of a syslog server: a kind of sink that a package of your own brings."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import Field

from edge_app.config.section import HOST, Name
from edge_app.core.errors import SinkError
from edge_app.publish.messages import Message, MessageKind
from edge_app.publish.sinks import RefusedError, Sink, SinkConfig

NOTICE_OF_A_SERVICE = 29  # facility `daemon`, severity `notice` (RFC 5424, section 6.2.1)
LARGEST_BYTES = 8000


class SyslogSink:
    """Sends each message in a datagram; only one thread uses it."""

    def __init__(self, config: SyslogSinkConfig) -> None:
        self.kinds: frozenset[MessageKind] = frozenset(config.messages)
        self._address = (config.host, config.port)
        self._socket: socket.socket | None = None
        self._sent: list[Message] = []

    def open(self, wake: Callable[[], None]) -> bool:
        """Looks the server up; `wake` is for sinks whose confirmations come later."""
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.connect(place)
        except OSError as error:
            raise SinkError(f"{self._address[0]}: {error.strerror}") from error
        return True

    def send(self, message: Message) -> bool:
        """Hands one over; what can never be sent is refused, and the others go on."""
        if len(message.payload) > LARGEST_BYTES:
            raise RefusedError(message, f"larger than {LARGEST_BYTES} bytes")
        if self._socket is None:
            raise ValueError("want an open sink")
        try:
            self._socket.send(b"<%d>1 - - edge_app - - - %s" % (NOTICE_OF_A_SERVICE, message.payload))
        except OSError as error:
            raise SinkError(f"{self._address[0]}: {error.strerror}") from error
        self._sent.append(message)
        return True

    def confirmed(self) -> Sequence[Message]:
        """What was delivered since the last call; syslog over UDP confirms nothing, so: what was sent."""
        sent, self._sent = self._sent, []
        return sent

    def close(self) -> None:
        """Closes it; it may be opened again."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None


class SyslogSinkConfig(SinkConfig):
    """Events to a syslog server."""

    type: Literal["syslog"] = "syslog"
    """What kind of sink this is."""
    name: Name = "syslog"
    """What logs and metrics call it."""
    messages: tuple[MessageKind, ...] = Field(default=("events",), min_length=1)
    """Which messages it takes."""
    host: str = Field(pattern=HOST)
    """Name or address of the server."""
    port: int = Field(default=514, ge=1, le=65535)
    """Where it listens."""

    def open(self) -> Sink:
        """The sink, not yet connected."""
        return SyslogSink(self)

    def probe(self) -> str:
        """For `check --probe`: nobody answers over UDP, but the name must be known."""
        try:
            socket.getaddrinfo(self.host, self.port)
        except OSError as error:
            raise SinkError(f"{self.host}: {error.strerror}") from error
        return f"{self.host}:{self.port}: known; nobody answers over UDP"
