"""Stands between libav and an RTSP camera, so that libav gets no login, and no answer that it must not read.

Libav follows redirects with the login, and reads descriptions of any size; it cannot be told not to. So it connects to
this machine, and only what the camera has been asked and has answered well reaches it. Once the camera plays, its bytes
are passed on as they come.
"""

from __future__ import annotations

import secrets
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

from edge_app.capture.sources.libav_connection import OPEN_TIMEOUT_S
from edge_app.capture.sources.rtsp_inquiry import DescribedCamera
from edge_app.capture.sources.rtsp_proxy import RtspProxy, parts
from edge_app.capture.sources.rtsp_refusals import Refusals
from edge_app.core.errors import Reason

KNOCK_S = 0.5  # libav says at once what it wants
GRACE_S = 1.0  # in which the camera hears that libav has closed
CHUNK, MOST_CHUNKS = 64 * 1024, 16  # bytes at once, and how many times until libav is heard again
REST_S = 0.003  # to wake up for each packet of a picture costs more than the packet


@contextmanager
def relayed(camera: DescribedCamera, refusals: Refusals) -> Iterator[RtspRelay]:
    """A relay for one connection of libav's, which ends before the block does."""
    family = camera.dialogue.connection.family  # over UDP, libav receives with the family of its connection
    loopback = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with socket.create_server((loopback, 0), family=family, backlog=8) as listener:
        relay = RtspRelay(listener, camera, refusals)
        thread = threading.Thread(target=relay.run, name="rtsp relay", daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            relay.end(thread)


class RtspRelay:
    """The connection of libav's, and the thread that serves it.

    Attributes:
        url: What libav is to open; nobody else on this machine knows its path.
    """

    def __init__(self, listener: socket.socket, camera: DescribedCamera, refusals: Refusals) -> None:
        host, port = listener.getsockname()[:2]
        self.url = f"rtsp://{f'[{host}]' if ':' in host else host}:{port}/{secrets.token_urlsafe(24)}"
        self._listener, self._camera = listener, camera.dialogue.connection
        self._proxy = RtspProxy(camera, refusals)
        self._libav: socket.socket | None = None

    @property
    def failure(self) -> tuple[Reason, str] | None:
        """Why the camera is of no use, once that is known."""
        return self._proxy.failure

    def run(self) -> None:
        """Until the camera or libav ends the connection."""
        try:
            with suppress(OSError):
                self._libav, request = self._admitted()
                self._listener.close()
                self._serve(self._libav, request)
            with suppress(OSError):
                self._proxy.leave()
        finally:
            self._hang_up()

    def end(self, thread: threading.Thread) -> None:
        """Ends the thread; libav has closed its connection, or has none."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        thread.join(GRACE_S)
        self._hang_up()
        thread.join()
        if self._libav:
            self._libav.close()

    def _hang_up(self) -> None:
        if self._libav:
            with suppress(OSError):
                self._libav.shutdown(socket.SHUT_RDWR)

    def _admitted(self) -> tuple[socket.socket, bytes]:
        """The first connection that knows the path, and what it asks for."""
        deadline = monotonic() + OPEN_TIMEOUT_S
        self._listener.settimeout(OPEN_TIMEOUT_S)
        while monotonic() < deadline:
            connection = self._listener.accept()[0]
            with suppress(OSError):
                connection.settimeout(KNOCK_S)
                request = connection.recv(CHUNK)
                if secrets.compare_digest(parts(request)[1].encode(), self.url.encode()):
                    connection.settimeout(None)
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return connection, request
            connection.close()
        raise TimeoutError

    def _serve(self, libav: socket.socket, request: bytes) -> None:
        libav.sendall(self._proxy.answers(request))
        while not self._proxy.playing:
            self._hear(libav)
        buffer, poll = memoryview(bytearray(CHUNK)), select.poll()
        for connection in (libav, self._camera):
            poll.register(connection, select.POLLIN)
        self._pass_on(libav, buffer)  # what TLS has already
        while True:
            ready = [number for number, _ in poll.poll()]
            if libav.fileno() in ready:
                self._hear(libav)
            if self._camera.fileno() in ready:
                self._pass_on(libav, buffer)

    def _hear(self, libav: socket.socket) -> None:
        """Answers what libav has sent."""
        if not (heard := libav.recv(CHUNK)):
            raise ConnectionError("libav has closed")
        libav.sendall(self._proxy.answers(heard))
        self._camera.setblocking(False)  # as long as nobody waits for an answer

    def _pass_on(self, libav: socket.socket, buffer: memoryview) -> None:
        """What the camera has sent."""
        for _ in range(MOST_CHUNKS):
            try:
                size = self._camera.recv_into(buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                sleep(REST_S)
                return
            if not size:
                raise ConnectionError("the camera has closed")
            self._proxy.overhear(buffer[:size])
            libav.sendall(buffer[:size])
