"""A camera over HTTP or HTTPS: JPEG pictures are read here, everything else through libav."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from av.container import InputContainer

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.decode.jpeg import SOI
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.http_answer import HttpAnswer
from edge_app.capture.sources.http_client import HttpClient
from edge_app.capture.sources.jpeg_connection import JpegConnection
from edge_app.capture.sources.libav_connection import LibavConnection, tls_options
from edge_app.capture.sources.source import NETWORK_KEYS, BrokenOffError, DecodedFrame, Scheme, SourceConfig, SourceKind
from edge_app.core.errors import Reason, StreamError

SNAPSHOT_S = 1.0  # how often a URL that answers with one picture is requested


class HttpSource:
    """One network camera, timed by arrival.

    Raises:
        AccessError, ConfigError: Its CA's file cannot be read, or its login is too long.
    """

    live = True

    def __init__(self, config: SourceConfig, decoders: VideoDecoderFactory) -> None:
        address = Address(config.url, config.username, config.password)
        encrypted = address.scheme == "https"
        # No other protocol: a redirect must neither drop TLS nor reach this machine's files. Before PyAV 18 libav still
        # follows one from https to http; the login is sent to neither.
        options = {"protocol_whitelist": "https,tls,tcp" if encrypted else "http,tcp"}
        options |= tls_options(config.tls) if encrypted else {}
        self.description, self._stall_timeout_s = str(address), config.stall_timeout_s
        self._client = HttpClient(address, config.tls)
        self._jpegs = JpegConnection(self.description, config.stall_timeout_s, decoders)
        self._libav = LibavConnection(address, options, config.stall_timeout_s, decoders)

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """One connection, or one for each single picture; see `Source.open`."""
        with closing(self._client.get(stop)) as answer:
            if answer.is_multipart or self._begins(answer, b"--"):
                yield self._jpegs.frames(answer, stop)
                return
            if self._begins(answer, SOI):
                yield self._snapshots(self._jpeg_answers(answer, stop), stop)
                return
        with self._libav.connect() as container:
            if container.format.name.endswith("_pipe"):  # such as png_pipe
                yield self._snapshots(self._containers(container, stop), stop)
            else:
                yield self._libav.frames(container, stop)

    def _begins(self, answer: HttpAnswer, begin: bytes) -> bool:
        return self._client.beginning(answer).lstrip(b"\r\n").startswith(begin)

    def _jpeg_answers(self, answer: HttpAnswer, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """The frames of one response after the other."""
        while True:
            with closing(answer):
                yield self._jpegs.frames(answer, stop, SNAPSHOT_S)
            answer = self._client.get(stop)

    def _containers(self, container: InputContainer, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """The same through libav."""
        while True:
            with container:
                yield self._libav.frames(container, stop)
            container = self._libav.connect()

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
