"""Bounds the index of an MP4 over HTTP: libav takes memory for every sample and fragment that is announced."""

from __future__ import annotations

import re

from edge_app.capture.sources.libav_connection import Body, TooMuchError

MOST_SAMPLES = 2_000_000  # of all tracks, 22 hours at 25 fps; a fragment counts as several
HEADER, LARGE_HEADER = 8, 16  # bytes of a box's size and type
LONGEST_FIELD = 36
# How many samples a track or a fragment has, and how many fragments there are (ISO 14496-12, 8.7.3, 8.8.8, 8.16.3).
COUNT = re.compile(
    rb"(?:(?:stsz|stz2).{8}|trun.{4})(?P<samples>.{4})"
    rb"|sidx(?:\x00.{21}|[^\x00].{29})(?P<fragments>..)"
    rb"|(?P<fragment>moof)|(?P<track>trak)",
    re.DOTALL,
)
SAMPLE_BYTES, FRAGMENT_BYTES, FRAGMENT_TRACK_BYTES = 36, 48, 64  # what libav takes for each, and each track of one
# What no camera writes and would hide them: the long form of such a box, and an index that is compressed.
HIDDEN = re.compile(rb"\x00\x00\x00\x01(?:stsz|stz2|trun)|cmov")


class Mp4Body:
    """What comes over a connection of ours, as `Body`; reading raises TooMuchError if its samples are too many."""

    def __init__(self, body: Body) -> None:
        self.wait_until, self.allow = body.wait_until, body.allow
        self._body, self._samples, self._tracks = body, 0.0, 0
        self._ahead, self._tail = b"", b""  # not looked at, as it is cut: of a header, and of what is announced
        self._left, self._media = 0, False  # bytes of the box that is being read, and whether it holds pictures

    def read(self, size: int) -> bytes:
        """See `Body.read`."""
        if self._samples > MOST_SAMPLES:
            return b""  # after a failure libav reads on, and PyAV prints what is raised again
        data = self._body.read(size)
        ahead, at, looked_at = self._ahead + data, 0, bytearray()
        while at < len(ahead) and (self._left or self._begin(ahead[at : at + LARGE_HEADER])):
            part = ahead[at : at + self._left]
            at, self._left = at + len(part), self._left - len(part)
            if not self._media:
                looked_at += part
        self._ahead = ahead[at:]
        self._look(bytes(looked_at))
        return data

    def _begin(self, header: bytes) -> bool:
        """Begins the next box of the file; False if its header is not whole."""
        size, kind = int.from_bytes(header[:4], "big"), header[4:HEADER]
        if len(header) < (LARGE_HEADER if size == 1 else HEADER):
            return False
        if size <= 1:  # to the end, or a large one
            size = int.from_bytes(header[HEADER:], "big") if size else 1 << 63
        self._left, self._media = max(size, HEADER), kind == b"mdat"
        return True

    def _look(self, part: bytes) -> None:
        """Counts what is announced within boxes, however deep."""
        text, end = self._tail + part, 0
        for found in COUNT.finditer(text):
            end = found.end()
            self._count(found)
        if HIDDEN.search(text):
            self._samples = MOST_SAMPLES + 1
        if self._samples > MOST_SAMPLES:
            raise TooMuchError(f"an index of more than {MOST_SAMPLES} samples and fragments, or a hidden one")
        self._tail = text[max(end, len(text) - LONGEST_FIELD + 1) :]

    def _count(self, found: re.Match[bytes]) -> None:
        """Counts what a box announces, a fragment as the samples for which libav would take as much memory."""
        self._tracks += found["track"] is not None
        self._samples += int.from_bytes(found["samples"] or b"", "big")
        fragments = int.from_bytes(found["fragments"] or b"", "big") + (found["fragment"] is not None)
        each = FRAGMENT_BYTES + FRAGMENT_TRACK_BYTES * max(1, self._tracks)
        self._samples += fragments * each / SAMPLE_BYTES
