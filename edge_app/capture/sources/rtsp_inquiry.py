"""Asks an RTSP camera what libav must not read, and what its errors leave out: statuses, redirects, kinds of login."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import monotonic

from edge_app.capture.sources.address import Address
from edge_app.capture.sources.libav_connection import OPEN_TIMEOUT_S, TooMuchError
from edge_app.capture.sources.rtsp_login import authorization

LONGEST_S = 2.0  # to explain a refusal: stopping has to take less than 5 s, and libav had its share
MOST_BYTES = 256 * 1024  # of one connection
LONGEST_DESCRIPTION = 64 * 1024  # it has some kilobytes; libav takes memory by the square of it
LONGEST_HEADER = 2048  # what looks into one takes time by the square of it
OK, UNAUTHORISED = 200, 401
BEGINS = b"RTSP/"


@dataclass(frozen=True, slots=True)
class RtspAnswer:
    """One answer of a camera.

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

    def sends_over(self, *, udp: bool) -> bool:
        """Whether this answer to SETUP agrees on UDP, or on TCP, and on this machine alone."""
        transport = next(iter(self.headers("Transport")), "").lower()
        return "rtp/" in transport and ("/tcp" in transport) != udp and "multicast" not in transport


HUNG_UP = RtspAnswer("", 0)


@dataclass(frozen=True)
class RtspInquiry:
    """Asks in libav's order until the camera refuses: RFC 2326, without playing anything for longer than that takes.

    Attributes:
        address: Where it is.
        udp: Whether the stream is wanted over UDP.
        tls: For rtsps.
    """

    address: Address
    udp: bool
    tls: ssl.SSLContext | None = None

    def ask(self, within_s: float, *, login: bool) -> RtspAnswer | None:
        """The first refusal, or SETUP's answer if that agrees on another transport, else the last answer.

        None if none comes within that time, or the camera cannot be reached.
        With `login` the camera may see user and password; without, being asked for them is the refusal.
        """
        try:
            with self._dialogue(monotonic() + min(within_s, LONGEST_S), login=login) as dialogue:
                try:
                    return self._refusal(dialogue)
                except ConnectionError:
                    return HUNG_UP
        except OSError:
            return None

    @contextmanager
    def described(self) -> Iterator[RtspAnswer | None]:
        """The refusal of OPTIONS or DESCRIBE, else the description; None if the camera cannot be reached or hangs up.

        The connection stays for the duration of the block: servers made with GStreamer, which start a stream with its
        first viewer and end it with the last, refuse whoever comes in between (503).

        Raises:
            TimeoutError: It does not answer in time.
            TooMuchError: Its answer is longer than any description.
        """
        with ExitStack() as stack:
            try:
                answer = self._description(
                    stack.enter_context(self._dialogue(monotonic() + OPEN_TIMEOUT_S, login=True))
                )
            except (TimeoutError, TooMuchError):
                raise
            except OSError:
                answer = None
            yield answer

    def _description(self, dialogue: _Dialogue) -> RtspAnswer:
        url = self.address.without_login
        options = dialogue.ask("OPTIONS", url)
        return options if options.status != OK else dialogue.ask("DESCRIBE", url, "Accept: application/sdp")

    def _refusal(self, dialogue: _Dialogue) -> RtspAnswer:
        url = self.address.without_login
        described = self._description(dialogue)
        if described.status != OK:
            return described
        base = next(iter(described.headers("Content-Base")), url)
        with ExitStack() as stack:
            transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
            if self.udp:
                receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                receiver.bind(("", 0))
                port = receiver.getsockname()[1]
                transport = f"RTP/AVP/UDP;unicast;client_port={port}-{port + 1}"
            setup = dialogue.ask("SETUP", _track(described.body, base), f"Transport: {transport}")
            if setup.status != OK or not setup.sends_over(udp=self.udp):
                return setup
            session = next(iter(setup.headers("Session")), "").partition(";")[0]
            played = dialogue.ask("PLAY", base, f"Session: {session}", "Range: npt=0.000-")
            dialogue.tell("TEARDOWN", base, f"Session: {session}")
            return played

    @contextmanager
    def _dialogue(self, deadline: float, *, login: bool) -> Iterator[_Dialogue]:
        with ExitStack() as stack:
            place = (self.address.host, self.address.port)
            connection = stack.enter_context(socket.create_connection(place, _left(deadline)))
            if self.tls:
                connection = stack.enter_context(self.tls.wrap_socket(connection, server_hostname=self.address.host))
            yield _Dialogue(connection, deadline, self.address if login else None)


class _Dialogue:
    """Requests and answers of one connection; all raise OSError when time or the connection end, or too much comes."""

    def __init__(self, connection: socket.socket, deadline: float, login: Address | None) -> None:
        self._connection, self._deadline, self._login = connection, deadline, login
        self._number, self._received, self._buffer = 0, 0, b""
        self._challenges: list[str] = []

    def ask(self, method: str, url: str, *headers: str) -> RtspAnswer:
        """The answer; where a login is asked for and there is one, the answer to that."""
        answer = self._once(method, url, *headers)
        if answer.status != UNAUTHORISED or self._challenges:
            return answer
        self._challenges = answer.headers("WWW-Authenticate")
        return self._once(method, url, *headers) if self._authorization(method, url) else answer

    def tell(self, method: str, url: str, *headers: str) -> None:
        """A request whose answer does not matter."""
        self._number += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._number}", *headers, *self._authorization(method, url)]
        self._connection.settimeout(_left(self._deadline))
        self._connection.sendall("\r\n".join([*lines, "", ""]).encode())

    def _authorization(self, method: str, url: str) -> list[str]:
        login = self._login
        if login is None or login.username is None:
            return []
        password = login.password.get_secret_value() if login.password else ""
        proof = authorization(self._challenges, method, url, login.username, password)
        return [f"Authorization: {proof}"] if proof else []

    def _once(self, method: str, url: str, *headers: str) -> RtspAnswer:
        self.tell(method, url, *headers)
        while self._has(1) and self._buffer.startswith(b"$"):  # video that comes before the answer
            self._has(4)
            self._take(4 + int.from_bytes(self._buffer[2:4], "big"))
        while not (end := re.search(rb"\r?\n\r?\n", self._buffer)):
            if len(self._buffer) >= len(BEGINS) and not self._buffer.startswith(BEGINS):
                return RtspAnswer(method, 0, self._buffer.decode("latin-1"))
            self._receive()
        head = self._take(end.end()).decode("latin-1")
        found = re.match(r"RTSP/\d\.\d\s+(\d{3})\b", head)
        answer = RtspAnswer(method, int(found[1]) if found else 0, head)
        length = next(iter(answer.headers("Content-Length")), "0")
        size = int(length[:10]) if re.fullmatch(r"[0-9]+", length) else 0
        if size > LONGEST_DESCRIPTION:
            raise TooMuchError
        body = self._take(size)
        return RtspAnswer(method, answer.status, head, body.decode("latin-1"))

    def _take(self, count: int) -> bytes:
        self._has(count)
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _has(self, count: int) -> bool:
        while len(self._buffer) < count:
            self._receive()
        return True

    def _receive(self) -> None:
        self._connection.settimeout(_left(self._deadline))
        more = self._connection.recv(4096)
        self._received += len(more)
        if not more:
            raise ConnectionError("it ended")
        if self._received > MOST_BYTES:
            raise TooMuchError
        self._buffer += more


def _left(deadline: float) -> float:
    """The seconds that are left; raises TimeoutError if there are none."""
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _track(description: str, base: str) -> str:
    """The URL of the first video of a description (RFC 2326, C.1.1)."""
    video = re.search(r"(?ms)^m=video.*?(?=^m=|\Z)", description)
    control = re.search(r"(?m)^a=control:[ \t]*(\S+)", video[0]) if video else None
    if control is None or control[1] == "*":
        return base
    absolute = "://" in control[1]
    return control[1] if absolute else base.rstrip("/") + "/" + control[1].lstrip("/")
