"""A camera over HTTP or HTTPS: JPEG pictures are read here, everything else by libav from our connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from av.container import InputContainer

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.http_answer import HttpAnswer
from edge_app.capture.sources.http_client import HttpClient
from edge_app.capture.sources.http_failures import LATE_INDEX, PLAYLIST, of_content
from edge_app.capture.sources.jpeg_connection import JpegConnection
from edge_app.capture.sources.libav_connection import IMAGES, MP4, LibavConnection
from edge_app.capture.sources.mp4_body import Mp4Body
from edge_app.capture.sources.source import NETWORK_KEYS, BrokenOffError, DecodedFrame, Scheme, SourceConfig, SourceKind
from edge_app.core.errors import Reason, StreamError
from edge_app.core.packets import PacketTap

SNAPSHOT_S = 1.0  # how often a URL that answers with one picture is requested


class HttpSource:
    """One network camera, timed by arrival.

    Raises:
        AccessError, ConfigError: Its CA's file cannot be read.
    """

    live = True

    def __init__(self, config: SourceConfig, decoders: VideoDecoderFactory) -> None:
        address = Address(config.url, config.username, config.password)
        self.description, self._stall_timeout_s = str(address), config.stall_timeout_s
        self._client = HttpClient(address, config.tls)
        self._jpegs = JpegConnection(self.description, config.stall_timeout_s, decoders)
        self._libav = LibavConnection(address, config.stall_timeout_s, decoders, explain=self._explain)

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        """One connection, or one for each single picture; see `Source.open`."""
        with closing(self._client.get(stop)) as answer:
            match self._client.content(answer):
                case "parts":
                    answer.ignore_length()
                    yield self._jpegs.frames(answer, stop, packets=packets)
                case "picture":
                    yield self._snapshots(self._jpeg_answers(answer, stop, packets), stop)
                case "playlist":
                    raise StreamError(Reason.CODEC, f"{self.description}: {PLAYLIST}")
                case "late index":
                    raise StreamError(Reason.CODEC, f"{self.description}: {LATE_INDEX}")
                case "mp4":
                    with self._libav.connect(Mp4Body(answer), MP4) as container:
                        yield self._libav.frames(container, stop, answer, packets)
                case "image":
                    with self._libav.connect(answer, IMAGES) as container:
                        yield self._snapshots(self._picture_answers(container, answer, stop, packets), stop)
                case "other":
                    with self._libav.connect(answer) as container:
                        yield self._libav.frames(container, stop, answer, packets)

    def _explain(self, error: Exception) -> StreamError:
        reason, text = of_content(error)
        return StreamError(reason, f"{self.description}: {text}")

    def _jpeg_answers(
        self, answer: HttpAnswer, stop: threading.Event, packets: PacketTap | None
    ) -> Iterator[Iterator[DecodedFrame]]:
        """The frames of one response after the other."""
        while True:
            with closing(answer):
                yield self._jpegs.frames(answer, stop, SNAPSHOT_S, packets)
            answer = self._client.get(stop)

    def _picture_answers(
        self, container: InputContainer, answer: HttpAnswer, stop: threading.Event, packets: PacketTap | None
    ) -> Iterator[Iterator[DecodedFrame]]:
        """The same through libav."""
        yield self._libav.frames(container, stop, answer, packets)
        while True:
            with closing(self._client.get(stop)) as another, self._libav.connect(another, IMAGES) as opened:
                yield self._libav.frames(opened, stop, another, packets)

    def _snapshots(self, responses: Iterator[Iterator[DecodedFrame]], stop: threading.Event) -> Iterator[DecodedFrame]:
        """The pictures of responses, each requested when it is due."""
        period_s = min(SNAPSHOT_S, self._stall_timeout_s / 2)
        for frames in responses:
            due = time.monotonic() + period_s
            yield from self._snapshot(frames)
            if stop.wait(max(0.0, due - time.monotonic())):
                return

    def _snapshot(self, frames: Iterator[DecodedFrame]) -> Iterator[DecodedFrame]:
        """The frames of one response: that it ends after its picture is not a failure."""
        came = False
        try:
            for frame in frames:
                came = True
                yield frame
        except BrokenOffError as error:
            if error.reason is not Reason.ENDED:
                raise
            if not came:
                failure = StreamError(Reason.DECODE_ERRORS, f"{self.description}: its picture cannot be decoded")
                raise BrokenOffError(failure, max(1, error.broken)) from None


KIND = SourceKind(
    open=HttpSource,
    schemes=(Scheme("http", keys=NETWORK_KEYS), Scheme("https", keys=NETWORK_KEYS | {"tls"})),
    coded=True,
)
