"""The structure of a JPEG picture: where it ends while its bytes still arrive, and how it has to be turned.

After ITU-T T.81, annex B, and for the orientation Exif 2.3, section 4.6.
"""

from __future__ import annotations

import re
import struct

SOI = b"\xff\xd8"
_END, _START, _SCAN, _APP1 = 0xD9, 0xD8, 0xDA, 0xE1
# What can follow coded pixels (an FF among these is followed by 00): tables, another scan, a comment, an end.
_AFTER_SCAN = re.compile(rb"\xff[\xc4\xd8-\xdd\xe0-\xef\xfe]")
_ORIENTATION = 0x0112
_SHORT = 3


class CutPictureError(Exception):
    """A picture is not whole; `begins` is where the next one begins, if that is why."""

    def __init__(self, begins: int | None = None) -> None:
        super().__init__("the picture is not whole")
        self.begins = begins


class PictureEnd:
    """Finds the end of the picture at the beginning of a buffer that grows; a thumbnail inside does not end it."""

    def __init__(self) -> None:
        self._at, self._scanning = len(SOI), False

    def find(self, data: bytearray) -> int | None:
        """How many bytes the picture has; None: its end has not come yet. Goes on where it was.

        Raises:
            CutPictureError: It cannot have an end.
        """
        while (at := self._marker(data)) is not None:
            kind = data[at + 1]
            if kind == _END:
                return at + 2
            if kind == _START:
                raise CutPictureError(at)
            if len(data) < at + 4:
                break
            self._at = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            self._scanning = self._scanning or kind == _SCAN
        return None

    def _marker(self, data: bytearray) -> int | None:
        """Where the next marker is; None if it has not come yet."""
        if self._scanning:
            if found := _AFTER_SCAN.search(data, self._at):
                return found.start()
            self._at = max(self._at, len(data) - 1)
            return None
        while len(data) >= self._at + 2:
            if data[self._at] != SOI[0]:
                raise CutPictureError
            if data[self._at + 1] != SOI[0]:
                return self._at
            self._at += 1  # any number of FF may stand before a marker
        return None


def exif_orientation(jpeg: memoryview) -> int:
    """The orientation in the Exif of a picture, 1 to 8; 1, which is upright, if it says none."""
    at = len(SOI)
    while at + 4 <= len(jpeg) and jpeg[at] == SOI[0] and jpeg[at + 1] not in (_SCAN, _END):
        size = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] == _APP1 and bytes(jpeg[at + 4 : at + 10]) == b"Exif\0\0":
            return _from_exif(bytes(jpeg[at + 10 : at + 2 + size]))
        at += 2 + size
    return 1


def _from_exif(tiff: bytes) -> int:
    """What the first directory of a TIFF says of the orientation."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for at in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, at)
            if (tag, kind, count) == (_ORIENTATION, _SHORT, 1):
                return value if 1 <= value <= 8 else 1
    except struct.error:  # it is cut, or of no known byte order
        return 1
    return 1
