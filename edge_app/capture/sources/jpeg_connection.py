"""The frames of an HTTP response that holds JPEG pictures: one, or one after the other."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

import av
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from edge_app.capture.capture_time import Moment
from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.decode.stream_decoder import StreamDecoder
from edge_app.capture.packet_feed import PacketFeed
from edge_app.capture.sources.http_answer import HttpAnswer
from edge_app.capture.sources.jpeg_parts import JpegParts
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame
from edge_app.core.errors import Reason, StreamError
from edge_app.core.packets import PacketTap

BOUNDARY = re.compile(r'boundary\s*=\s*("[^"]*"|[^;,\s]*)', re.IGNORECASE)


@dataclass(frozen=True)
class JpegVideo:
    """What a decoder asks a stream for, of pictures that come without a container."""

    codec_context: VideoCodecContext = field(default_factory=lambda: CodecContext.create("mjpeg", "r"))
    average_rate: None = None


@dataclass(frozen=True)
class JpegConnection:
    """How the pictures of one camera become frames.

    Attributes:
        description: The camera's URL, without secrets.
        stall_timeout_s: A response fails after so long without a picture, or without one that can be decoded [s].
        decoders: Makes the decoder of each response.
    """

    description: str
    stall_timeout_s: float
    decoders: VideoDecoderFactory

    def frames(
        self,
        answer: HttpAnswer,
        stop: threading.Event,
        another_s: float | None = None,
        packets: PacketTap | None = None,
    ) -> Iterator[DecodedFrame]:
        """The frames of a response until `stop` is set; its end raises StreamError.

        With `another_s` it ends too if no other picture comes so soon after one [s]: not every server hangs up.
        """
        stream = cast(VideoStream, JpegVideo())
        with closing(StreamDecoder(stream, self.description, self.decoders, live=True)) as decoder:
            try:
                feed = PacketFeed(packets, decoder.codec, None, decoder.turn)
                yield from self._decoded(self._pictures(answer, stop, another_s), decoder, feed)
            except StreamError as error:
                raise BrokenOffError(error, decoder.broken()) from None

    def _decoded(self, pictures: Iterator[bytes], decoder: StreamDecoder, feed: PacketFeed) -> Iterator[DecodedFrame]:
        last_frame = monotonic()
        for jpeg in pictures:
            arrival = Moment.now().as_capture()
            packet = jpeg_packet(jpeg)
            feed.put(packet, wall=arrival.wall, timeline_s=arrival.mono)
            for frame in decoder.decode(packet):
                last_frame = monotonic()
                yield DecodedFrame(
                    time=arrival,
                    decode_s=decoder.decode_s,
                    convert=decoder.picture(frame),
                    broken=decoder.broken(),
                    codec=decoder.codec,
                    alone=decoder.is_large(frame),
                )
            if monotonic() - last_frame > self.stall_timeout_s:
                text = f"no picture that can be decoded for {self.stall_timeout_s:g} s"
                raise StreamError(Reason.DECODE_ERRORS, f"{self.description}: {text}")

    def _pictures(self, answer: HttpAnswer, stop: threading.Event, another_s: float | None) -> Iterator[bytes]:
        """The pictures as they come, until `stop` is set; the end of the response raises StreamError."""
        boundary = BOUNDARY.search(answer.headers.get("Content-Type", ""))
        parts = JpegParts(answer.read, boundary[1] if boundary else "", self.description, self.decoders.max_bytes)
        pictures, came = iter(parts), False
        while True:
            answer.wait_until(monotonic() + (another_s if came and another_s else self.stall_timeout_s))
            error = None
            try:
                picture = next(pictures, None)
            except OSError as caught:
                picture, error = None, type(caught)
            if stop.is_set():
                return
            if picture is None:
                reason, text = _why(error, came=came, may_wait=another_s is not None)
                saw = f"; what came instead had {parts.skipped}" if parts.skipped and not came else ""
                raise StreamError(reason, f"{self.description}: {text}{saw}")
            yield picture
            came = True


def _why(error: type[OSError] | None, *, came: bool, may_wait: bool) -> tuple[Reason, str]:
    """Why there is no other picture; None: the response ended."""
    late = error is not None and issubclass(error, TimeoutError)
    if error is None or (late and came and may_wait):
        return Reason.ENDED, "the camera ended the stream"
    if not late:
        return Reason.FAILED, "the connection broke"
    return (Reason.STALLED, "no more video") if came else (Reason.TIMEOUT, "no picture came in time")


def jpeg_packet(jpeg: bytes) -> av.Packet[VideoStream]:
    """A packet of its own memory, behind which libav may read."""
    packet = av.Packet(len(jpeg))
    packet.update(jpeg)
    packet.is_keyframe = True
    return packet  # type: ignore[return-value]
