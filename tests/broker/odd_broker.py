"""A broker on a free port of 127.0.0.1 that knows just enough MQTT to be odd in one way."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90, 0xC0


@dataclass(frozen=True, slots=True)
class Published:
    """What a client has published."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    number: int


Manner = Callable[[Published], "int | None"]
"""The reason code of a PUBACK; SILENT for none at all, None to hang up."""

SILENT = -1


def polite(published: Published) -> int:
    """Takes everything."""
    return 0


class OddBroker:
    """Answers every message as its manner is, and passes none on.

    Attributes:
        port: Where it listens.
        manner: How it answers a message.
        wills: The flags of the CONNECT packets that came.
        taken: The messages that it acknowledged as taken, or that wanted no acknowledgement.
        seen: All messages.
    """

    def __init__(
        self, manner: Manner = polite, *, welcome: bytes = b"", code: int = 0, answers_subscribe: bool = True
    ) -> None:
        """Listens.

        Args:
            manner: How it answers a message.
            welcome: The properties in its CONNACK of MQTT 5.
            code: The reason code in its CONNACK.
            answers_subscribe: False: it hangs up then.
        """
        self.manner, self._welcome, self._code, self._answers_subscribe = manner, welcome, code, answers_subscribe
        self.wills: list[int] = []
        self.taken: list[Published] = []
        self.seen: list[Published] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> OddBroker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def topics(self) -> list[str]:
        """Of the messages that were taken."""
        return [each.topic for each in self.taken]

    def payloads(self, topic: str) -> list[bytes]:
        """Of the messages that were taken on a topic."""
        return [each.payload for each in self.taken if each.topic == topic]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), client, client.makefile("rb") as stream:
            level = 4
            while True:
                first, body = _packet(stream.read)
                if first == CONNECT:
                    level = body[6]
                    self.wills.append(body[7])
                    properties = bytes([len(self._welcome)]) + self._welcome if level == 5 else b""
                    client.sendall(bytes([CONNACK, 2 + len(properties), 0, self._code]) + properties)
                elif first & 0xF0 == PUBLISH:
                    if not self._answer(client, _published(first, body, level)):
                        return
                elif first == SUBSCRIBE:
                    if not self._answers_subscribe:
                        return
                    granted = body[:2] + (b"\x00\x01" if level == 5 else b"\x01")
                    client.sendall(bytes([SUBACK, len(granted)]) + granted)
                elif first == PINGREQ:
                    client.sendall(b"\xd0\x00")
                else:
                    return

    def _answer(self, client: socket.socket, published: Published) -> bool:
        """False if it hangs up."""
        self.seen.append(published)
        code = self.manner(published)
        if code == 0:
            self.taken.append(published)
        if code is not None and code != SILENT and published.qos:
            end = bytes([code]) if code else b""
            client.sendall(bytes([PUBACK, 2 + len(end)]) + published.number.to_bytes(2, "big") + end)
        return code is not None


def _packet(read: Callable[[int], bytes]) -> tuple[int, bytes]:
    """Its first byte and its body."""

    def exactly(count: int) -> bytes:
        data = read(count)
        if len(data) < count:
            raise EOFError
        return data

    first, size, shift = exactly(1)[0], 0, 0
    while (byte := exactly(1)[0]) & 0x80:
        size, shift = size | (byte & 0x7F) << shift, shift + 7
    return first, exactly(size | byte << shift)


def _published(first: int, body: bytes, level: int) -> Published:
    qos, at = first >> 1 & 3, 2 + int.from_bytes(body[:2], "big")
    topic, number = body[2:at].decode(), 0
    if qos:
        number, at = int.from_bytes(body[at : at + 2], "big"), at + 2
    at += level == 5  # the length of its properties, of which there are none
    return Published(topic, body[at:], qos, bool(first & 1), number)
