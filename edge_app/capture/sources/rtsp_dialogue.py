"""Requests to an RTSP camera and its answers, over one connection; no more is read of them than cameras have to say."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic

from edge_app.capture.sources.address import Address
from edge_app.capture.sources.challenge import challenges
from edge_app.capture.sources.host import Host
from edge_app.capture.sources.libav_connection import TooMuchError
from edge_app.capture.sources.server_login import ServerLogin

MOST_BYTES = 256 * 1024  # of all answers of one connection until it plays
LONGEST_DESCRIPTION = 64 * 1024  # it has some kilobytes; libav takes memory by the square of it
LONGEST_HEADER = 2048  # what looks into one takes time by the square of it
TELL_S = 2.0  # a camera that takes nothing for so long is gone
OK, UNAUTHORISED = 200, 401
BEGINS = b"RTSP/"


@dataclass(frozen=True, slots=True)
class RtspAnswer:
    """One answer of a camera; its bytes are characters, one each.

    Attributes:
        method: What was asked.
        status: RFC 2326's number; 0 if it is not RTSP.
        head: Its first line and its headers.
        body: The description, of DESCRIBE.
    """

    method: str
    status: int
    head: str = field(default="", repr=False)
    body: str = field(default="", repr=False)

    def headers(self, name: str) -> list[str]:
        """What the headers of that name say, as far as they are of a sane length."""
        fields = (line[:LONGEST_HEADER].partition(":") for line in self.head.splitlines()[1:])
        return [value.strip() for key, _, value in fields if key.strip().lower() == name.lower()]

    def header(self, name: str) -> str:
        """The first of them; empty if there is none."""
        return next(iter(self.headers(name)), "")

    def sends_over(self, *, udp: bool) -> bool:
        """Whether this answer to SETUP agrees on UDP, or on TCP, and on this machine alone."""
        transport = self.header("Transport").lower()
        return "rtp/" in transport and ("/tcp" in transport) != udp and "multicast" not in transport


def connected(host: Host, address: Address, tls: ssl.SSLContext | None, deadline: float) -> socket.socket:
    """A connection to a camera, for rtsps with `tls`; raises OSError."""
    with ExitStack() as stack:
        connection = stack.enter_context(host.connected(address.port, deadline))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            connection.settimeout(left(deadline))
            connection = tls.wrap_socket(connection, server_hostname=address.host)
        stack.pop_all()
    return connection


class RtspDialogue:
    """Requests and answers; all raise OSError when time or the connection end, or too much comes.

    Attributes:
        connection: To the camera.
    """

    def __init__(self, connection: socket.socket, deadline: float, login: ServerLogin | None) -> None:
        self.connection = connection
        self._deadline, self._login = deadline, login
        self._number, self._received, self._buffer = 0, 0, b""

    def wait_until(self, deadline: float) -> None:
        """From then on waiting for an answer raises TimeoutError [s, monotonic clock]."""
        self._deadline = deadline

    def ask(self, method: str, url: str, *headers: str) -> RtspAnswer:
        """The answer; where a login is asked for and there is one, the answer to that."""
        answer = self._once(method, url, *headers)
        if answer.status != UNAUTHORISED or not self.asked(answer):
            return answer
        return self._once(method, url, *headers)

    def asked(self, answer: RtspAnswer) -> bool:
        """Takes what the camera wants of a login; whether it is answered: what was refused is not sent once more."""
        if self._login is None:
            return False
        first, offered = not self._login.is_asked, challenges(answer.headers("WWW-Authenticate"))
        stale = any(challenge.values.get("stale", "").lower() == "true" for challenge in offered)
        return self._login.asked(offered) and (first or stale)

    def request(self, method: str, url: str, *headers: str) -> None:
        """A request whose answer is not waited for."""
        self._number += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._number}", *headers]
        target = url.encode("latin-1").decode("utf-8", "replace")  # as it was written
        proof = self._login.authorization(method, target) if self._login else None
        login = f"Authorization: {proof}\r\n".encode() if proof else b""
        self.send("\r\n".join([*lines, ""]).encode("latin-1") + login + b"\r\n")

    def send(self, data: bytes) -> None:
        """As it is."""
        self.connection.settimeout(TELL_S)
        self.connection.sendall(data)

    def rest(self) -> bytes:
        """What came behind the last answer, once."""
        rest, self._buffer = self._buffer, b""
        return rest

    def _once(self, method: str, url: str, *headers: str) -> RtspAnswer:
        self.request(method, url, *headers)
        while self._has(1).startswith(b"$"):  # video that comes before the answer
            size = 4 + int.from_bytes(self._has(4)[2:4], "big")
            self._take(size)
            self._received -= size
        while not (end := re.search(rb"\r?\n\r?\n", self._buffer)):
            if len(self._buffer) >= len(BEGINS) and not self._buffer.startswith(BEGINS):
                return RtspAnswer(method, 0, self._buffer.decode("latin-1"))
            self._receive()
        answer = answer_of(method, self._take(end.end()))
        length = answer.header("Content-Length")
        size = int(length[:10]) if re.fullmatch(r"[0-9]+", length) else 0
        if size > LONGEST_DESCRIPTION:
            raise TooMuchError
        return RtspAnswer(method, answer.status, answer.head, self._take(size).decode("latin-1"))

    def _take(self, count: int) -> bytes:
        taken, self._buffer = self._has(count)[:count], self._buffer[count:]
        return taken

    def _has(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._receive()
        return self._buffer

    def _receive(self) -> None:
        self.connection.settimeout(left(self._deadline))
        more = self.connection.recv(4096)
        self._received += len(more)
        if not more:
            raise ConnectionError("it ended")
        if self._received > MOST_BYTES:
            raise TooMuchError
        self._buffer += more


def answer_of(method: str, head: bytes) -> RtspAnswer:
    """An answer's first line and headers, read."""
    text = head.decode("latin-1")
    found = re.match(r"RTSP/\d\.\d\s+(\d{3})\b", text)
    return RtspAnswer(method, int(found[1]) if found else 0, text)


def left(deadline: float) -> float:
    """The seconds that are left; raises TimeoutError if there are none."""
    seconds = deadline - monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
