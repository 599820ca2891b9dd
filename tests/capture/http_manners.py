"""The manners of cameras over HTTP: what is odd about each, and what must become of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import cv2

from tests.rtsp.clips import stripes

FPS = 20
FIRST = 5  # the number of pictures before something happens
FLOOD = 60_000


class Connection(Protocol):
    """What a manner sees of a connection: see `HttpSession` in odd_http_camera.py."""

    path: str

    def ticks(self, fps: float = FPS) -> Iterator[int]: ...

    def reset(self) -> None: ...


Answer = Callable[[Connection], Iterator[bytes]]


@dataclass(frozen=True)
class HttpManner:
    """How a camera answers a request, after which it hangs up.

    Attributes:
        answer: All that it sends, from the first line on.
        shows: What the program's log must say of it, a regular expression; empty if its pictures must come.
    """

    answer: Answer
    shows: str = ""


@cache
def jpegs(width: int = 320, height: int = 240) -> list[bytes]:
    return [cv2.imencode(".jpg", picture)[1].tobytes() for picture in stripes((width, height), 10)]


def jpeg(index: int) -> bytes:
    return jpegs()[index % len(jpegs())]


def head(status: str = "200 OK", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


PARTS = "Content-Type: multipart/x-mixed-replace; boundary=cut"
IMAGE = "Content-Type: image/jpeg"


def part(body: bytes, *headers: str) -> bytes:
    """A part of an answer, of the right length unless `headers` say something else."""
    lines = "\r\n".join(["--cut", *(headers or (IMAGE, f"Content-Length: {len(body)}")), "", ""])
    return lines.encode() + body + b"\r\n"


# Answers


def parts(make: Callable[[int], bytes] = lambda index: part(jpeg(index)), fps: float = FPS, *headers: str) -> Answer:
    """Headers, and then one thing at each tick."""

    def answer(connection: Connection) -> Iterator[bytes]:
        yield head("200 OK", *(headers or (PARTS,)))
        for index in connection.ticks(fps):
            yield make(index)

    return answer


def pictures(change: Callable[[bytes], bytes]) -> Answer:
    return parts(lambda index: change(jpeg(index)))


def said(data: bytes) -> Answer:
    """Only that, and then it hangs up."""
    return lambda connection: iter((data,))


def first(data: bytes, begins: bytes = b"", fps: float = FPS) -> Answer:
    """Some bytes, and then the same ones again and again."""

    def answer(connection: Connection) -> Iterator[bytes]:
        yield begins
        for _ in connection.ticks(fps):
            yield data

    return answer


def silent(begins: bytes) -> Answer:
    return first(b"", begins)


def falls_silent(index: int) -> bytes:
    return part(jpeg(index)) if index < FIRST else b""


def hasty(connection: Connection) -> Iterator[bytes]:
    yield head("200 OK", PARTS)
    for index in connection.ticks():
        if index > FIRST:
            return
        yield part(jpeg(index))


def resets(connection: Connection) -> Iterator[bytes]:
    yield head("200 OK", PARTS) + part(jpeg(0))[:500]
    connection.reset()


def drip(connection: Connection) -> Iterator[bytes]:
    """A picture, a byte at a time."""
    yield head("200 OK", PARTS)
    for index in connection.ticks():
        yield part(jpeg(0))[index : index + 1]


def in_circles(connection: Connection) -> Iterator[bytes]:
    yield head("302 Found", f"Location: {'/here' if connection.path == '/there' else '/there'}")


def stays(connection: Connection) -> Iterator[bytes]:
    """One picture, and then the connection waits for the next request."""
    yield head("200 OK", IMAGE, f"Content-Length: {len(jpeg(0))}", "Connection: keep-alive") + jpeg(0)
    yield from (b"" for _ in connection.ticks())


def wide(picture: bytes) -> bytes:
    """The picture, whose header says that it has 16,000 by 16,000 pixels."""
    at = picture.index(b"\xff\xc0") + 5
    return picture[:at] + b"\x3e\x80\x3e\x80" + picture[at + 4 :]


def chunk(index: int) -> bytes:
    body = part(jpeg(index))
    return b"%x;name=value\r\n" % len(body) + body + b"\r\n"


CHUNKED = "Transfer-Encoding: chunked"
FOREIGN = part(cv2.imencode(".png", next(iter(stripes((64, 48), 1))))[1].tobytes(), "Content-Type: image/png")
ANSWERS = {
    "a header without end": HttpManner(first(b"x", b"HTTP/1.1 200 OK\r\nX: "), r"\(timeout\)"),
    "headers without end": HttpManner(first(b"X: y\r\n" * 99, b"HTTP/1.1 200 OK\r\n"), r"\(failed\).*not HTTP"),
    "a header of a megabyte": HttpManner(said(head("200 OK", "X: " + "x" * 1_000_000)), r"\(failed\).*not HTTP"),
    "RTSP instead of HTTP": HttpManner(said(b"RTSP/1.0 400 Bad Request\r\n\r\n"), r"\(failed\).*not HTTP"),
    "pictures instead of HTTP": HttpManner(first(jpeg(0)), r"\(failed\).*not HTTP"),
    "it hangs up at once": HttpManner(said(b""), r"\(failed\).*without an answer"),
    "it resets the connection": HttpManner(resets, r"\(failed\).*connection broke"),
    "headers and nothing": HttpManner(silent(head("200 OK", PARTS)), r"\(timeout\)"),
    "a redirection to itself": HttpManner(said(head("302 Found", "Location: /odd")), r"\(failed\).*without end"),
    "redirections in circles": HttpManner(in_circles, r"\(failed\).*without end"),
    "a redirection elsewhere": HttpManner(
        said(head("302 Found", "Location: http://192.0.2.1/")), r"\(failed\).*not followed"
    ),
    "a compressed answer": HttpManner(
        said(head("200 OK", IMAGE, "Content-Encoding: gzip") + gzip.compress(jpeg(0))), r"\(failed\).*compressed"
    ),
    "a coding that is no compression": HttpManner(
        first(part(jpeg(0)), head("200 OK", PARTS, "Content-Encoding: binary"))
    ),
    "an interim answer": HttpManner(first(part(jpeg(0)), head("100 Continue") + head("200 OK", PARTS))),
    "a busy camera": HttpManner(said(head("503 Service Unavailable")), r"\(failed\).*503"),
    "a page": HttpManner(said(head("200 OK", IMAGE) + b"<html>Log in, please.</html>" * 99), r"\(failed\).*neither"),
    "a playlist": HttpManner(said(head() + b"#EXTM3U\n"), r"\(codec\).*playlist"),
    "it does not hang up": HttpManner(stays),
}
SENDS = {
    "a picture without end": HttpManner(
        first(b"\x55" * FLOOD, head("200 OK", PARTS) + part(jpeg(0)[:300], IMAGE), 500), r"\((too_large|timeout)\)"
    ),
    "dashes without end": HttpManner(first(b"-" * FLOOD, head("200 OK", PARTS)), r"\(timeout\)"),
    "text without end": HttpManner(parts(lambda index: part(b"no", "Content-Type: text/plain"), 500), r"\(timeout\)"),
    "a picture, a byte at a time": HttpManner(drip, r"\(timeout\)"),
    "no boundary": HttpManner(pictures(lambda picture: picture)),
    "a length that is too small": HttpManner(pictures(lambda picture: part(picture, IMAGE, "Content-Length: 9"))),
    "a length that is too large": HttpManner(
        pictures(lambda picture: part(picture, IMAGE, "Content-Length: 99999999"))
    ),
    "a negative length": HttpManner(pictures(lambda picture: part(picture, IMAGE, "Content-Length: -1"))),
    "a length of the whole": HttpManner(parts(lambda index: part(jpeg(index)), FPS, PARTS, "Content-Length: 9")),
    "compressed parts": HttpManner(
        pictures(lambda picture: part(gzip.compress(picture), IMAGE, "Content-Encoding: gzip")), r"\(failed\).*gzip"
    ),
    "PNG in parts": HttpManner(parts(lambda index: FOREIGN), r"\(failed\).*not JPEG"),
    "half pictures": HttpManner(pictures(lambda picture: part(picture[: len(picture) // 2])), r"\(decode_errors\)"),
    "pictures that seem huge": HttpManner(pictures(lambda picture: part(wide(picture))), r"\(decode_errors\)"),
    "another size each half second": HttpManner(
        parts(lambda index: part(jpegs(*((320, 240), (480, 272))[index // 10 % 2])[index % 10]))
    ),
    "chunks with extensions": HttpManner(parts(chunk, FPS, PARTS, CHUNKED)),
    "chunks that are none": HttpManner(parts(lambda index: part(jpeg(index)), FPS, PARTS, CHUNKED), r"\(failed\)"),
    "pictures, then silence": HttpManner(parts(falls_silent), r"\(stalled\)"),
    "it hangs up again and again": HttpManner(hasty, r"\((ended|failed)\)"),
}
POLITE = HttpManner(parts())
LOGIN = {  # last: a camera that refuses a login is left alone for a minute
    "a login again and again": HttpManner(said(head("401 No", 'WWW-Authenticate: Basic realm="x"')), r"\(auth_failed\)")
}
HTTP_MANNERS = ANSWERS | SENDS | LOGIN
