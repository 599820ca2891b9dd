"""Decodes one attempt's packets to frames, and converts a frame to a picture on demand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import av
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_app.capture.decode.conversion import Converter
from edge_app.capture.decode.deinterlacer import Deinterlacer
from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.decode.jpeg import exif_orientation
from edge_app.capture.decode.orientation import UPRIGHT, FrameOrientation
from edge_app.capture.decode.picture_budget import LARGE_PX, TooLargeError
from edge_app.capture.decode.unconverted import Unconverted
from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Picture
from edge_app.core.packets import Turn

# 6 s at 25 fps: longer than most cameras' interval of key frames, after which decoding recovers from lost packets.
MOST_BROKEN_IN_A_ROW = 150
# A playlist that is being written ends where it ends now: libav would wait for more for ever.
WHOLE_PLAYLIST = {"max_reload": "1", "live_start_index": "0"}


def lenient() -> dict[str, Any]:
    """Arguments of `av.open` that accept titles in any encoding, for which PyAV before 19 raises, and any playlist."""
    titles = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
    return titles | {"container_options": WHOLE_PLAYLIST}


def video_streams(container: av.container.InputContainer, description: str) -> list[VideoStream]:
    """The video streams of an open container that can be decoded; raises StreamError if there is none."""
    if not container.streams.video:
        raise StreamError(Reason.CODEC, f"{description}: there is no video in it")
    streams = [stream for stream in container.streams.video if stream.codec_context is not None]
    if not streams:
        raise StreamError(Reason.CODEC, f"{description}: libav has no decoder for its video")
    return streams


def packets_of(container: av.container.InputContainer) -> Iterator[av.Packet[Stream]]:
    """The packets of all tracks, and an empty one of each at the end; raises what libav raises.

    Tracks may appear while it is read. At the end PyAV looks for all that there are now in a list of those that were
    there at first, which raises IndexError; by then the first ones have been flushed.
    """
    with suppress(IndexError):
        yield from container.demux()


def video_stream(container: av.container.InputContainer, description: str) -> VideoStream:
    """The first video stream of an open file; raises StreamError if there is none, or it cannot be decoded."""
    if container.streams.video and container.streams.video[0].codec_context is None:
        raise StreamError(Reason.CODEC, f"{description}: libav has no decoder for its video")
    return video_streams(container, description)[0]


class StreamDecoder:
    """Decodes the packets of one attempt and counts what cannot be decoded."""

    def __init__(
        self,
        stream: VideoStream,
        description: str,
        decoders: VideoDecoderFactory,
        *,
        live: bool,
        orientation: int = UPRIGHT,
    ) -> None:
        """Takes the stream's packets.

        Args:
            stream: What they come from.
            description: Its URL or path, without secrets.
            decoders: Makes the decoder.
            live: Whether frames that the decoder marks as corrupt are dropped too.
            orientation: Of frames that do not say theirs, in Exif's numbers.
        """
        self.codec = stream.codec_context.name
        self.fps = float(stream.average_rate) if stream.average_rate else None
        self.decode_s, self.turn = 0.0, Turn()
        self._decoder, self._live = decoders.decoder(stream, live=live), live
        self._budget, self._converter = decoders.budget, Converter(planes=decoders.planes)
        self._unconverted = Unconverted()
        self._description = description
        self._broken = 0
        self._in_a_row = 0
        self._deinterlacer = Deinterlacer()
        self._orientation, self._in_exif, self._in_frames = orientation, UPRIGHT, FrameOrientation()

    def decode(self, packet: av.Packet[VideoStream]) -> list[VideoFrame]:
        """The frames that are ready after this packet, deinterlaced; `decode_s` is the time that each took [s].

        An empty packet, which ends a stream, flushes those that the decoder still holds.

        Raises:
            StreamError: A picture is too large, too many in a row of a live stream were broken, or the decoder gave up.
        """
        self._unconverted.wait()
        began, ended = time.monotonic(), not packet.size
        if self.codec == "mjpeg" and not ended:  # libav before version 8 does not read it
            self._in_exif = exif_orientation(memoryview(packet))
        try:
            decoded = self._decoder.decode(packet)
            frames = self._deinterlaced([frame for frame in decoded if frame], ended=ended)
        except TooLargeError as error:
            raise StreamError(Reason.TOO_LARGE, f"{self._description}: {error}") from None
        except LIBAV_ERRORS:
            frames, broken = [], 1
        else:
            broken = decoded.count(None)
        self.decode_s = (time.monotonic() - began) / max(1, len(frames))
        self._broken += broken
        self._in_a_row = 0 if frames else self._in_a_row + broken
        if self._live and self._in_a_row >= MOST_BROKEN_IN_A_ROW:
            raise StreamError(Reason.DECODE_ERRORS, f"{self._description}: {self._in_a_row} broken frames in a row")
        return frames

    def _deinterlaced(self, frames: list[VideoFrame], *, ended: bool) -> list[VideoFrame]:
        ready = [ready for frame in frames for ready in self._deinterlacer.take(frame)]
        return ready + self._deinterlacer.flush() if ended else ready

    def broken(self) -> int:
        """How many frames could not be decoded since the last call."""
        broken, self._broken = self._broken, 0
        return broken

    def picture(self, frame: VideoFrame) -> Callable[[], Picture]:
        """What makes the frame's upright picture, from any thread; it raises StreamError if that is not possible.

        To be called in the order of the frames.

        Raises:
            StreamError: It is too large to be turned.
        """
        said = self._in_exif, self._in_frames.of(frame), self._orientation
        orientation = self.turn.orientation = next((each for each in said if each != UPRIGHT), UPRIGHT)
        if self._live and orientation != UPRIGHT:
            self._check_turned(frame)
        convert = partial(self._convert, frame, orientation)
        if self._live and self.is_large(frame):
            self._unconverted.add(convert)
        return convert

    def is_large(self, frame: VideoFrame) -> bool:
        """Whether a large picture is made of the frame, in memory of its own."""
        return self._budget.converted and frame.width * frame.height > LARGE_PX

    def _check_turned(self, frame: VideoFrame) -> None:
        try:
            size_wh, pixel_bytes = (frame.width, frame.height), frame.format.padded_bits_per_pixel / 8
            self._budget.check(self.codec, size_wh, pixel_bytes, 0, turned=True)
        except TooLargeError as error:
            raise StreamError(Reason.TOO_LARGE, f"{self._description}: turned, {error}") from None

    def _convert(self, frame: VideoFrame, orientation: int) -> Picture:
        failure: StreamError
        try:
            return self._converter(frame, orientation)
        except LIBAV_ERRORS as error:
            kind = type(error).__name__
            failure = StreamError(Reason.CODEC, f"{self._description}: a frame cannot be converted ({kind})")
        raise failure

    def close(self) -> None:
        """Ends the decoder; its frames can still be converted."""
        self._decoder.close()
