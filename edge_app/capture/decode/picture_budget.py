"""How large the pictures of one camera may be: their pixels, and the memory of all that exist at the same time."""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_PX = 8192 * 4320
SMALL_BYTES = 4 << 20  # of a coded picture that is never too large; a larger one has no more bytes than pixels
MOST_BYTES = 256 << 20  # of all pictures of a camera, and in proportion where `max_picture_px` is more than the default
LARGE_PX = 4096 * 2304  # above, nothing else is in work while a picture is converted and analysed
SIDE_BY_SIDE = 2  # pictures more that exist, decoded and in BGR, where others are in work
BGR_BYTES = 3

# Pictures that libav keeps for others to refer to, where the stream does not say it or need not keep to it.
KEPT = {"h264": 16, "hevc": 16, "vvc": 16, "vp9": 8, "libdav1d": 8, "av1": 8, "vp8": 3, "png": 1, "ffv1": 1}
KEPT_BY_OTHERS = 2
# What libav notes of each pixel for the pictures that refer to it: motion.
MOTION_BYTES = {"h264": 0.55, "hevc": 0.75, "vvc": 0.75, "vp9": 0.3}


class TooLargeError(Exception):
    """A picture is larger than may be decoded; the text says what is more than what, if that is known."""


@dataclass(frozen=True, slots=True)
class PictureBudget:
    """What the pictures of one camera may take.

    Attributes:
        max_px: Pixels of the largest one.
        converted: Whether they are converted to BGR on the host.
        turned: Whether they are turned then.
    """

    max_px: int = LARGEST_PX
    converted: bool = True
    turned: bool = False

    @property
    def most_bytes(self) -> int:
        """Of all pictures that exist at the same time."""
        return max(MOST_BYTES, MOST_BYTES * self.max_px // LARGEST_PX)

    def check_size(self, width: int, height: int) -> None:
        """Raises TooLargeError if a picture has too many pixels."""
        if width * height > self.max_px:
            raise TooLargeError(f"{width}x{height} is more than the {self.max_px} pixels of max_picture_px")

    def check(
        self, codec: str, size_wh: tuple[int, int], pixel_bytes: float, kept: int, *, turned: bool = False
    ) -> None:
        """Raises TooLargeError if pictures of that size take too much together.

        Args:
            codec: libav's name of it.
            size_wh: Columns and rows [px].
            pixel_bytes: Of one pixel, decoded.
            kept: Pictures that the decoder keeps, besides the one that it decodes.
            turned: Whether they are turned, also if the configuration does not say so.
        """
        width, height = size_wh
        picture, bgr = self._each(codec, width * height, pixel_bytes, turned=turned)
        more = 0 if width * height > LARGE_PX else SIDE_BY_SIDE
        needed = (max(kept, 1) + 1 + more) * picture + (1 + more) * bgr  # one waits, or is converted
        if needed > self.most_bytes:
            most = -(-needed * LARGEST_PX // MOST_BYTES)
            kept_too = f", of which the decoder keeps {kept}," if kept else ""
            taken = f"pictures of {width}x{height}{kept_too} take {needed / 1e6:.0f} MB"
            allowed = f"max_picture_px allows {self.most_bytes / 1e6:.0f} MB, and with {most:.0f} as much"
            raise TooLargeError(f"{taken}; {allowed}")

    def most_pictures(self, codec: str, size_wh: tuple[int, int], pixel_bytes: float) -> int:
        """How many of a decoder may exist at the same time, of which one waits and another is converted."""
        picture, bgr = self._each(codec, size_wh[0] * size_wh[1], pixel_bytes, turned=False)
        return int((self.most_bytes - bgr) // picture) + 2

    def _each(self, codec: str, px: int, pixel_bytes: float, *, turned: bool) -> tuple[float, float]:
        """What one decoded picture takes, and its copies in BGR [bytes]."""
        copies = self.converted + (turned or self.turned)
        return px * (pixel_bytes + MOTION_BYTES.get(codec, 0.0)), px * BGR_BYTES * copies


def kept_by(codec: str, *, intra_only: bool) -> int:
    """How many pictures libav may keep of a codec whose stream does not say it."""
    return 0 if intra_only else KEPT.get(codec, KEPT_BY_OTHERS)
