"""The pictures of an MJPEG stream, as cameras send it: what begins like a JPEG picture is one, the rest is forgiven."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from edge_app.capture.decode.jpeg import SOI, CutPictureError, PictureEnd
from edge_app.core.errors import Reason, StreamError

LONGEST_LINE = 1 << 16
MOST_HEADERS = 100  # of a part
MOST_STRANGE = 3  # parts in a row that say that they are pictures, and cannot be decoded
LONGEST_BOUNDARY = 100
KEPT_BACK = 256  # of what is skipped: the delimiter may be cut there
MOST_STRAY = 64  # bytes between the headers of a part and its picture

BEGIN = SOI + b"\xff"  # of a picture, and of the marker behind that
HEADER = re.compile(rb"([\w!#$%&'*+.^`|~-]+)[ \t]*:[ \t]*(.*)")
LINE_END = re.compile(rb"\n|(?=\xff\xd8\xff)")
ANY_DELIMITER = re.compile(rb"\r?\n--[^\r\n]{1,100}\r?\n")


def delimiter(boundary: bytes) -> re.Pattern[bytes]:
    """The line between two parts, with or without dashes, and also where no line ends before it."""
    # Bounded: otherwise a camera that sends nothing but dashes would take all the time there is.
    return re.compile(rb"\r?(?:\n|--)-{0,8}" + re.escape(boundary) + rb"-{0,8}[ \t]{0,8}\r?\n")


class JpegParts:
    """Takes the pictures out of a response: out of parts, or one after the other without any.

    A picture ends where its own markers say so, hence as soon as its last byte is there; one that is cut short ends at
    the next delimiter. `Content-Length` is believed where it leads to a delimiter or past what follows a picture.

    Attributes:
        skipped: The header of the last part that was no picture; empty if all were.
    """

    def __init__(self, read: Callable[[], bytes], boundary: str, description: str, max_bytes: int) -> None:
        """Reads from `read`, which returns nothing at the end, pictures of at most so many bytes.

        `boundary` may be empty or wrong.
        """
        self._read, self._description, self._max_bytes = read, description, max_bytes
        self._data, self._boundary, self._delimiter = bytearray(), b"", ANY_DELIMITER
        self._learn(boundary.encode("latin-1", "replace"))
        self._strange = 0
        self.skipped = ""

    def __iter__(self) -> Iterator[bytes]:
        """The pictures, whole or cut short.

        Raises:
            StreamError: There is a picture without end, or parts are pictures that cannot be decoded here.
            Exception: Whatever `read` raises.
        """
        while (headers := self._headers()) is not None:
            length = headers.get("content-length", "")
            left = int(length) if length.isdecimal() and len(length) < 12 else None
            left = self._to_picture(headers, left)
            if self._data.startswith(SOI):
                end = self._end(left)
                picture = bytes(memoryview(self._data)[:end])
                del self._data[:end]
                self._strange = 0
                yield picture
                left = max(0, left - end) if left is not None else 0
            else:
                self._note(headers)
            self._skip(left)

    def _headers(self) -> dict[str, str] | None:
        """Goes to what follows the headers of a part; None at the end."""
        headers: dict[str, str] = {}
        complete = False
        while self._has(len(SOI)):
            text_ahead = self._data[0] in b"\r\n" or self._data.startswith(b"--")
            if self._data.startswith(SOI) or (complete and not text_ahead):
                return headers
            line = self._line().strip()
            if line.startswith(b"--"):
                self._learn(line)
                headers, complete = {}, False
            elif not line:
                complete = bool(headers)
            elif (header := HEADER.match(line)) and len(headers) < MOST_HEADERS:
                headers[header[1].decode().lower()] = header[2].decode("latin-1")
        return None

    def _to_picture(self, headers: dict[str, str], left: int | None) -> int | None:
        """Passes over a few stray bytes before the picture of a part; how many bytes of the part are left."""
        if self._data.startswith(SOI) or not _may_be_picture(headers):
            return left
        self._has(MOST_STRAY)
        stray = self._data.find(BEGIN, 0, MOST_STRAY)
        if stray < 0 or self._delimiter.search(self._data, 0, stray):
            return left
        del self._data[:stray]
        return left if left is None else max(0, left - stray)

    def _line(self) -> bytes:
        """The next line; without its end if it is too long, or a picture begins in it."""
        searched = 0
        while not (found := LINE_END.search(self._data, searched)) and len(self._data) < LONGEST_LINE:
            searched = max(0, len(self._data) - len(SOI))
            if not self._more():
                break
        end = found.end() if found else len(self._data)
        line = bytes(self._data[:end])
        del self._data[:end]
        return line

    def _learn(self, line: bytes) -> None:
        """Remembers what the boundary really is."""
        boundary = line.strip(b'"- \t')[:LONGEST_BOUNDARY]
        if boundary and boundary != self._boundary:
            self._boundary, self._delimiter = boundary, delimiter(boundary)

    def _end(self, length: int | None) -> int:
        """How many bytes of the buffer, which it fills, are the picture."""
        picture = PictureEnd()
        try:
            while (end := picture.find(self._data)) is None:
                if length and self._delimiter.match(self._data, length):
                    return length
                if not self._more():
                    return len(self._data)
        except CutPictureError as cut:
            return self._cut(cut.begins)
        return end

    def _cut(self, next_picture: int | None) -> int:
        """Where a picture ends that is not whole: at the delimiter, or where the next picture begins."""
        searched = len(SOI)
        while not (found := self._delimiter.search(self._data, searched)):
            searched = max(searched, len(self._data) - KEPT_BACK)
            if next_picture or not self._more():
                return next_picture or len(self._data)
        return found.start()

    def _skip(self, length: int | None) -> None:
        """Skips so many bytes, but no delimiter; None: up to the delimiter."""
        left = length
        while left is None or left > 0:
            window = len(self._data) if left is None else min(left, len(self._data))
            if found := self._delimiter.search(self._data, 0, window):
                del self._data[: found.start()]
                return
            whole = left is not None and left <= len(self._data)
            gone = window if whole else max(0, window - KEPT_BACK)
            del self._data[:gone]
            left = None if left is None else left - gone
            if not whole and not self._more():
                return

    def _note(self, headers: dict[str, str]) -> None:
        """Notes a part that is no picture; raises StreamError if it should have been one, again and again."""
        name = next(
            (name for name in ("content-transfer-encoding", "content-encoding") if name in headers), "content-type"
        )
        shown = "".join(filter(str.isprintable, headers.get(name, "none")))[:80]
        self.skipped = f"{name.title()}: {shown}"
        self._strange += name != "content-type" or _may_be_picture(headers)
        if self._strange >= MOST_STRANGE:
            text = f"what it sends is not JPEG ({self.skipped}); want MJPEG, or a URL of another stream"
            raise StreamError(Reason.FAILED, f"{self._description}: {text}")

    def _has(self, size: int) -> bool:
        while len(self._data) < size:
            if not self._more():
                return False
        return True

    def _more(self) -> bool:
        """Whether more bytes came."""
        if len(self._data) > self._max_bytes:
            most = f"{self._max_bytes} bytes that max_picture_px allows"
            raise StreamError(Reason.TOO_LARGE, f"{self._description}: a picture of more than the {most}")
        data = self._read()
        self._data += data
        return bool(data)


def _may_be_picture(headers: dict[str, str]) -> bool:
    return headers.get("content-type", "image/").lower().startswith("image/")
