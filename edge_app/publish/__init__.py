"""Messages to any number of sinks, each behind a bounded queue and with a thread of its own."""

from __future__ import annotations

from importlib import resources

from edge_app.publish.delivery import Delivery
from edge_app.publish.event_writer import EventWriter
from edge_app.publish.group import DeliveryGroup
from edge_app.publish.health import Health, HealthState
from edge_app.publish.health_document import health_document
from edge_app.publish.messages import (
    Message,
    MessageKind,
    MessageWriter,
    ModelIdentity,
    PlaceNames,
    counts_message,
    places_message,
    status_message,
)
from edge_app.publish.policy import DeliveryPolicy
from edge_app.publish.sink_status import SinkStatus
from edge_app.publish.sinks import ClosedOutput, Sink
from edge_app.publish.spool import SPOOLS
from edge_app.publish.stats_report import StatsReporter

__all__ = [
    "SPOOLS",
    "ClosedOutput",
    "Delivery",
    "DeliveryGroup",
    "DeliveryPolicy",
    "EventWriter",
    "Health",
    "HealthState",
    "Message",
    "MessageKind",
    "MessageWriter",
    "ModelIdentity",
    "PlaceNames",
    "Sink",
    "SinkStatus",
    "StatsReporter",
    "counts_message",
    "health_document",
    "places_message",
    "schema",
    "status_message",
]


def schema(name: str) -> str:
    """The JSON Schema of `detections`, `event`, `status`, `stats`, `counts` or `health`."""
    return resources.files("edge_app.publish").joinpath("schemas", f"{name}.json").read_text("utf-8")
