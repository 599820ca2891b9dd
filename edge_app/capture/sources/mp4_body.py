"""Bounds the index of an MP4 over HTTP: libav takes memory for every sample that is announced, and none need come."""

from __future__ import annotations

import re

from edge_app.capture.sources.libav_connection import Body, TooMuchError

MOST_SAMPLES = 2_000_000  # of all tracks; 36 bytes each for libav, and 22 hours at 25 fps
HEADER, LARGE_HEADER = 8, 16  # bytes of a box's size and type
LONGEST_FIELD = 16
# How many samples a track or a fragment has (ISO 14496-12, 8.7.3 and 8.8.8).
COUNT = re.compile(rb"(?:(?:stsz|stz2).{8}|trun.{4})(.{4})", re.DOTALL)
# What no camera writes and would hide them: the long form of such a box, and an index that is compressed.
HIDDEN = re.compile(rb"\x00\x00\x00\x01(?:stsz|stz2|trun)|cmov")


class Mp4Body:
    """What comes over a connection of ours, as `Body`; reading raises TooMuchError if its samples are too many."""

    def __init__(self, body: Body) -> None:
        self.wait_until, self.allow = body.wait_until, body.allow
        self._body, self._samples = body, 0
        self._ahead, self._tail = b"", b""  # not looked at, as it is cut: of a header, and within a box
        self._left, self._media = 0, False  # bytes of the box that is being read, and whether it holds pictures

    def read(self, size: int) -> bytes:
        """See `Body.read`."""
        if self._samples > MOST_SAMPLES:
            return b""  # after a failure libav reads on, and PyAV prints what is raised again
        data = self._body.read(size)
        self._ahead += data
        while self._ahead and (self._left or self._begin()):
            part, self._ahead = self._ahead[: self._left], self._ahead[self._left :]
            self._left -= len(part)
            if not self._media:
                self._look(part)
        return data

    def _begin(self) -> bool:
        """Begins the next box of the file; False if its header is not whole."""
        size, kind = int.from_bytes(self._ahead[:4], "big"), self._ahead[4:HEADER]
        if len(self._ahead) < (LARGE_HEADER if size == 1 else HEADER):
            return False
        if size <= 1:  # to the end, or a large one
            size = int.from_bytes(self._ahead[HEADER:LARGE_HEADER], "big") if size else 1 << 63
        self._left, self._media, self._tail = max(size, HEADER), kind == b"mdat", b""
        return True

    def _look(self, part: bytes) -> None:
        """Counts what is announced within a box, however deep."""
        text, end = self._tail + part, 0
        for found in COUNT.finditer(text):
            end = found.end()
            self._samples += int.from_bytes(found[1], "big")
        if HIDDEN.search(text):
            self._samples = MOST_SAMPLES + 1
        if self._samples > MOST_SAMPLES:
            raise TooMuchError(f"an index of more than {MOST_SAMPLES} samples, or a hidden one")
        self._tail = text[max(end, len(text) - LONGEST_FIELD + 1) :]
