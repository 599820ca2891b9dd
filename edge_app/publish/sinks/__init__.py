"""Where messages go: one module for each kind. Only these modules know the brokers' clients."""

from edge_app.publish.sinks.registry import KINDS, AnySinkConfig
from edge_app.publish.sinks.sink import ClosedOutput, LoginError, Sink, SinkConfig

__all__ = ["KINDS", "AnySinkConfig", "ClosedOutput", "LoginError", "Sink", "SinkConfig"]
