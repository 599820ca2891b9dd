"""Video that is encoded for clips: of sources without H.264 or H.265, and where something is not to be seen."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from edge_app.capture import converted
from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.decode.stream_decoder import StreamDecoder
from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.capture.reorder_times import PacketTimes
from edge_app.core.colour import to_bgr
from edge_app.core.errors import StreamError
from edge_app.core.frames import CaptureTime
from edge_app.core.packets import CodedPacket, CodedStream
from edge_app.core.rate_limiter import RateLimiter
from edge_app.evidence.clips.packet_ring import PacketReader, PacketRing
from edge_app.evidence.clips.pictures import fitted
from edge_app.evidence.privacy import Pixels, PrivacyMask
from edge_app.remux.segments import HeldPacket, Segment
from edge_app.remux.timestamps import CLOCK, TIME_BASE

MOST_FPS = 15.0  # more costs CPU that the analysis needs
MOST_PX = 1920 * 1080
KEY_S = 1.0  # between key frames
AT_ONCE = 8  # packets; between them, other cameras and clips get their turn
# One thread, which has low priority; every picture comes out as soon as it went in.
X264 = {"preset": "superfast", "tune": "zerolatency", "crf": "23", "forced-idr": "1", "threads": "1"}


@dataclass(frozen=True)
class CodedVideo:
    """What a decoder asks a stream for."""

    codec_context: VideoCodecContext
    average_rate: Fraction | None = None


class Encoding:
    """Decodes a camera's packets, hides what nobody is to see, and encodes what is left into another ring.

    One for all clips of a camera at a time, however many events there are.

    Attributes:
        ring: What it has encoded.
        mask: What nobody is to see in it.
    """

    def __init__(
        self,
        reader: PacketReader,
        ring: PacketRing,
        start_s: float,
        camera: str,
        rotate: int,
        mask: PrivacyMask,
    ) -> None:
        """Encodes nothing yet.

        Args:
            reader: Of the camera's ring, from where the first clip begins.
            ring: Gets what is encoded.
            start_s: From where on it is wanted [s, timeline].
            camera: The camera's name.
            rotate: Degrees clockwise by which its pictures are turned.
            mask: What nobody is to see.
        """
        self.ring, self.mask = ring, mask
        self._start_s, self._begun = start_s, False
        self._reader, self._camera, self._rotate = reader, camera, rotate
        self._segment: Segment | None = None
        self._decoder: StreamDecoder | None = None
        self._times = PacketTimes()
        self._limiter = RateLimiter(MOST_FPS)
        self._encoder: H264Encoder | None = None

    def step(self) -> bool:
        """Does a part of what there is to do; whether there was any."""
        ended = (
            self._segment.ended if self._segment is not None else ""
        )  # before reading: else more may have come since
        found = self._reader.read(AT_ONCE)
        for held in found:
            self._take(held)
        if self._reader.lost:
            self._reader.lost = False
            self._end("the encoder was too slow")
        elif not found and ended:
            self._end(ended)
        return bool(found)

    def reaches(self, start_s: float) -> bool:
        """Whether what it encodes begins, and still begins, no later than that [s, timeline]."""
        return self.ring.reaches(start_s) if self._begun else self._start_s <= start_s

    def close(self) -> None:
        """Encodes no more."""
        self._reader.close()
        self._end("")
        self.ring.close()

    def _take(self, held: HeldPacket) -> None:
        if held.segment is not self._segment:
            if self._segment is not None:
                self._end(self._segment.ended or "the video has other parameters")
            self._segment, self._times, self._decoder = held.segment, PacketTimes(), None
        packet = held.packet
        decoder = self._decoder = self._decoder or _decoder_of(packet.stream, self._camera)
        time = CaptureTime(wall=packet.wall, mono=packet.timeline_s, source="arrival")
        self._times.add(packet.packet, time)
        try:
            frames = decoder.decode(packet.packet)
        except StreamError:
            return
        for frame in frames:
            self._encode(decoder, frame, self._times.of(frame))

    def _encode(self, decoder: StreamDecoder, frame: VideoFrame, time: CaptureTime) -> None:
        picture = decoder.picture(frame)  # of every frame, as they have to come in their order
        if not self._limiter.keeps(time.mono):
            return
        try:
            pixels = self.mask.hide(fitted(to_bgr(converted(picture, self._rotate)), MOST_PX))
            if self._encoder is None or self._encoder.size_wh != (pixels.shape[1], pixels.shape[0]):
                self._end("the picture has another size")
                self._encoder = H264Encoder(pixels.shape[1], pixels.shape[0])
            for packet in self._encoder.encode(pixels, time):
                self.ring.add(packet)
                self._begun = True
        except (StreamError, *LIBAV_ERRORS):
            self._end("the encoder failed")

    def _end(self, why: str) -> None:
        """What comes next is a part of another segment."""
        if self._encoder is not None:
            self.ring.end(why)
            self._encoder = None


class H264Encoder:
    """Encodes BGR pictures of one size, which are even, with a key frame a second.

    Attributes:
        size_wh: Of the pictures [px].
    """

    def __init__(self, width: int, height: int) -> None:
        self.size_wh = width, height
        self._stream = CodedStream(codec="h264")
        self._context = CodecContext.create("libx264", "w")
        self._context.width, self._context.height, self._context.pix_fmt = width, height, "yuv420p"
        self._context.time_base, self._context.framerate = TIME_BASE, Fraction(round(MOST_FPS))
        self._context.options = dict(X264)
        self._first_s: float | None = None
        self._key_s, self._last = -1.0, -1

    def encode(self, pixels: Pixels, time: CaptureTime) -> list[CodedPacket]:
        """The packets of a picture that was taken then; raises one of `LIBAV_ERRORS`."""
        self._first_s = time.mono if self._first_s is None else self._first_s
        frame = VideoFrame.from_ndarray(pixels, format="bgr24")
        frame.pts = self._last = max(self._last + 1, round((time.mono - self._first_s) * CLOCK))
        frame.time_base = TIME_BASE
        if self._key_s < 0 or time.mono - self._key_s >= KEY_S:
            frame.pict_type, self._key_s = PictureType.I, time.mono
        return [self._coded(packet, time) for packet in self._context.encode(frame)]

    def _coded(self, packet: av.Packet[Any], time: CaptureTime) -> CodedPacket:
        packet.time_base = TIME_BASE
        return CodedPacket(stream=self._stream, packet=packet, wall=time.wall, timeline_s=time.mono)


def _decoder_of(stream: CodedStream, camera: str) -> StreamDecoder:
    context = cast(VideoCodecContext, CodecContext.create(stream.codec, "r"))
    if stream.extradata:
        context.extradata = stream.extradata
    video = cast(VideoStream, CodedVideo(context))
    return StreamDecoder(video, camera, VideoDecoderFactory(camera), live=True, orientation=stream.turn.orientation)
