"""Messages over UDP, each in a datagram of its own."""

from __future__ import annotations

import errno
import select
import time
from collections.abc import Iterable, Sequence

from edge_app.publish.messages import ABOUT_FRAMES, Message, MessageKind
from edge_app.publish.sinks.ndjson.dialling import Dialling
from edge_app.publish.sinks.ndjson.endpoint import Endpoint
from edge_app.publish.sinks.ndjson.socket_sink import WAIT_S, SocketSink
from edge_app.publish.sinks.sink import RefusedError

TOO_LARGE = "EMSGSIZE"  # what systems call it
LARGEST = 65_507  # bytes of a datagram of IPv4
ECHO_S = 0.3  # so long after the first datagram a host has said that nobody takes it


class UdpSink(SocketSink):
    """Counts a message as delivered when the system has taken the datagram; nobody tells whether it has arrived."""

    def __init__(self, endpoint: Endpoint, kinds: Iterable[MessageKind] = ABOUT_FRAMES) -> None:
        super().__init__(endpoint, kinds)
        self._first_mono: float | None = None

    def _dial(self) -> Dialling:
        return Dialling(self._endpoint.aim, f"look up {self._endpoint.host}")

    def send(self, message: Message) -> bool:
        datagram = message.payload + b"\n"
        if len(datagram) > LARGEST:
            raise RefusedError(message, f"larger than the {LARGEST} bytes of a datagram", TOO_LARGE)
        try:
            self._opened().send(datagram)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise RefusedError(
                    message, f"{len(datagram)} bytes are more than a datagram holds here", TOO_LARGE
                ) from error
            if error.errno not in (errno.EAGAIN, errno.ENOBUFS):
                raise self._endpoint.lost(error) from error
            self._wait_for_room()
            return False
        if self._first_mono is None:
            self._first_mono = time.monotonic()
        self._written.append(message)
        return True

    def confirmed(self) -> Sequence[Message]:
        for _ in self._heard():  # of which only a failure counts: nobody takes our datagrams
            pass
        if self._first_mono is None or time.monotonic() - self._first_mono < ECHO_S:
            return []
        sent, self._written = self._written, []
        return sent

    def close(self) -> None:
        super().close()
        self._first_mono = None

    def _wait_for_room(self) -> None:
        poll = select.poll()
        poll.register(self._opened(), select.POLLOUT)
        poll.poll(WAIT_S * 1e3)
