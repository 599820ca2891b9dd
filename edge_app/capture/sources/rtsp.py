"""A network camera over RTSP or RTSPS, through libav."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edge_app.capture.config import CameraConfig
from edge_app.capture.decode.factory import DecoderFactory
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.libav_connection import LibavConnection, tls_options
from edge_app.capture.sources.source import DecodedFrame


class RtspSource:
    """One network camera.

    Raises:
        AccessError, ConfigError: Its CA's file cannot be read, or its login is too long.
    """

    live = True

    def __init__(self, camera: CameraConfig, decoding: DecoderFactory) -> None:
        address = Address(camera.url, camera.username, camera.password)
        encrypted = address.scheme == "rtsps"
        options = {
            "rtsp_transport": "tcp" if encrypted else camera.transport,
            # Sound or metadata would keep a stalled video alive.
            "allowed_media_types": "video",
        }
        options |= tls_options(camera.tls) if encrypted else {}
        self._network = LibavConnection(address, options, camera.stall_timeout_s, decoding)

    @property
    def describe(self) -> str:
        return str(self._network.address)

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """One connection; see `Source.open`."""
        with self._network.connect() as container:
            yield self._network.shots(container, stop)
