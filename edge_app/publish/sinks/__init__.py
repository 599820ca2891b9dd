"""Where messages go: one module for each kind. Only these modules know the brokers' clients."""

from edge_app.publish.sinks.registry import AnySinkConfig
from edge_app.publish.sinks.sink import ClosedOutput, RefusedError, Sink, SinkConfig

__all__ = [
    "AnySinkConfig",
    "ClosedOutput",
    "RefusedError",
    "Sink",
    "SinkConfig",
]
