"""What an HTTP camera's answer is, by what its body begins with; its headers are often wrong."""

from __future__ import annotations

import re
from typing import Literal

from edge_app.capture.decode.jpeg import SOI

LONGEST_PREAMBLE = 512  # before the headers of the first part, where nothing else says that there are parts

IMAGE = re.compile(rb"\x89PNG|BM|II\*\0|MM\0\*|RIFF....WEBP", re.DOTALL)  # which is no JPEG
PLAYLIST = re.compile(rb"#EXTM3U|(?:<\?xml[^>]{,200}>\s*)?<MPD\b")
PART_HEADER = re.compile(rb"^content-(?:type|length)[ \t]*:", re.IGNORECASE | re.MULTILINE)
BINARY = re.compile(rb"[^\t\r\n\x20-\x7e]")

LONGEST_HEAD = 64 * 1024  # of an MP4, before its pictures or its index
BOX_HEAD = 8  # bytes: its size and its type

Content = Literal["parts", "picture", "playlist", "mp4", "late index", "image", "other"]


def content_of(beginning: bytes) -> Content | None:
    r"""What the body is; None if that is too little to tell.

    >>> content_of(b"\r\n--cut\r\n"), content_of(b"cut\r\nContent-Type: image/jpeg\r\n"), content_of(b"\xff\xd8\xff")
    ('parts', 'parts', 'picture')
    >>> content_of(b"\x89PNG"), content_of(b"#EXTM3U"), content_of(b"cut\r\n")
    ('image', 'playlist', None)
    >>> content_of(b"\0\0\0\x0cftypisom\0\0\0\0mdat"), content_of(b"\0\0\0\x0cftypisom\0\0\0\0moov")
    ('late index', 'mp4')
    """
    if beginning[4:8] == b"ftyp":
        return _mp4(beginning)
    if IMAGE.match(beginning):
        return "image"
    body = beginning.lstrip(b"\r\n\t ")
    if body.startswith(SOI):
        return "picture"
    if PLAYLIST.match(body):
        return "playlist"
    text = BINARY.split(body[:LONGEST_PREAMBLE], maxsplit=1)[0]
    if body.startswith(b"--") or PART_HEADER.search(text):
        return "parts"
    undecided = body == SOI[:1] or len(text) == len(body) < LONGEST_PREAMBLE
    return None if undecided else "other"


def _mp4(beginning: bytes) -> Content | None:
    """Whether the pictures stand before the index; None if that is too little to tell (ISO 14496-12, 4.2)."""
    at = 0
    while at + BOX_HEAD <= len(beginning):
        size, kind = int.from_bytes(beginning[at : at + 4], "big"), beginning[at + 4 : at + BOX_HEAD]
        if kind == b"mdat":
            return "late index"
        if kind == b"moov" or size < BOX_HEAD:
            return "mp4"
        at += size
    return None if at < LONGEST_HEAD else "mp4"
