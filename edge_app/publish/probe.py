"""Whether a sink could be used now, without using it: `edge-app check --probe`."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from edge_app.config import FileSink, MqttSink, StdoutSink
from edge_app.errors import SinkError
from edge_app.publish.sinks.broker import new_client_id, tls_context, unreachable
from edge_app.publish.sinks.mqtt_link import Link

PROBE_S = 5.0


def probe(settings: StdoutSink | FileSink | MqttSink) -> str:
    """What was found, in one line.

    Raises:
        SinkError: Why it could not be used.
        ConfigError, AccessError: The file of certificates cannot be read.
    """
    if isinstance(settings, MqttSink):
        return _probe_broker(settings)
    if isinstance(settings, FileSink):
        return _probe_file(settings.path)
    return "standard output"


def _probe_broker(settings: MqttSink) -> str:
    # Under a name of its own, so that a service that runs is not thrown out, and without a word on `available`.
    link = Link(settings, new_client_id(), tls_context(settings.tls), announce=False)
    try:
        until = time.monotonic() + PROBE_S
        while not link.connected(max(0.0, until - time.monotonic())):
            if time.monotonic() >= until:
                raise unreachable(settings, TimeoutError())
        return f"{settings.host}:{settings.port}: {link.describe()}"
    finally:
        link.close()


def _probe_file(path: Path) -> str:
    existing = next(place for place in (path, *path.absolute().parents) if place.exists())
    if existing == path and not path.is_file() and not path.is_fifo():
        raise SinkError(f"{path}: not a file")
    if not os.access(existing, os.W_OK):
        raise SinkError(f"{path}: {existing} is not writable")
    free_gb = shutil.disk_usage(existing).free / 1e9
    return f"{path}: writable, {free_gb:.1f} GB free"
