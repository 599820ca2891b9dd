"""Where messages go: one module for each kind. Only these modules know the brokers' clients."""

from edge_app.publish.sinks.registry import KINDS, AnySinkConfig
from edge_app.publish.sinks.sink import BusyError, ClosedOutput, LoginError, RefusedError, Sink, SinkConfig

__all__ = [
    "KINDS",
    "AnySinkConfig",
    "BusyError",
    "ClosedOutput",
    "LoginError",
    "RefusedError",
    "Sink",
    "SinkConfig",
]
