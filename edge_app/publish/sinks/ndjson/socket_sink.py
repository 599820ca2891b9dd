"""What sinks that write to a socket have in common: how it is opened and closed, and what comes from the other side."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from socket import socket

from edge_app.publish.messages import ABOUT_FRAMES, Message, MessageKind
from edge_app.publish.sinks.ndjson.dialling import Dialling
from edge_app.publish.sinks.ndjson.endpoint import Endpoint

WAIT_S = 0.5
READS = 16  # at once, of somebody who never stops talking


class SocketSink(ABC):
    """A socket to one endpoint, made in a thread that may hang; `_dial` says how."""

    def __init__(self, endpoint: Endpoint, kinds: Iterable[MessageKind] = ABOUT_FRAMES) -> None:
        """Does not connect yet, and looks up no name."""
        self.kinds = frozenset(kinds)
        self._endpoint = endpoint
        self._dialling: Dialling | None = None
        self._socket: socket | None = None
        self._written: list[Message] = []

    @abstractmethod
    def _dial(self) -> Dialling: ...

    def open(self, wake: Callable[[], None]) -> bool:
        if self._dialling is None:
            self._dialling = self._dial()
        try:
            self._socket = self._dialling.connected(WAIT_S)
        except (OSError, ValueError) as error:
            raise self._endpoint.unreachable(error) from error
        return self._socket is not None

    def close(self) -> None:
        if self._dialling is not None:
            self._dialling.give_up()
        if self._socket is not None:
            self._socket.close()
        self._dialling = self._socket = None
        self._written = []

    def _opened(self) -> socket:
        if self._socket is None:
            raise ValueError("want an open sink")
        return self._socket

    def _heard(self) -> Iterator[bytes]:
        """What the other side has said; SinkError if that is a failure."""
        try:
            for _ in range(READS):
                yield self._opened().recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            raise self._endpoint.lost(error) from error
