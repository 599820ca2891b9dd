"""A network camera over RTSP or RTSPS, through libav."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edge_app import config
from edge_app.capture.address import Address
from edge_app.capture.hardware import Decoding
from edge_app.capture.network import Network
from edge_app.capture.source import Shot
from edge_app.capture.tls import tls_options


class Rtsp:
    """One network camera.

    Raises:
        AccessError, ConfigError: Its CA's file cannot be read, or its login is too long.
    """

    live = True

    def __init__(self, camera: config.Camera, decoding: Decoding) -> None:
        address = Address(camera.url, camera.username, camera.password)
        encrypted = address.scheme == "rtsps"
        options = {
            "rtsp_transport": "tcp" if encrypted else camera.transport,
            # Sound or metadata would keep a stalled video alive.
            "allowed_media_types": "video",
        }
        options |= tls_options(camera.tls) if encrypted else {}
        self._network = Network(address, options, camera.stall_timeout_s, decoding)

    @property
    def describe(self) -> str:
        return str(self._network.address)

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[Shot]]:
        """One connection; see `Source.open`."""
        with self._network.connect() as container:
            yield self._network.shots(container, stop)
