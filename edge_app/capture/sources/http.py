"""A camera over HTTP or HTTPS, through libav: MJPEG, single pictures, or video such as MPEG-TS."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from av.container import InputContainer

from edge_app.capture.config import CameraConfig
from edge_app.capture.decode.factory import DecoderFactory
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.libav_connection import LibavConnection, tls_options
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame
from edge_app.core.errors import Reason, StreamError

SNAPSHOT_S = 1.0  # a URL that answers with one picture is asked so often


class HttpSource:
    """One network camera, timed by arrival.

    Raises:
        AccessError, ConfigError: Its CA's file cannot be read, or its login is too long.
    """

    live = True

    def __init__(self, camera: CameraConfig, decoding: DecoderFactory) -> None:
        address = Address(camera.url, camera.username, camera.password)
        encrypted = address.scheme == "https"
        # No other protocol: a redirection must neither leave TLS behind nor reach this machine's files. Before PyAV 18
        # libav follows one from https to http all the same; the login goes to neither.
        options = {"protocol_whitelist": "https,tls,tcp" if encrypted else "http,tcp"}
        options |= tls_options(camera.tls) if encrypted else {}
        self._network = LibavConnection(address, options, camera.stall_timeout_s, decoding)

    @property
    def describe(self) -> str:
        return str(self._network.address)

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """One connection, or for single pictures one after another; see `Source.open`."""
        with self._network.connect() as container:
            if container.format.name.endswith("_pipe"):  # such as jpeg_pipe
                yield self._snapshots(container, stop)
            else:
                yield self._network.shots(container, stop)

    def _snapshots(self, container: InputContainer, stop: threading.Event) -> Iterator[DecodedFrame]:
        period_s = min(SNAPSHOT_S, self._network.stall_timeout_s / 2)
        while True:
            due = time.monotonic() + period_s
            with container:
                yield from self._snapshot(container, stop)
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            container = self._network.connect()

    def _snapshot(self, container: InputContainer, stop: threading.Event) -> Iterator[DecodedFrame]:
        """What one answer holds: it ends after its picture, which is no failure."""
        came = False
        try:
            for shot in self._network.shots(container, stop):
                came = True
                yield shot
        except BrokenOffError as error:
            if error.reason is not Reason.ENDED:
                raise
            if not came:
                failure = StreamError(Reason.DECODE_ERRORS, f"{self.describe}: its picture cannot be decoded")
                raise BrokenOffError(failure, max(1, error.broken)) from None
