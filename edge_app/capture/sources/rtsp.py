"""A network camera over RTSP or RTSPS, through libav."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.libav_connection import LibavConnection
from edge_app.capture.sources.rtsp_inquiry import RtspInquiry
from edge_app.capture.sources.rtsp_refusals import Refusals
from edge_app.capture.sources.source import NETWORK_KEYS, DecodedFrame, Scheme, SourceConfig, SourceKind
from edge_app.config import TlsConfig


class RtspSource:
    """One network camera.

    Raises:
        AccessError, ConfigError: Its CA's file cannot be read, or its login is too long.
    """

    live = True

    def __init__(self, config: SourceConfig, decoders: VideoDecoderFactory) -> None:
        address = Address(config.url, config.username, config.password)
        tls = (config.tls or TlsConfig()) if address.scheme == "rtsps" else None
        context = tls.context() if tls else None  # first: libav would not say that the CA's file cannot be read
        options = {
            "rtsp_transport": "tcp" if tls else config.transport,
            # Sound or metadata would keep a stalled video alive.
            "allowed_media_types": "video",
        }
        options |= tls_options(tls) if tls else {}
        self._refusals = Refusals(RtspInquiry(address, udp=config.transport == "udp", tls=context))
        self._connection = LibavConnection(address, config.stall_timeout_s, decoders, options, self._refusals.explain)

    @property
    def description(self) -> str:
        return str(self._connection.address)

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """One connection; see `Source.open`."""
        with ExitStack() as stack:
            with self._refusals.look() as address:
                if stop.is_set():
                    yield iter(())
                    return
                connection = replace(self._connection, address=address)
                container = stack.enter_context(connection.connect())
            yield connection.frames(container, stop)


def tls_options(tls: TlsConfig) -> dict[str, str]:
    """Libav's options for rtsps; without a CA of its own the system's certificates are used."""
    ca = tls.ca or ssl.get_default_verify_paths().cafile
    return {"tls_verify": "1" if tls.verify else "0"} | ({"ca_file": str(ca)} if ca else {})


KIND = SourceKind(
    open=RtspSource,
    schemes=(Scheme("rtsp", keys=NETWORK_KEYS, udp=True), Scheme("rtsps", keys=NETWORK_KEYS | {"tls"})),
    coded=True,
)
