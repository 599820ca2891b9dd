"""Messages over TCP, one per line."""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import Iterable, Sequence

from edge_app.publish.messages import ABOUT_FRAMES, Message, MessageKind
from edge_app.publish.sinks.ndjson.dialling import Dialling
from edge_app.publish.sinks.ndjson.endpoint import Endpoint
from edge_app.publish.sinks.ndjson.socket_sink import WAIT_S, SocketSink


class TcpSink(SocketSink):
    """Counts a line as delivered when the system has taken all of it; a peer that does not read holds back the queue.

    What was begun when a connection ended is sent whole on the next one.
    """

    def __init__(self, endpoint: Endpoint, kinds: Iterable[MessageKind] = ABOUT_FRAMES) -> None:
        super().__init__(endpoint, kinds)
        self._begun: Message | None = None
        self._rest = memoryview(b"")  # of the line that was begun

    def _dial(self) -> Dialling:
        return Dialling(self._endpoint.connect, f"connect {self._endpoint.host}:{self._endpoint.port}")

    def send(self, message: Message) -> bool:
        if message is not self._begun:
            self._begun, self._rest = message, memoryview(message.payload + b"\n")
        until = time.monotonic() + WAIT_S
        while self._rest:
            size, events = self._write()
            self._rest = self._rest[size:]
            if not size and not self._wait_for(events, until - time.monotonic()):
                return False
        self._begun = None
        self._written.append(message)
        return True

    def confirmed(self) -> Sequence[Message]:
        for said in self._heard():  # first: what was written to a peer that has left is not delivered
            if not said:
                raise self._endpoint.error("the peer hung up")
        written, self._written = self._written, []
        return written

    def close(self) -> None:
        super().close()
        self._begun = None

    def _write(self) -> tuple[int, int]:
        """How many bytes the system took, and if none, the events after which it may take some."""
        try:
            return self._opened().send(self._rest), 0
        except ssl.SSLWantReadError:
            return 0, select.POLLIN
        except (BlockingIOError, ssl.SSLWantWriteError):
            return 0, select.POLLOUT
        except OSError as error:
            raise self._endpoint.lost(error) from error

    def _wait_for(self, events: int, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self._opened(), events)
        return bool(poll.poll(max(0.0, timeout_s) * 1e3))
