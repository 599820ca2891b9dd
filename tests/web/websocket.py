"""A client of a WebSocket that reads as fast or as slowly as a test wants."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

from tests.waiting import PATIENCE_S

HEADER = struct.Struct(">Bddd")


class Binary(NamedTuple):
    """A binary message of a live view."""

    kind: int
    shown_s: float
    captured: float
    made: float
    content: bytes


class Client:
    """One connection. `status` is that of the answer: 101 where it is a WebSocket."""

    def __init__(self, port: int, path: str, *, read_buffer: int | None = None, **headers: str) -> None:
        self._socket = socket.socket()
        if read_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect(("127.0.0.1", port))
        self._protocol = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = Request(host=f"127.0.0.1:{port}", target=path, extra_headers=extra)
        self._socket.sendall(self._protocol.send(request))
        self._events: list[Any] = []
        first = self._event()
        self.status = first.status_code if isinstance(first, RejectConnection) else 101
        assert isinstance(first, RejectConnection | AcceptConnection), first

    def next(self) -> Binary | dict[str, Any] | None:
        """The next message; None: the other side has hung up."""
        parts: list[Any] = []
        while True:
            event = self._event()
            if event is None or isinstance(event, CloseConnection):
                return None
            if isinstance(event, Message):
                parts.append(event.data)
                if event.message_finished:
                    break
        if isinstance(event, TextMessage):
            told: dict[str, Any] = json.loads("".join(parts))
            return told
        assert isinstance(event, BytesMessage)
        whole = b"".join(parts)
        return Binary(*HEADER.unpack_from(whole), whole[HEADER.size :])

    def messages(self) -> Iterator[Binary | dict[str, Any]]:
        """All until the other side hangs up."""
        while (message := self.next()) is not None:
            yield message

    def binary(self, kind: int) -> Binary:
        """The next binary message of that kind."""
        return next(m for m in self.messages() if isinstance(m, Binary) and m.kind == kind)

    def say(self, text: str) -> None:
        self._socket.sendall(self._protocol.send(TextMessage(text)))

    def hang_up(self) -> None:
        """Says goodbye, and listens no more."""
        self._socket.sendall(self._protocol.send(CloseConnection(code=1001)))
        self.close()

    def close(self) -> None:
        self._socket.close()

    def _event(self) -> Any:
        while not self._events:
            try:
                came = self._socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not came:
                return None
            self._protocol.receive_data(came)
            for event in self._protocol.events():
                if isinstance(event, Ping):
                    self._socket.sendall(self._protocol.send(event.response()))
                else:
                    self._events.append(event)
        return self._events.pop(0)
