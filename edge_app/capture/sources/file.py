"""A video file, read once from beginning to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.decode.stream_decoder import StreamDecoder, lenient, video_stream
from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame, SourceKind
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import CaptureTime


class FileSource:
    """One file; its first frame was taken at `start_at`, else at the file's own time."""

    live = False

    def __init__(
        self, path: Path, start_at: datetime | None = None, decoders: VideoDecoderFactory | None = None
    ) -> None:
        self._path = path
        self._decoders = decoders or VideoDecoderFactory(str(path))
        self._start_at = start_at

    @property
    def description(self) -> str:
        return str(self._path)

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """Reads it from the beginning; see `Source.open`."""
        with self._container() as container:
            stream = video_stream(container, self.description)
            start = self._start_at.timestamp() if self._start_at else self._path.stat().st_mtime
            # Not live, so that libav may use threads: it has to be as fast as a plain loop over the file.
            with closing(StreamDecoder(stream, self.description, self._decoders, live=False)) as decoder:
                yield self._frames(container, stream, decoder, start, stop)

    def _container(self) -> InputContainer:
        try:
            container: InputContainer = av.open(str(self._path), mode="r", **lenient())
        except FileNotFoundError:
            raise StreamError(Reason.NOT_FOUND, f"{self._path}: no such file") from None
        except LIBAV_ERRORS as error:
            what = "is not a video" if isinstance(error, ValueError) else getattr(error, "strerror", error)
            raise StreamError(Reason.FAILED, f"{self._path}: {what}") from error
        return container

    def count(self) -> int:
        """About how many frames are in it; nothing is decoded. Raises StreamError if it is not a video."""
        with self._container() as container:
            video_stream(container, self.description)
            return sum(1 for packet in self._packets(container) if packet.size)

    def _frames(
        self,
        container: InputContainer,
        stream: VideoStream,
        decoder: StreamDecoder,
        start: float,
        stop: threading.Event,
    ) -> Iterator[DecodedFrame]:
        """Its frames; `start` is when the first was taken [s since the epoch]."""
        first = float((stream.start_time or 0) * (stream.time_base or 0))
        period, at = 1 / (decoder.fps or 25.0), first
        for packet in self._packets(container):
            for frame in decoder.decode(packet):
                if stop.is_set():
                    return
                at = at if frame.time is None else frame.time
                yield DecodedFrame(
                    time=CaptureTime(wall=start + at - first, mono=time.monotonic(), source="file"),
                    decode_s=decoder.decode_s,
                    convert=partial(decoder.convert, frame),
                    broken=decoder.broken(),
                    codec=decoder.codec,
                    fps=decoder.fps,
                )
                at += period
        if broken := decoder.broken():
            raise BrokenOffError(StreamError(Reason.ENDED, f"{self._path}: ended"), broken)

    def _packets(self, container: InputContainer) -> Iterator[av.Packet]:  # type: ignore[type-arg]
        try:
            yield from container.demux(video=0)
        except LIBAV_ERRORS as error:
            raise StreamError(Reason.FAILED, f"{self._path}: reading failed ({type(error).__name__})") from error


KIND = SourceKind(
    open=lambda config, decoders: FileSource(Path(config.url), config.start_at, decoders),
    takes_path=lambda path: True,
    stored=True,
    coded=True,
    finite_url=lambda url, frames: url,
)
