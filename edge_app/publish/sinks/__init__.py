"""Where messages go: one module for each kind. Only these modules know the brokers' clients."""

from edge_app.publish.sinks.sink import (
    BusyError,
    ClosedOutput,
    LoginError,
    OutageError,
    RefusedError,
    Sink,
    SinkConfig,
    UnwantedError,
)

__all__ = [
    "BusyError",
    "ClosedOutput",
    "LoginError",
    "OutageError",
    "RefusedError",
    "Sink",
    "SinkConfig",
    "UnwantedError",
]
