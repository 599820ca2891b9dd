"""Where messages go: one file a kind. Only these modules know the brokers' clients."""

from __future__ import annotations

from edge_app.config import FileSink, MqttSink, StdoutSink
from edge_app.publish.sinks.file import File
from edge_app.publish.sinks.mqtt import Mqtt
from edge_app.publish.sinks.sink import ClosedOutput, LoginError, Sink
from edge_app.publish.sinks.stdout import Stdout, standard_output

__all__ = ["ClosedOutput", "File", "LoginError", "Mqtt", "Sink", "Stdout", "open_sink"]


def open_sink(settings: StdoutSink | FileSink | MqttSink) -> Sink:
    """The sink of these settings, not yet connected: a broker may be away.

    Raises:
        AccessError: The operating system refuses the file, or that of the certificates.
        ConfigError: There can be no such file.
    """
    if isinstance(settings, MqttSink):
        return Mqtt(settings)
    if isinstance(settings, FileSink):
        return File(settings)
    return standard_output()
