"""What an HTTP camera's answer is, by what its body begins with; its headers are often wrong."""

from __future__ import annotations

import re
from typing import Literal

from edge_app.capture.decode.jpeg import SOI

LONGEST_PREAMBLE = 512  # before the headers of the first part, where nothing else says that there are parts

PLAYLIST = re.compile(rb"#EXTM3U|(?:<\?xml[^>]{,200}>\s*)?<MPD\b")
PART_HEADER = re.compile(rb"^content-(?:type|length)[ \t]*:", re.IGNORECASE | re.MULTILINE)
BINARY = re.compile(rb"[^\t\r\n\x20-\x7e]")

Content = Literal["parts", "picture", "playlist", "other"]


def content_of(beginning: bytes) -> Content | None:
    r"""What the body is; None if that is too little to tell.

    >>> content_of(b"\r\n--cut\r\n"), content_of(b"cut\r\nContent-Type: image/jpeg\r\n"), content_of(b"\xff\xd8\xff")
    ('parts', 'parts', 'picture')
    >>> content_of(b"\x89PNG"), content_of(b"#EXTM3U"), content_of(b"cut\r\n")
    ('other', 'playlist', None)
    """
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
