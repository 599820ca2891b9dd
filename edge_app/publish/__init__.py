"""Messages to any number of sinks, each behind a bounded queue and with a thread of its own."""

from __future__ import annotations

from importlib import resources

from edge_app.publish.message import Kind, Message, Messages, ModelIdentity, State, new_session, status
from edge_app.publish.probe import probe
from edge_app.publish.publisher import Publisher, Retry
from edge_app.publish.publishers import Publishers
from edge_app.publish.report import Reporter
from edge_app.publish.sinks import ClosedOutput, Sink, open_sink

__all__ = [
    "ClosedOutput",
    "Kind",
    "Message",
    "Messages",
    "ModelIdentity",
    "Publisher",
    "Publishers",
    "Reporter",
    "Retry",
    "Sink",
    "State",
    "new_session",
    "open_sink",
    "probe",
    "schema",
    "status",
]


def schema(name: str) -> str:
    """The JSON Schema of `detections`, `event` or `stats`."""
    return resources.files("edge_app.publish").joinpath("schemas", f"{name}.json").read_text("utf-8")
