"""Messages to any number of sinks, each behind a bounded queue and with a thread of its own."""

from __future__ import annotations

from importlib import resources

from edge_app.publish.delivery import Delivery
from edge_app.publish.event_writer import EventWriter
from edge_app.publish.group import DeliveryGroup
from edge_app.publish.health import Health
from edge_app.publish.messages import (
    Message,
    MessageKind,
    MessageWriter,
    ModelIdentity,
    counts_message,
    status_message,
)
from edge_app.publish.sink_status import SinkStatus
from edge_app.publish.sinks import ClosedOutput, Sink
from edge_app.publish.stats_report import StatsReporter

__all__ = [
    "ClosedOutput",
    "Delivery",
    "DeliveryGroup",
    "EventWriter",
    "Health",
    "Message",
    "MessageKind",
    "MessageWriter",
    "ModelIdentity",
    "Sink",
    "SinkStatus",
    "StatsReporter",
    "counts_message",
    "schema",
    "status_message",
]


def schema(name: str) -> str:
    """The JSON Schema of `detections`, `event`, `stats` or `counts`."""
    return resources.files("edge_app.publish").joinpath("schemas", f"{name}.json").read_text("utf-8")
