"""An HTTP server of our own, which behaves as badly as it is told to; its manners are in http_manners.py."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from itertools import count
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest

from tests.capture.http_manners import FPS, POLITE, HttpManner


class OddHttpCamera(ThreadingTCPServer):
    """One server, of which every path has the manner that is set."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HttpSession)
        self.manner, self.changed = POLITE, threading.Event()
        threading.Thread(target=self.serve_forever, name="odd http camera", daemon=True).start()

    def url(self, path: str = "odd") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"

    def behave(self, manner: HttpManner = POLITE) -> None:
        """From now on so; those who watch are sent away."""
        self.manner = manner
        changed, self.changed = self.changed, threading.Event()
        changed.set()

    def close(self) -> None:
        self.behave()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up; that is theirs to do."""


class HttpSession(StreamRequestHandler):
    """One request; see `Connection` in http_manners.py."""

    server: OddHttpCamera

    def handle(self) -> None:
        self._changed = self.server.changed  # first: one that is too old only sends it away once more
        manner = self.server.manner
        self.path = self.rfile.readline().decode("latin-1").split(" ")[1]
        while self.rfile.readline().strip():
            pass
        with contextlib.suppress(OSError):
            for data in manner.answer(self):
                self.request.sendall(data)

    def ticks(self, fps: float = FPS) -> Iterator[int]:
        """The numbers of pictures, each when it is due."""
        for index in count():
            if self._changed.wait(1 / fps):
                return
            yield index

    def reset(self) -> None:
        """Hangs up without a word."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()


@pytest.fixture
def odd_http_camera() -> Iterator[OddHttpCamera]:
    camera = OddHttpCamera()
    yield camera
    camera.close()
