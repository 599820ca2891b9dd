"""Serves an ASGI application by uvicorn's HTTP, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from edge_app.web.certificate import Certificate
from edge_app.web.connection import STALL_S, BoundedProtocol, Connections

logger = logging.getLogger(__name__)

HANDSHAKE_S = 10.0  # of TLS
IDLE_S = 5  # of a connection that was answered and may ask again
MOST_SAID = 1024  # bytes of a message by a WebSocket's client
BEAT_S = 1.0
FULL_S = 1.0  # until one more connection is tried after the system has refused one


class WebServer:
    """Serves whoever connects. `run` is a thread of its own; any thread may call `stop`."""

    def __init__(
        self, app: ASGIApp, listener: socket.socket, certificate: Certificate | None, beat: Callable[[], None]
    ) -> None:
        """Accepts nobody yet.

        Args:
            app: What answers.
            listener: Where clients connect; `run` closes it.
            certificate: What encrypts; None: nothing does.
            beat: Called at least once a second while it serves.
        """
        self._http, self._listener, self._certificate, self._beat = _http(app), listener, certificate, beat
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()
        self._stopped = False
        self._state, self._connections = ServerState(), Connections()
        self._conversations = set[asyncio.Task[None]]()

    def run(self) -> None:
        """Serves until `stop`, and then hangs up on everybody."""
        self._listener.setblocking(False)
        with self._listener:
            asyncio.run(self._serve())

    def stop(self) -> None:
        """Makes `run` return soon."""
        self._stopped = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._told.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._stopped:
            return
        loops = [asyncio.create_task(each) for each in (self._accept(), self._give_signs_of_life(), self._told.wait())]
        try:
            done, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # a bug ends this thread, and is told as those of others are
        finally:
            for connection in list(self._state.connections):
                connection.transport.abort()

    async def _give_signs_of_life(self) -> None:
        while True:
            self._beat()
            await asyncio.sleep(BEAT_S)

    async def _accept(self) -> None:
        loop, told = asyncio.get_running_loop(), ""
        while True:
            try:
                connection, address = await loop.sock_accept(self._listener)
            except OSError as error:  # of too many open files, say, or of a client that is gone
                if str(error) != told:
                    told = str(error)
                    logger.warning("a connection was not accepted: %s", error.strerror)
                await asyncio.sleep(FULL_S)
                continue
            if self._connections.add(address[0]):
                conversation = loop.create_task(self._converse(connection))
                conversation.add_done_callback(partial(self._ended, address[0]))
                self._conversations.add(conversation)
            else:
                connection.close()
            await asyncio.sleep(0)  # where many wait, accepting them waits for nothing

    async def _converse(self, connection: socket.socket) -> None:
        """Serves a connection to its end."""
        with connection, suppress(OSError):  # it hung up, or speaks no TLS
            # A client that has vanished without a word is noticed where something is sent to it.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(STALL_S * 1e3))
            protocol = BoundedProtocol(self._http, self._state)
            tls = None if self._certificate is None else self._certificate.context
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol, connection, ssl=tls, ssl_handshake_timeout=HANDSHAKE_S if tls else None
            )
            await protocol.lost.wait()

    def _ended(self, address: str, conversation: asyncio.Task[None]) -> None:
        self._connections.remove(address)
        self._conversations.discard(conversation)
        if not conversation.cancelled() and (error := conversation.exception()) is not None:
            logger.error("a connection failed", exc_info=error)  # a client must not be able to end the program


def _http(app: ASGIApp) -> Config:
    """How uvicorn reads requests: by h11, which bounds headers; of its log only what is our fault."""

    async def until_stopped(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):  # which uvicorn would log as a fault
            await app(scope, receive, send)

    config = Config(
        until_stopped,
        http="h11",
        ws="none",  # what a connection becomes, `BoundedProtocol` says
        ws_max_size=MOST_SAID,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=IDLE_S,
        workers=1,
        interface="asgi3",
    )
    config.load()
    return config
