"""An RTSP server of our own, which behaves as badly as it is told to; its manners are in manners.py."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic

import pytest

from tests.rtsp.manners import MANNERS, POLITE, Manner, described, refused, unit
from tests.rtsp.rtp import CLOCK, FPS, Rtp

GOOD_FPS = 4
LEAD = 2  # pictures that a good camera is ahead of the one that was taken: libav keeps one back


def proves(method: str, header: str) -> bool:
    """Whether the Authorization is that of admin and `right`, after RFC 7617 and RFC 7616."""
    if header.startswith("Basic "):
        return base64.b64decode(header[6:]) == b"admin:right"
    said = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', header)}
    if said.get("username") != "admin":
        return False
    name = said.get("algorithm", "MD5").removesuffix("-sess")
    hashed = partial(digest, {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[name])
    body = [hashed("")] if said.get("qop") == "auth-int" else []
    secret, asked = hashed("admin", said["realm"], "right"), hashed(method, said["uri"], *body)
    if said.get("algorithm", "").endswith("-sess"):
        secret = hashed(secret, said["nonce"], said["cnonce"])
    between = [said["nc"], said["cnonce"], said["qop"]] if "qop" in said else []
    return said["response"] == hashed(secret, said["nonce"], *between, asked)


def digest(algorithm: str, *parts: str) -> str:
    return hashlib.new(algorithm, ":".join(parts).encode()).hexdigest()


class OddCamera:
    """One server. Paths that begin with /good are good cameras; all others have the manner that is set.

    A good camera sends its next picture when the one before the last was taken, so that a machine that is busy has
    no reason to drop any; without `lockstep` it sends at its pace, whoever takes them.

    Attributes:
        manner: How it behaves from now on.
        taken: Pictures that were taken, by path; to be counted by whoever takes them.
        sent: Pictures that good cameras have sent, by path.
        connections: How many there were, by path.
        requests: The first lines of all requests, and whether they carried a login.
        logins: Those logins, as they came.
        resting: Once it is set, good cameras send no more pictures and do not hang up.
    """

    def __init__(
        self,
        certificate: Path | None = None,
        *,
        host: str = "127.0.0.1",
        good_fps: float = GOOD_FPS,
        lockstep: bool = True,
    ) -> None:
        """Starts it at an address of this machine; with a PEM of certificate and key it speaks rtsps."""
        self.manner: Manner = POLITE
        self.good_fps, self.lockstep = good_fps, lockstep
        self.taken: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.connections: Counter[str] = Counter()
        self.requests: list[tuple[str, bool]] = []
        self.logins: list[str] = []
        self._host = f"[{host}]" if ":" in host else host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._scheme = "rtsps" if certificate else "rtsp"
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            self._listener = context.wrap_socket(self._listener, server_side=True)
        self.resting = threading.Event()
        self._sessions: list[Session] = []
        threading.Thread(target=self._accept, name="odd camera", daemon=True).start()

    def url(self, path: str = "odd") -> str:
        return f"{self._scheme}://{self._host}:{self._listener.getsockname()[1]}/{path}"

    def behave(self, manner: str | Manner = POLITE) -> None:
        """From now on so; those who watch are sent away."""
        self.manner = MANNERS[manner] if isinstance(manner, str) else manner
        for session in [session for session in self._sessions if not session.good]:
            session.hang_up()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for session in list(self._sessions):
            session.hang_up()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                session = Session(self, self._listener.accept()[0])
                self._sessions = [old for old in self._sessions if not old.gone.is_set()] + [session]
                threading.Thread(target=session.run, name="odd session", daemon=True).start()


class Session:
    """One connection.

    Attributes:
        channels: The first interleaved channel of each track, by the last part of its control URL.
        gone: Set once it is over.
    """

    def __init__(self, camera: OddCamera, connection: socket.socket) -> None:
        self.camera, self.manner = camera, camera.manner
        self.path = ""
        self.channels: dict[str, int] = {}
        self.gone = threading.Event()
        self._connection, self._sending = connection, threading.Lock()

    @property
    def good(self) -> bool:
        return self.path.startswith("/good")

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for request in self._requests():
                self._answer(request)
        self.hang_up()

    def hang_up(self) -> None:
        self.gone.set()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def send(self, data: bytes) -> None:
        with self._sending:
            self._connection.sendall(data)

    def ticks(self, fps: float = FPS) -> Iterator[int]:
        """The numbers of pictures, each when it is due."""
        for index in count():
            if self.gone.wait(1 / fps):
                return
            yield index

    def _requests(self) -> Iterator[list[str]]:
        """The lines of each request; what is interleaved is passed over."""
        with self._connection.makefile("rb") as stream:
            while first := stream.read(1):
                if first == b"$":
                    stream.read(int.from_bytes(stream.read(3)[1:], "big"))
                    continue
                lines = [first + stream.readline()]
                while lines[-1].strip():
                    lines.append(stream.readline())
                yield [line.decode("latin-1").strip() for line in lines[:-1]]

    def _answer(self, request: list[str]) -> None:
        method, url, _ = request[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in request[1:])}
        if not self.path:
            self.path = "/" + url.split("/", 3)[3].split("/")[0]
            self.camera.connections[self.path] += 1
            self.manner = POLITE if self.good else self.camera.manner
        if not self.good:
            self.camera.requests.append((request[0], "authorization" in headers))
            self.camera.logins += [headers["authorization"]] if "authorization" in headers else []
        right = self._polite(method, url, headers.get("cseq", "0"))
        if self.manner.challenges and method != "OPTIONS" and not proves(method, headers.get("authorization", "")):
            challenges = [f"WWW-Authenticate: {challenge}" for challenge in self.manner.challenges]
            answer: bytes | None = refused(method, "401 Unauthorized", *challenges)(method, right)
        else:
            answer = self.manner.answer(method, right)
        if answer is None:
            return
        self.send(answer.replace(b"{url}", url.encode()))
        if method == "PLAY" and answer.startswith(b"RTSP/1.0 200"):
            threading.Thread(target=self._play, name="odd video", daemon=True).start()

    def _polite(self, method: str, url: str, number: str) -> bytes:
        """The answer of a camera that behaves."""
        body, more = b"", ""
        if method == "DESCRIBE":
            body = described(self.manner.sdp, url).encode("latin-1")
            more = f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\n"
        elif method == "SETUP":
            channel = 2 * len(self.channels)
            self.channels[url.rpartition("/")[2]] = channel
            more = f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}\r\nSession: 1\r\n"
        elif method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def _play(self) -> None:
        with contextlib.suppress(OSError):
            for data in self._well() if self.good else self.manner.video(self):
                self.send(data)
                self.camera.sent[self.path] += self.good
            if not self.good:
                self.hang_up()

    def _well(self) -> Iterator[bytes]:
        """The pictures of a good camera."""
        track, fps, began = Rtp(), self.camera.good_fps, monotonic()
        for index in count():
            if self.camera.resting.is_set():
                return
            while self.camera.lockstep and index >= self.camera.taken[self.path] + LEAD:
                if self.gone.wait(0.01):
                    return
            if self.gone.wait(1 / fps if self.camera.lockstep else max(0.0, began + index / fps - monotonic())):
                return
            yield track.unit(unit(index), round(CLOCK * index / fps))


@pytest.fixture
def odd_camera() -> Iterator[OddCamera]:
    camera = OddCamera()
    yield camera
    camera.close()
