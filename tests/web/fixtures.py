"""Fixtures: web servers that hold files, with ranges or without, whole or broken."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Mirror:
    """One server.

    Attributes:
        files: What it holds, by path.
        status: What it answers instead, where not 0.
        location: Where it redirects to, where given.
        ranges: Whether it sends parts.
        etag: The mark of its files.
        lengths: Whether it says how long its answers are.
        shift: How far the parts that it sends are from those that were asked for.
        breaks_after: It hangs up after so many bytes of an answer, where given.
        hangs_after: It says no more after so many bytes of an answer, until `released`.
        certificate: PEM of certificate and key; then it is https.
        requests: What was asked: the method, the path, the headers.
        asked: Is set when something was asked.
        hanging: Is set while it hangs.
    """

    files: dict[str, bytes]
    status: int = 0
    location: str = ""
    ranges: bool = True
    etag: str = '"one"'
    lengths: bool = True
    shift: int = 0
    breaks_after: int | None = None
    hangs_after: int | None = None
    certificate: Path | None = None
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        mirror = self

        class Bound(Handler):
            def setup(self) -> None:
                self.mirror = mirror
                super().setup()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.server.server_port}"

    @property
    def ranges_asked(self) -> list[str | None]:
        return [headers.get("Range") for _, _, headers in self.requests]

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def do_GET(self) -> None:
        mirror = self.mirror
        mirror.requests.append(("GET", self.path, dict(self.headers)))
        if mirror.status or (self.path not in mirror.files and not mirror.location):
            self.send_error(mirror.status or 404)
        elif mirror.location and self.path not in mirror.files:
            self.send_response(302)
            self.send_header("Location", mirror.location)
            self.end_headers()
        else:
            self._send(mirror.files[self.path])

    def do_CONNECT(self) -> None:
        """As a proxy it lets nobody through."""
        self.mirror.requests.append(("CONNECT", self.path, dict(self.headers)))
        self.send_error(403)

    def _send(self, content: bytes) -> None:
        start = self._start()
        start += self.mirror.shift if start else 0
        if start > 0 and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.mirror.etag:
            self.send_header("ETag", self.mirror.etag)
        if self.mirror.lengths:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self._body(content[start:])

    def _start(self) -> int:
        """Where the answer begins: as RFC 9110 has Range and If-Range."""
        asked = self.headers.get("Range")
        fresh = self.headers.get("If-Range") in (None, self.mirror.etag)
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked and fresh and self.mirror.ranges else 0

    def _body(self, content: bytes) -> None:
        mirror = self.mirror
        limits = [limit for limit in (mirror.breaks_after, mirror.hangs_after) if limit is not None]
        self.wfile.write(content[: min([len(content), *limits])])
        self.wfile.flush()
        if mirror.hangs_after is not None:
            mirror.hanging.set()
            mirror.released.wait()
            if not self.wfile.closed and mirror.breaks_after is None:
                self.wfile.write(content[mirror.hangs_after :])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """The tests' output stays theirs."""


StartMirror = Callable[..., Mirror]


@pytest.fixture
def mirror() -> Iterator[StartMirror]:
    """Starts servers: `mirror({"/a.onnx": b"…"}, ranges=False)`, the fields of `Mirror`; all are stopped at the end."""
    started: list[Mirror] = []

    def start(files: dict[str, bytes], **fields: object) -> Mirror:
        started.append(Mirror(files, **fields))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.stop()
