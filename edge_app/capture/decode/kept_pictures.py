"""Looks at what a decoder is given and what it gives, so that it does not keep more pictures than a camera may have."""

from __future__ import annotations

from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from edge_app.capture.decode.parameter_sets import READERS, sequences
from edge_app.capture.decode.picture_budget import LARGE_PX, PictureBudget, TooLargeError, kept_by


class KeptPictures:
    """What one decoder keeps; all methods raise TooLargeError if it is too much.

    What H.264 and H.265 keep stands in their parameter sets, so it is known before a picture is decoded. A stream of
    H.265 need not keep to it, others do not say it: of large pictures each piece of memory that comes out is counted.
    """

    def __init__(self, context: VideoCodecContext, budget: PictureBudget) -> None:
        """Looks at what came with the stream."""
        self._context, self._budget, self._codec = context, budget, context.name
        self._otherwise = kept_by(context.name, intra_only=context.codec.intra_only)
        self._said: dict[tuple[int, int], int] = {}
        self._seen: set[int] = set()
        self._checked: tuple[object, ...] = ()
        if context.extradata and context.name in READERS:
            self._read(b"")

    def before(self, packet: Packet) -> None:  # type: ignore[type-arg]
        """Looks at a packet before it is decoded, where parameter sets may be or would matter."""
        if not self._checked and self._codec not in READERS:
            self.after([])  # what was found out when the stream was opened
        if self._codec in READERS and packet.size and (packet.is_keyframe or not self._checked or self._is_large):
            self._read(memoryview(packet))

    def after(self, frames: list[VideoFrame]) -> None:
        """Looks at what has become of it."""
        context = self._context
        size_wh, depth = (context.width, context.height), context.has_b_frames
        layout = size_wh, depth, self._form
        if layout != self._checked and self._form and all(size_wh):
            coded_wh = context.coded_width, context.coded_height
            kept = self._said.get(coded_wh, self._otherwise) + (depth if self._codec == "h264" else 0)
            self._budget.check(self._codec, coded_wh if all(coded_wh) else size_wh, self._pixel_bytes, kept)
            self._checked = layout
        if self._is_large and self._otherwise:
            self._seen |= {frame.planes[0].buffer_ptr for frame in frames if frame.planes}
            most = self._budget.most_pictures(self._codec, size_wh, self._pixel_bytes)
            if len(self._seen) > most:
                raise TooLargeError(f"of pictures of {size_wh[0]}x{size_wh[1]} the decoder keeps more than {most}")

    def _read(self, packet: bytes | memoryview) -> None:
        for said in sequences(self._codec, self._context.extradata, packet):
            kept = said.kept + (self._codec == "hevc")  # libav gives out a picture only after it has begun the next
            self._budget.check(self._codec, (said.width, said.height), said.pixel_bytes, kept)
            self._said[said.width, said.height] = kept

    @property
    def _form(self) -> str | None:
        """Of its pictures; `pix_fmt` of PyAV 17 ends the process where it is not known yet."""
        return self._context.format.name if self._context.format else None

    @property
    def _is_large(self) -> bool:
        return self._context.width * self._context.height > LARGE_PX

    @property
    def _pixel_bytes(self) -> float:
        """Of a pixel as it is decoded."""
        form = self._context.format
        return form.padded_bits_per_pixel / 8 if form and form.name != "cuda" else 1.5
