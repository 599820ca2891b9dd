"""One connection: uvicorn's HTTP/1.1, with an end to what a client may take its time for; and how many there may be."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from uvicorn.server import ServerState

from edge_app.web.tokens import counted_as

REQUEST_S = 10.0  # from the connection, or from the last answer, until the next request is whole
STALL_S = 30.0  # until a client takes some of an answer that it does not read
PIECE = 4096  # bytes; h11 bounds what it does not have to the end yet to 16 KiB
UNSENT = 1 << 17  # bytes of a WebSocket that the system holds beside those that are on their way
TCP_NOTSENT_LOWAT = 25  # of Linux; the module `socket` knows the name only in some versions
MOST, MOST_OF_ONE = 128, 64  # connections in all, and of an address


class Deadline:
    """Calls something at its time, unless it is cancelled before."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float, end: Callable[[], None]) -> None:
        """Begins, unless it has begun already."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, end)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class BoundedProtocol(H11Protocol):
    """Hangs up on a client that sends its request, or takes its answer, too slowly.

    Attributes:
        lost: Set when the connection has ended.
    """

    def __init__(self, config: Config, state: ServerState) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self.lost = asyncio.Event()
        self.ws_protocol_class = partial(WebSocketProtocol, self.lost)  # type: ignore[assignment]
        self._request, self._reading = Deadline(), Deadline()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        for begin in range(0, len(data), PIECE):
            if self.transport.is_closing():
                return
            if (other := self.transport.get_protocol()) is not self:
                other.data_received(data[begin:])  # type: ignore[attr-defined]
                return
            super().data_received(data[begin : begin + PIECE])
        self._watch()

    def _should_upgrade(self) -> bool:
        """Whether a request asks for a WebSocket, and may have one; any other wish of the kind is passed over."""
        return any(name == b"sec-websocket-key" for name, _ in self.headers) and super()._should_upgrade()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The connection is a WebSocket from here on, which has another protocol."""
        self._request.cancel()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()
        self._watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading.cancel()
        if not self.transport.is_closing():
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._request.cancel()
        self._reading.cancel()
        self.lost.set()

    def _watch(self) -> None:
        """The client's time runs but for while it waits for us, or has an answer to read."""
        if self.transport.get_protocol() is not self:
            return
        whole = self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        answered = self.cycle is None or self.cycle.response_complete
        if (whole and not answered) or self.flow.write_paused:
            self._request.cancel()
        else:
            self._request.start(REQUEST_S, self.transport.abort)

    def _watch_reading(self, before: int | None = None) -> None:
        """The client has to take some of what is left of an answer, of which there were so many bytes `before`."""
        left = self.transport.get_write_buffer_size()
        if before is not None and left >= before:
            self.transport.abort()
            return
        self._reading.cancel()
        self._reading.start(STALL_S, partial(self._watch_reading, left))


class WebSocketProtocol(WSProtocol):
    """uvicorn's WebSocket, which says when the connection has ended."""

    def __init__(self, lost: asyncio.Event, **given: Any) -> None:
        super().__init__(**given)
        self._lost = lost

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if (connection := transport.get_extra_info("socket")) is not None:
            # Of what is live little is to lie in the system's own buffers.
            connection.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.writable.set()  # for whoever waits for a client that has gone
        self._lost.set()


class Connections:
    """How many there are, in all and by address."""

    def __init__(self) -> None:
        self._of = Counter[str]()

    def add(self, address: str) -> bool:
        """Counts one more of that address, unless that were too many."""
        key = counted_as(address)
        if self._of.total() >= MOST or self._of[key] >= MOST_OF_ONE:
            return False
        self._of[key] += 1
        return True

    def remove(self, address: str) -> None:
        """One that was added has ended."""
        key = counted_as(address)
        self._of[key] -= 1
        if not self._of[key]:
            del self._of[key]
