"""A network camera over RTSP or RTSPS, through libav."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.host import Host
from edge_app.capture.sources.libav_connection import LibavConnection
from edge_app.capture.sources.rtsp_inquiry import RtspInquiry
from edge_app.capture.sources.rtsp_refusals import Refusals
from edge_app.capture.sources.rtsp_relay import RtspRelay, relayed
from edge_app.capture.sources.source import NETWORK_KEYS, DecodedFrame, Scheme, SourceConfig, SourceKind
from edge_app.config import TlsConfig
from edge_app.core.errors import StreamError
from edge_app.core.packets import PacketTap


class RtspSource:
    """One network camera.

    Raises:
        AccessError, ConfigError: Its CA's file cannot be read.
    """

    live = True

    def __init__(self, config: SourceConfig, decoders: VideoDecoderFactory) -> None:
        address = Address(config.url, config.username, config.password)
        context = (config.tls or TlsConfig()).context() if address.scheme == "rtsps" else None
        self._refusals = Refusals(address, udp=config.transport == "udp")
        self._inquiry = RtspInquiry(Host(address.host), address, self._refusals, context)
        options = {
            "rtsp_transport": config.transport,
            # Sound or metadata would keep a stalled video alive.
            "allowed_media_types": "video",
        }
        self._libav = LibavConnection(address, config.stall_timeout_s, decoders, options)

    @property
    def description(self) -> str:
        return str(self._libav.address)

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        """One connection; see `Source.open`."""
        with self._inquiry.described() as camera:
            if stop.is_set():
                yield iter(())
                return
            with relayed(camera, self._refusals) as relay:
                libav = replace(self._libav, explain=lambda error: self._explained(relay))
                with libav.connect(relay.url) as container:
                    yield libav.frames(container, stop, packets=packets)

    def _explained(self, relay: RtspRelay) -> StreamError | None:
        """What the relay knows of a failure, of which libav has only seen the end of its connection."""
        if relay.failure is None:
            return None
        reason, text = relay.failure
        return StreamError(reason, f"{self.description}: {text}")


KIND = SourceKind(
    open=RtspSource,
    schemes=(Scheme("rtsp", keys=NETWORK_KEYS, udp=True), Scheme("rtsps", keys=NETWORK_KEYS | {"tls"})),
    coded=True,
)
