"""MJPEG as cameras really send it: whatever stands around the pictures, they are found whole and at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.capture.sources.jpeg_parts import JpegParts
from edge_app.core.errors import Reason, StreamError
from tests.rtsp.clips import stripes
from tests.waiting import Stopwatch

SMALL = cv2.imencode(".jpg", np.full((16, 16, 3), 99, np.uint8))[1].tobytes()
EXIF = b"\xff\xe1" + (2 + 6 + len(SMALL)).to_bytes(2, "big") + b"Exif\0\0" + SMALL  # with a thumbnail, SOI to EOI
PROGRESSIVE = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 4]
PICTURES = [
    *(cv2.imencode(".jpg", picture)[1].tobytes() for picture in stripes((64, 48), 3)),
    SMALL[:2] + EXIF + SMALL[2:],
    cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8), PROGRESSIVE)[1].tobytes(),
]
BINARY = bytes(range(256)) + b"\xff\xd8\xff\xe0\r\n\r\n" + b"\0" * 99


def part(body: bytes, *headers: str, boundary: str = "--cut", line: str = "\r\n", after: str = "\r\n") -> bytes:
    lines = [boundary, *headers, "", ""] if boundary else [*headers, "", ""]
    return line.join(lines).encode() + body + after.encode()


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


JPEG = "Content-Type: image/jpeg"
MANNERS: dict[str, Callable[[bytes], bytes]] = {
    "as it should be": lambda p: part(p, JPEG, length(p)),
    "no length": lambda p: part(p, JPEG),
    "no type": lambda p: part(p, length(p)),
    "no headers": part,
    "a parameter": lambda p: part(p, f"{JPEG};size={len(p)}", length(p)),
    "image/jpg": lambda p: part(p, "Content-Type: image/jpg", length(p)),
    "octets": lambda p: part(p, "Content-Type: application/octet-stream", length(p)),
    "small letters": lambda p: part(p, "content-type:image/jpeg", f"content-length :{len(p)}"),
    "other headers": lambda p: part(p, "X-Timestamp: 12.5", JPEG, "X-No: --cut", length(p)),
    "no newline between parts": lambda p: part(p, JPEG, length(p), after=""),
    "no newline and no length": lambda p: part(p, JPEG, after=""),
    "line feeds": lambda p: part(p, JPEG, length(p), line="\n", after="\n"),
    "a boundary without dashes": lambda p: part(p, JPEG, length(p), boundary="cut"),
    "another boundary": lambda p: part(p, JPEG, length(p), boundary="--ipcamera"),
    "more dashes": lambda p: part(p, JPEG, length(p), boundary="----cut"),
    "the boundary twice": lambda p: part(p, JPEG, length(p), boundary="--cut\r\n--cut"),
    "each part is the last": lambda p: part(p, JPEG, length(p), after="\r\n--cut--\r\n"),
    "no boundary": lambda p: part(p, JPEG, length(p), boundary=""),
    "the boundary after the part": lambda p: part(p, JPEG, length(p), boundary="", after="\r\n--cut\r\n"),
    "two blank lines": lambda p: part(b"\r\n" + p, JPEG, length(p)),
    "no blank line": lambda p: b"--cut\r\n" + JPEG.encode() + b"\r\n" + p + b"\r\n",
    "a length that is short": lambda p: part(p, JPEG, f"Content-Length: {len(p) // 2}"),
    "a length that is long": lambda p: part(p, JPEG, f"Content-Length: {len(p) + 40}"),
    "a length of nothing": lambda p: part(p, JPEG, "Content-Length: 0"),
    "a length of words": lambda p: part(p, JPEG, "Content-Length: many"),
    "a length beyond everything": lambda p: part(p, JPEG, f"Content-Length: {10**11}"),
    "padding": lambda p: part(p + b"\0" * 500, JPEG, f"Content-Length: {len(p) + 500}"),
    "padding without length": lambda p: part(p + b"\0" * 500, JPEG),
    "a second picture behind it": lambda p: part(p + SMALL, JPEG, f"Content-Length: {len(p + SMALL)}"),
    "sound between": lambda p: part(BINARY, "Content-Type: audio/basic", length(BINARY)) + part(p, JPEG, length(p)),
    "sound without length": lambda p: part(BINARY, "Content-Type: audio/basic") + part(p, JPEG),
    "text between": lambda p: part(b"motion: yes", "Content-Type: text/plain") + part(p, JPEG),
    "empty parts": lambda p: part(b"", JPEG, "Content-Length: 0") + part(p, JPEG, length(p)),
    "stray bytes behind the headers": lambda p: part(b"\0\1\xff\0" + p, JPEG, f"Content-Length: {len(p) + 4}"),
    "stray bytes behind the headers, without length": lambda p: part(b"junk\xff" + p, JPEG),
    "stray bytes that no length counts": lambda p: part(b"\0\0" + p, JPEG, length(p)),
    "stray bytes before the boundary": lambda p: b"\0\xfe\xff" + part(p, JPEG, length(p)),
    "stray words before the boundary": lambda p: part(p, JPEG, length(p), after="\r\njunk\r\nmore junk"),
    "stray bytes behind the boundary": lambda p: b"--cut\r\n\0\0" + part(p, JPEG, length(p), boundary=""),
    "nothing but pictures": lambda p: p,
    "pictures and newlines": lambda p: p + b"\r\n",
    "pictures and padding": lambda p: p + b"\0\0\0\0",
}
PREAMBLES = {"none": b"", "words": b"This is a multi-part message.\r\nDate: today\r\n\r\n", "newlines": b"\r\n\r\n"}

MOST_BYTES = 32 << 20


def fed(data: bytes, size: int) -> Callable[[], bytes]:
    """A response that comes in pieces of that many bytes."""
    pieces = iter([data[at : at + size] for at in range(0, len(data), size)])
    return lambda: next(pieces, b"")


def found(data: bytes, size: int = 1000, boundary: str = "cut") -> list[bytes]:
    return list(JpegParts(fed(data, size), boundary, "http://10.0.0.5/", MOST_BYTES))


@pytest.mark.parametrize("size", [1, 37, 1 << 16])
@pytest.mark.parametrize("manner", MANNERS)
def test_every_picture_is_found_whole_whatever_stands_around_it(manner: str, size: int):
    data = b"".join(MANNERS[manner](picture) for picture in PICTURES)
    assert found(data, size) == PICTURES


@pytest.mark.parametrize("boundary", ["cut", "--cut", '"cut"', "", "something else", "(.*"])
@pytest.mark.parametrize("preamble", PREAMBLES)
def test_a_preamble_and_what_the_boundary_is_said_to_be_do_not_matter(preamble: str, boundary: str):
    sound = part(BINARY, "Content-Type: audio/basic")
    data = PREAMBLES[preamble] + b"".join(sound + part(picture, JPEG) for picture in PICTURES)
    assert found(data, boundary=boundary) == PICTURES


@pytest.mark.parametrize("manner", sorted(set(MANNERS) - {"sound between", "sound without length", "text between"}))
def test_a_picture_is_there_with_its_last_byte(manner: str):
    """Not only when the next part begins, which would make it a frame old."""
    sent = MANNERS[manner](PICTURES[0])
    end = sent.index(PICTURES[0]) + len(PICTURES[0])
    waited: list[int] = []

    def read(pieces: Iterator[bytes] = iter([sent[:end], b""])) -> bytes:  # noqa: B008
        waited.append(1)
        return next(pieces)

    assert next(iter(JpegParts(read, "cut", "http://10.0.0.5/", MOST_BYTES))) == PICTURES[0]
    assert len(waited) == 1


@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.99])
def test_a_picture_that_is_cut_short_costs_no_other(kept: float, has_length: bool):
    cut = PICTURES[1][: int(kept * len(PICTURES[1]))]
    headers = [JPEG, length(cut)] if has_length else [JPEG]
    data = part(PICTURES[0], *headers[:1]) + part(cut, *headers) + part(PICTURES[2], JPEG)
    first, broken, last = found(data)
    assert (first, last) == (PICTURES[0], PICTURES[2])
    assert broken.rstrip() == cut.rstrip()


def test_a_picture_without_an_end_is_given_up():
    begun = iter([part(SMALL[:-2], JPEG)])
    with pytest.raises(StreamError, match="more than the 33554432 bytes") as caught:
        list(JpegParts(lambda: next(begun, b"\x55" * (1 << 20)), "cut", "http://10.0.0.5/", MOST_BYTES))
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        b"-" * 3_000_000,
        b"\r\n--" * 700_000,
        b"\xff\xd8" + b"-" * 3_000_000,
        b"\xff\xd8" + b"\n" * 9_000_000,
        b"X: y\r\n" * 500_000,
        b"X: y\r\n\r\n" + b"-cut" * 900_000,
        b"\xff\xd8" + b"\xff\xe0\0\2" * 300_000,
    ],
    ids=lambda data: repr(data[:9]),
)
def test_no_bytes_take_long_to_look_through(data: bytes):
    watch = Stopwatch()
    found(data, 1 << 16)
    assert watch.read() < 30, "where time grows with the square it is hours"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("Content-Type: image/png", "Content-Type: image/png"),
        ("content-transfer-encoding: base64", "Content-Transfer-Encoding: base64"),
    ],
)
def test_a_header_that_cannot_be_forgiven_is_named(header: str, says: str):
    with pytest.raises(StreamError, match=re.escape(f"not JPEG ({says})")):
        found(part(b"/9j/4AAQSkZJRg==", JPEG, header) * 3)


def test_parts_that_are_no_pictures_are_remembered():
    parts = JpegParts(fed(part(b"hello", "Content-Type: text/plain") * 9, 100), "cut", "http://10.0.0.5/", MOST_BYTES)
    assert list(parts) == []
    assert parts.skipped == "Content-Type: text/plain"


@given(
    st.lists(
        st.sampled_from([b"\r\n", b"--cut\r\n", b"Content-Length: 30\r\n", b"\xff\xd8\xff", b"\xff\xd9", SMALL, BINARY])
    )
)
def test_no_order_of_pieces_is_too_odd(pieces: list[bytes]):
    try:
        pictures = found(b"".join(pieces), 64)
    except StreamError:
        return
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)
