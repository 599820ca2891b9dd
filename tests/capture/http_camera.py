"""A camera over HTTP: MJPEG, single pictures and video; it can ask for a login, speak TLS, freeze and lie."""

from __future__ import annotations

import base64
import hashlib
import io
import math
import re
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.ports import free_port
from tests.rtsp.clips import stripes

BOUNDARY = b"--cut here\r\n"
PARTS = 'multipart/x-mixed-replace; boundary="cut here"'
REALM = "camera"
HASHES = {
    "Digest": "md5",
    "Digest old": "md5",
    "Digest MD5-sess": "md5",
    "Digest auth-int": "md5",
    "Digest SHA-256": "sha256",
    "Digest SHA-512-256": "sha512_256",
}
PNG = cv2.imencode(".png", next(iter(stripes((320, 240), 1))))[1].tobytes()
# EBML's header, a segment, and in it an element to be passed over that has no end.
MKV = bytes.fromhex("1a45dfa38b4282886d6174726f736b61 1853806701ffffffffffffff ec017fffffffffffff")
JPEGS = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in stripes((320, 240), 10)]


def remuxed(video: Path, container: str, **options: str) -> bytes:
    """The video in another container."""
    content = io.BytesIO()
    with av.open(str(video)) as source, av.open(content, "w", format=container, options=options) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
        out.close()
    return content.getvalue()


class HttpCamera(ThreadingHTTPServer):
    """One server in a thread of its own; it can be killed and started again at the same port.

    Attributes:
        requests: Path and Authorization of each request so far.
        frozen: While it is clear, nothing more is sent and all connections stay.
        pictures: What is sent, in a loop; bytes that are no JPEG are sent as well.
        fps: Pictures a second of a stream.
        sent: How many were sent so far.
        moved_to: Where /moved leads to.
        video_bytes: What /content and /paced answer with.
        video_s: How long /paced takes for that.
    """

    daemon_threads = True

    def __init__(self, login: tuple[str, str, str] | None, certificate: Path | None, port: int, video: Path) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.login, self.video, self.certificate = login, video, certificate
        self.requests: list[tuple[str, str | None]] = []
        self.frozen, self.closed = threading.Event(), threading.Event()
        self.pictures, self.fps, self.sent, self.moved_to = list(JPEGS), 25.0, 0, ""
        self.video_bytes, self.video_s = b"", 1.0
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, name="http camera").start()

    def url(self, path: str) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up; that is theirs to do."""

    def kill(self) -> None:
        self.closed.set()
        self.frozen.clear()
        self.shutdown()
        self.server_close()

    def let_in(self, method: str, header: str | None) -> bool:
        """Whether the Authorization is the right one, after RFC 7617 and RFC 2617."""
        if self.login is None:
            return True
        scheme, user, password = self.login
        if header is None or not header.startswith(f"{scheme.split()[0]} "):
            return False
        if scheme == "Basic":
            return base64.b64decode(header.split()[1]) == f"{user}:{password}".encode()
        said = dict(re.findall(r'(\w+)="?((?:(?<==")[^"]*)|[^",\s]*)', header))

        def hashed(text: str) -> str:
            return hashlib.new(HASHES[scheme], text.encode()).hexdigest()

        secret, asked = hashed(f"{user}:{REALM}:{password}"), hashed(f"{method}:{said['uri']}")
        if scheme.endswith("auth-int"):
            asked = hashed(f"{method}:{said['uri']}:{hashed('')}")
        if scheme.endswith("-sess"):
            secret = hashed(f"{secret}:{said['nonce']}:{said['cnonce']}")
        counted = "" if scheme == "Digest old" else f"{said['nc']}:{said['cnonce']}:{said['qop']}:"
        return said["response"] == hashed(f"{secret}:{said['nonce']}:{counted}{asked}")

    @property
    def challenge(self) -> str:
        """What it asks for, after RFC 2617 and 7616."""
        assert self.login
        scheme, _, algorithm = self.login[0].partition(" ")
        text = f'{scheme} realm="{REALM}", nonce="5eed"'
        if algorithm == "old":
            return text
        if algorithm == "auth-int":
            return f'{text}, qop="auth-int"'
        return f'{text}, qop="auth", algorithm={algorithm or "MD5"}'


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: HttpCamera

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        header = self.headers.get("Authorization")
        self.server.requests.append((self.path, header))
        if not self.server.let_in("GET", header):
            return self.answer(401, "text/plain", b"", {"WWW-Authenticate": self.server.challenge})
        answers: dict[str, Callable[[], None]] = {
            "/mjpeg": lambda: self.stream(self.part),
            "/without-length": lambda: self.stream(self.part_without_length),
            "/five": lambda: self.stream(self.part, pictures=5),
            "/five-without-length": lambda: self.stream(self.part_without_length, pictures=5),
            "/my%20door/snapshot.jpg": lambda: self.answer(200, "image/jpeg", self.picture()),
            "/page.html": lambda: self.answer(200, "text/html", b"<html><body>Log in, please.</body></html>" * 99),
            "/video.ts": lambda: self.answer(200, "video/mp2t", self.server.video.read_bytes()),
            "/frozen.ts": lambda: self.open_picture(self.server.video.read_bytes(), "video/mp2t"),
            "/frozen.flv": lambda: self.open_picture(remuxed(self.server.video, "flv")[:-9000], "video/x-flv"),
            "/frozen.avi": lambda: self.open_picture(remuxed(self.server.video, "avi")[:-9000], "video/avi"),
            "/late.mp4": lambda: self.answer(200, "video/mp4", remuxed(self.server.video, "mp4")),
            "/early.mp4": lambda: self.answer(
                200, "video/mp4", remuxed(self.server.video, "mp4", movflags="empty_moov+frag_keyframe")
            ),
            "/many-samples.mp4": lambda: self.answer(200, "video/mp4", self.boasting(b"stsz....", samples_at=4)),
            "/many-in-a-fragment.mp4": lambda: self.answer(200, "video/mp4", self.boasting(b"trun....", samples_at=0)),
            "/odd": lambda: self.stream(self.odd_part),
            "/chunked": lambda: self.stream(self.chunk),
            "/content": lambda: self.answer(200, "application/octet-stream", self.server.video_bytes),
            "/paced": lambda: self.paced(self.server.video_bytes),
            "/picture": lambda: self.answer(200, "application/octet-stream", self.picture()),
            "/open-picture": self.open_picture,
            "/forbidden": lambda: self.answer(403, "text/plain", b"no"),
            "/around": lambda: self.answer(302, "text/plain", b"", {"Location": "/around"}),
            "/drip": self.drip,
            "/broken": lambda: self.answer(503, "text/plain", b"booting"),
            "/moved": lambda: self.answer(302, "text/plain", b"", {"Location": self.server.moved_to}),
            "/endless": self.endless,
            "/endless.png": lambda: self.endless("image/png", PNG[:33] + b"\x7f\xff\xff\xffIDAT"),
            "/endless.mkv": lambda: self.endless("video/x-matroska", MKV),
            "/nothing": lambda: self.stream(lambda _: b""),
            "/picture.png": lambda: self.answer(200, "image/png", PNG),
            "/icy": lambda: self.raw("ICY 200 OK"),
            "/icy-redirect": lambda: self.raw("ICY 302 Found", "Location: /icy"),
            "/text": lambda: self.stream(self.part, kind="text/plain"),
            "/octets": lambda: self.stream(self.odd_part, kind="application/octet-stream"),
            "/without-dashes": lambda: self.stream(lambda jpeg: self.part(jpeg)[2:], kind=""),
            "/no-length": lambda: self.stream(self.part, headers={"Content-Length": "0"}),
            "/short-length": lambda: self.stream(self.part, headers={"Content-Length": "9999"}),
            "/compressed": lambda: self.answer(200, "image/jpeg", b"\x1f\x8b", {"Content-Encoding": "gzip"}),
            "/empty": lambda: self.answer(200, "image/jpeg", b""),
            "/text.txt": lambda: self.answer(200, "text/plain", b"Error: no camera\n"),
            "/nowhere": lambda: self.answer(302, "text/plain", b""),
        }
        if self.path.startswith("/status/"):
            return self.answer(int(self.path.rpartition("/")[2]), "text/plain", b"")
        return answers.get(self.path, lambda: self.answer(404, "text/plain", b"no such thing"))()

    def answer(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def boasting(self, box: bytes, samples_at: int) -> bytes:
        """An MP4 whose first box of that type says that it has three million samples of 100 bytes."""
        content = remuxed(self.server.video, "mp4", movflags="empty_moov+frag_keyframe")
        at = content.index(box[:4]) + len(box)
        number = struct.pack(">II", 100, 3_000_000)[4 - samples_at :]
        return content[:at] + number + content[at + len(number) :]

    @staticmethod
    def part(jpeg: bytes) -> bytes:
        return BOUNDARY + b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg

    @staticmethod
    def part_without_length(jpeg: bytes) -> bytes:
        return BOUNDARY + b"Content-Type: image/jpeg\r\n\r\n" + jpeg

    @staticmethod
    def odd_part(jpeg: bytes) -> bytes:
        """A boundary only after the picture, another one, a type with a parameter, line feeds."""
        return b"content-type: image/jpg;size=%d\nX-Motion: 0\n\n" % len(jpeg) + jpeg + b"--another\n"

    @classmethod
    def chunk(cls, jpeg: bytes) -> bytes:
        """A part in two chunks, the boundary of chunks within the picture."""
        whole = cls.part(jpeg)
        halves = whole[: len(whole) // 2], whole[len(whole) // 2 :]
        return b"\r\n".join(piece for half in halves for piece in (b"%x" % len(half), half))

    def picture(self) -> bytes:
        self.server.sent += 1
        return self.server.pictures[(self.server.sent - 1) % len(self.server.pictures)]

    def stream(
        self,
        part: Callable[[bytes], bytes],
        pictures: float = math.inf,
        kind: str = PARTS,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.begin({"Transfer-Encoding": "chunked"} if part == self.chunk else headers, kind)
        self.pictures(part, pictures)

    def raw(self, *lines: str) -> None:
        """An answer of which also the first line is odd, and a stream."""
        self.wfile.write("\r\n".join([*lines, "Content-Type: multipart/mixed", "", ""]).encode())
        self.pictures(self.part, math.inf)

    def pictures(self, part: Callable[[bytes], bytes], pictures: float) -> None:
        while pictures and not self.server.closed.wait(1 / self.server.fps):
            if not self.server.frozen.is_set():
                self.wfile.write(part(self.picture()) + b"\r\n")
                pictures -= 1

    def endless(
        self, kind: str = PARTS, begins: bytes = BOUNDARY + b"Content-Type: image/jpeg\r\n\r\n\xff\xd8"
    ) -> None:
        """A picture that never ends, of 100 MB a second at most."""
        self.begin(kind=kind)
        self.wfile.write(begins)
        noise = np.random.default_rng(1).integers(64, 128, 1_000_000, dtype=np.uint8).tobytes()
        while not self.server.closed.wait(0.01):
            self.wfile.write(noise)

    def open_picture(self, picture: bytes = b"", kind: str = "image/jpeg") -> None:
        """A picture of unknown length, after which nobody hangs up."""
        self.begin(kind=kind)
        self.wfile.write(picture or self.picture())
        self.server.closed.wait()

    def paced(self, content: bytes) -> None:
        """A video as a camera sends it, evenly."""
        self.begin(kind="application/octet-stream")
        pieces = max(1, round(self.server.video_s / 0.02))
        size = len(content) // pieces + 1
        for at in range(0, len(content), size):
            if self.server.closed.wait(0.02):
                return
            self.wfile.write(content[at : at + size])

    def drip(self) -> None:
        """Headers without end, a byte at a time."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not self.server.closed.wait(0.05):
            self.wfile.write(b"x")

    def begin(self, headers: dict[str, str] | None = None, kind: str = PARTS) -> None:
        self.send_response(200)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if kind:
            self.send_header("Content-Type", kind)
        self.end_headers()


StartHttpCamera = Callable[..., HttpCamera]


@pytest.fixture
def http_camera(clip_ts: Path) -> Iterator[StartHttpCamera]:
    """Starts cameras: `http_camera(login=("Digest", user, password), certificate=…, port=…)`."""
    cameras: list[HttpCamera] = []

    def start(
        login: tuple[str, str, str] | None = None, certificate: Path | None = None, port: int | None = None
    ) -> HttpCamera:
        cameras.append(HttpCamera(login, certificate, port or free_port(), clip_ts))
        return cameras[-1]

    yield start
    for camera in cameras:
        camera.kill()
