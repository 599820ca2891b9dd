"""A video file, read once from beginning to end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.decode.orientation import UPRIGHT, FrameOrientation
from edge_app.capture.decode.stream_decoder import StreamDecoder, lenient, packets_of, video_stream
from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.capture.packet_feed import PacketFeed
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame, SourceKind
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import CaptureTime
from edge_app.core.packets import PacketTap

logger = logging.getLogger(__name__)

LONGEST_S = 10 * 365 * 86400.0  # of a file, from its first frame; a later time is a mistake in it
DRAWN_TEXT = {"ansi", "bintext", "idf", "xbin"}  # libav draws any text file whose name ends like one


@dataclass
class Tally:
    """What became of a file's frames.

    Attributes:
        packets: That were read, each of which holds a frame.
        leading: Those of them before the first key frame, which some decoders pass over without a word.
        frames: That were decoded.
        lost: That could not be decoded.
        cut: Whether the file ends within the last packet.
    """

    packets: int = 0
    leading: int = 0
    frames: int = 0
    lost: int = 0
    cut: bool = False
    _key_came: bool = False

    def read(self, packet: av.Packet) -> None:  # type: ignore[type-arg]
        """Counts a packet; the empty one at the end does not count."""
        if packet.size:
            self._key_came = self._key_came or packet.is_keyframe
            self.packets += 1
            self.cut = packet.is_corrupt
            self.leading += not self._key_came

    def before_frame(self, broken: int) -> int:
        """Counts a frame; how many were lost before it, of which the decoder told of `broken`."""
        lost = broken if self.frames else max(broken, self.leading)
        self.frames += 1
        self.lost += lost
        return lost


class FileSource:
    """One file; its first frame was taken at `start_at`, else at the file's own time."""

    live = False

    def __init__(
        self, path: Path, start_at: datetime | None = None, decoders: VideoDecoderFactory | None = None
    ) -> None:
        self._path = path
        self._decoders = decoders or VideoDecoderFactory(str(path))
        self._start_at = start_at
        self._at_pace = False
        self._told = False

    def at_its_pace(self) -> FileSource:
        """The same, to be played as a camera sends: decoded by one thread, as a camera is."""
        paced = copy(self)
        paced._at_pace = True
        return paced

    @property
    def description(self) -> str:
        return str(self._path)

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        """Reads it from the beginning; see `Source.open`."""
        with self._container() as container:
            stream = self._stream(container)
            start = self._start_at.timestamp() if self._start_at else self._path.stat().st_mtime
            # Else libav may use threads: it has to be as fast as a plain loop over the file.
            live = self._at_pace
            decoder = StreamDecoder(stream, self.description, self._decoders, live=live, orientation=self._stored())
            with closing(decoder):
                yield self._frames(container, stream, decoder, start, stop, packets)

    def _container(self) -> InputContainer:
        if self._path.exists() and not self._path.is_file():
            raise StreamError(Reason.FAILED, f"{self._path}: not a file")  # a pipe would be waited for
        try:
            container: InputContainer = av.open(str(self._path), mode="r", **lenient())
        except FileNotFoundError:
            raise StreamError(Reason.NOT_FOUND, f"{self._path}: no such file") from None
        except LIBAV_ERRORS as error:
            empty = self._path.is_file() and not self._path.stat().st_size
            what = (
                "is not a video, or not whole" if isinstance(error, ValueError) else getattr(error, "strerror", error)
            )
            raise StreamError(Reason.FAILED, f"{self._path}: {'is empty' if empty else what}") from error
        return container

    def _stream(self, container: InputContainer) -> VideoStream:
        """The video; raises StreamError if there is none, or only the cover of some music."""
        stream = video_stream(container, self.description)
        if stream.codec_context.name in DRAWN_TEXT:
            raise StreamError(Reason.CODEC, f"{self._path}: is text, not a video")
        if stream.disposition & Disposition.attached_pic:
            raise StreamError(Reason.CODEC, f"{self._path}: there is no video in it, only a cover picture")
        return stream

    def _stored(self) -> int:
        """The orientation that the container holds, for decoders that are not told of it as libav's on the CPU is."""
        if self._decoders.on_cpu:
            return UPRIGHT
        with self._container() as container:
            stream = self._stream(container)
            stream.codec_context.thread_count = 1  # for one frame
            try:
                return next(map(FrameOrientation().of, container.decode(stream)), UPRIGHT)
            except LIBAV_ERRORS:
                return UPRIGHT

    def count(self) -> int:
        """About how many frames are in it; nothing is decoded. Raises StreamError if it is not a video."""
        with self._container() as container:
            return sum(1 for packet in self._packets(container, self._stream(container)) if packet.size)

    def _frames(
        self,
        container: InputContainer,
        stream: VideoStream,
        decoder: StreamDecoder,
        start: float,
        stop: threading.Event,
        packets: PacketTap | None,
    ) -> Iterator[DecodedFrame]:
        """Its frames; `start` is when the first was taken [s since 1970]."""
        first = float((stream.start_time or 0) * (stream.time_base or 0))
        period, at, tally = 1 / (decoder.fps or 25.0), first, Tally()
        feed = PacketFeed(packets, decoder.codec, stream.codec_context.extradata, decoder.turn)
        for packet in self._packets(container, stream):
            tally.read(packet)
            if packet.size:
                wall = start + _shown_s(packet, first, at + period - first)
                feed.put(packet, wall=wall, timeline_s=wall)
            for frame in decoder.decode(packet):
                if stop.is_set():
                    return
                if frame.time is not None and 0 <= frame.time - first < LONGEST_S:  # else it is no time of this file
                    at = frame.time
                yield DecodedFrame(
                    time=CaptureTime(wall=start + at - first, mono=time.monotonic(), source="file"),
                    decode_s=decoder.decode_s,
                    convert=decoder.picture(frame),
                    broken=tally.before_frame(decoder.broken()),
                    codec=decoder.codec,
                    alone=decoder.is_large(frame),
                    fps=decoder.fps,
                )
                at += period
        self._end(tally, decoder.broken(), stream.frames)

    def _end(self, tally: Tally, broken: int, announced: int) -> None:
        """Warns once of lost frames, `broken` of them at the end; raises StreamError if there was no other frame."""
        if not tally.frames:
            what = f"none of its {tally.packets} frames can be decoded" if tally.packets else "there is no frame in it"
            raise BrokenOffError(StreamError(Reason.CODEC, f"{self._path}: {what}"), tally.packets)
        everything = max(tally.packets, announced) if tally.cut else tally.packets
        lost = tally.lost + broken + everything - tally.packets
        if lost and not self._told:
            logger.warning("%s: %d of %d frames are missing or cannot be decoded", self._path, lost, everything)
            self._told = True
        if broken:
            raise BrokenOffError(StreamError(Reason.ENDED, f"{self._path}: ended"), broken)

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[av.Packet]:  # type: ignore[type-arg]
        try:
            yield from (packet for packet in packets_of(container) if packet.stream.index == stream.index)
        except LIBAV_ERRORS as error:
            raise StreamError(Reason.FAILED, f"{self._path}: reading failed ({type(error).__name__})") from error


def _shown_s(packet: av.Packet, first: float, otherwise: float) -> float:  # type: ignore[type-arg]
    """When a packet's picture is shown [s after the file's first]; `otherwise` if it says nothing or nonsense."""
    ticks = packet.dts if packet.pts is None else packet.pts
    shown_s = -1.0 if ticks is None else float(ticks * packet.time_base) - first
    return shown_s if 0 <= shown_s < LONGEST_S else otherwise


KIND = SourceKind(
    open=lambda config, decoders: FileSource(Path(config.url), config.start_at, decoders),
    takes_path=lambda path: True,
    stored=True,
    coded=True,
    finite_url=lambda url, frames: url,
)
