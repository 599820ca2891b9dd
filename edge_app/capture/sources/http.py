"""A camera over HTTP or HTTPS, through libav: MJPEG, single pictures, or video such as MPEG-TS."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from av.container import InputContainer

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.sources.address import Address
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
        self._connection = LibavConnection(address, options, config.stall_timeout_s, decoders)

    @property
    def description(self) -> str:
        return str(self._connection.address)

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """One connection, or one for each single picture; see `Source.open`."""
        with self._connection.connect() as container:
            if container.format.name.endswith("_pipe"):  # such as jpeg_pipe
                yield self._snapshots(container, stop)
            else:
                yield self._connection.frames(container, stop)

    def _snapshots(self, container: InputContainer, stop: threading.Event) -> Iterator[DecodedFrame]:
        period_s = min(SNAPSHOT_S, self._connection.stall_timeout_s / 2)
        while True:
            due = time.monotonic() + period_s
            with container:
                yield from self._snapshot(container, stop)
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            container = self._connection.connect()

    def _snapshot(self, container: InputContainer, stop: threading.Event) -> Iterator[DecodedFrame]:
        """The frames of one response: that it ends after its picture is not a failure."""
        came = False
        try:
            for frame in self._connection.frames(container, stop):
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
