"""Packets of libav to frames, and frames to BGR when somebody asks for them."""

from __future__ import annotations

import threading
import time
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from edge_app.capture.failures import LIBAV
from edge_app.capture.interlace import Deinterlacer
from edge_app.errors import Reason, StreamError
from edge_app.frames import Picture

# At 25 fps 6 s: longer than most cameras take from one key frame to the next, which heals what loss has broken.
MOST_BROKEN_IN_A_ROW = 150


def lenient() -> dict[str, Any]:
    """Arguments of `av.open` that let titles be in any encoding; PyAV 19 needs none, those before raise."""
    return {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}


def video_stream(container: av.container.InputContainer, describe: str) -> VideoStream:
    """The first video of an open container."""
    if not container.streams.video:
        raise StreamError(Reason.CODEC, f"{describe}: there is no video in it")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise StreamError(Reason.CODEC, f"{describe}: libav has no decoder for its video")
    return stream


def pixels(frame: VideoFrame) -> NDArray[np.uint8]:
    """The pixels of a bgr24 frame, uint8 (height, width, 3), C-contiguous: its own memory where rows are not padded."""
    plane = frame.planes[0]
    if plane.line_size != 3 * frame.width:
        return np.asarray(frame.to_ndarray(), np.uint8)
    return np.frombuffer(memoryview(plane), np.uint8, 3 * frame.width * frame.height).reshape(
        frame.height, frame.width, 3
    )


class Decoder:
    """Decodes the packets of one attempt and counts what cannot be decoded."""

    def __init__(self, stream: VideoStream, describe: str, *, drop_corrupt: bool) -> None:
        """Takes the stream's packets; frames that the decoder itself calls corrupt can be dropped too."""
        self.codec = stream.codec_context.name
        self.fps = float(stream.average_rate) if stream.average_rate else None
        if self.codec == "mjpeg":  # else libav makes half a picture up, and says nothing
            stream.codec_context.options = {"err_detect": "explode"}
        self.decode_s = 0.0
        self._describe = describe
        self._drop_corrupt = drop_corrupt
        self._broken = 0
        self._in_a_row = 0
        self._deinterlacer = Deinterlacer()
        self._reformatter = VideoReformatter()
        self._lock = threading.Lock()

    def decode(self, packet: av.Packet[VideoStream]) -> list[VideoFrame]:
        """The frames that are ready after this packet, whole ones; `decode_s` is the time each took [s].

        An empty packet, which ends a stream, brings out those that the decoder still holds.

        Raises:
            StreamError: Too many in a row were broken.
        """
        began = time.monotonic()
        try:
            decoded = packet.decode()
            sound = [frame for frame in decoded if not (self._drop_corrupt and frame.is_corrupt)]
            frames = self._deinterlaced(sound, ended=not packet.size)
        except LIBAV:
            frames, broken = [], 1
        else:
            broken = len(decoded) - len(sound)
        self.decode_s = (time.monotonic() - began) / max(1, len(frames))
        self._broken += broken
        self._in_a_row = 0 if frames else self._in_a_row + broken
        if self._in_a_row >= MOST_BROKEN_IN_A_ROW:
            raise StreamError(Reason.DECODE_ERRORS, f"{self._describe}: {self._in_a_row} broken frames in a row")
        return frames

    def _deinterlaced(self, frames: list[VideoFrame], *, ended: bool) -> list[VideoFrame]:
        ready = [ready for frame in frames for ready in self._deinterlacer.take(frame)]
        return ready + self._deinterlacer.flush() if ended else ready

    def broken(self) -> int:
        """Frames lost since this was last asked."""
        broken, self._broken = self._broken, 0
        return broken

    def convert(self, frame: VideoFrame) -> Picture:
        """The frame's pixels; the same as its own `to_ndarray(format="bgr24")`.

        One scaler serves all frames of the attempt: libav would set up a new one for each.
        """
        failure: StreamError
        try:
            with self._lock:
                bgr = self._reformatter.reformat(frame, format="bgr24")
            return Picture.from_bgr(pixels(bgr))
        except LIBAV as error:
            kind = type(error).__name__
            failure = StreamError(Reason.CODEC, f"{self._describe}: a frame cannot be converted ({kind})")
        raise failure
