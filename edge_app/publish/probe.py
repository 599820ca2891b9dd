"""Whether a sink could be used now, without using it: `edge-app check --probe`."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from edge_app.config import FileSink, MqttSink, StdoutSink
from edge_app.errors import SinkError
from edge_app.publish.sinks.broker import new_client_id, tls_context, unreachable
from edge_app.publish.sinks.file import look_at
from edge_app.publish.sinks.mqtt_link import Link

PROBE_S = 5.0


def probe(settings: StdoutSink | FileSink | MqttSink) -> str:
    """What was found, in one line.

    Raises:
        SinkError: Why it could not be used.
        ConfigError, AccessError: It never could be, or the file of certificates cannot be read.
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
    try:
        free_gb = shutil.disk_usage(look_at(path)).free / 1e9
    except OSError as error:
        raise SinkError(f"{path}: {error.strerror}") from error
    return f"{path}: writable, {free_gb:.1f} GB free"
