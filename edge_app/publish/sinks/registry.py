"""The kinds of sinks: one module for each, one line here, and those of other packages.

The configuration and its JSON Schema are made from them.
"""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from edge_app.publish.sinks.file import FileSinkConfig
from edge_app.publish.sinks.kafka import KafkaSinkConfig
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from edge_app.publish.sinks.ndjson import TcpSinkConfig, UdpSinkConfig
from edge_app.publish.sinks.notify import NotifySinkConfig
from edge_app.publish.sinks.redis import RedisSinkConfig
from edge_app.publish.sinks.sink import SinkConfig
from edge_app.publish.sinks.stdout import StdoutSinkConfig
from edge_app.publish.sinks.webhook import WebhookSinkConfig

logger = logging.getLogger(__name__)

GROUP = "edge_app.sinks"  # the entry points of other packages
OWN_KINDS: tuple[type[SinkConfig], ...] = (
    StdoutSinkConfig,
    FileSinkConfig,
    MqttSinkConfig,
    WebhookSinkConfig,
    RedisSinkConfig,
    KafkaSinkConfig,
    TcpSinkConfig,
    UdpSinkConfig,
    NotifySinkConfig,
)


def type_of(kind: type[SinkConfig]) -> str:
    """The `type` that names a kind in the configuration."""
    return str(kind.model_fields["type"].default)


def kinds_of_others(own: tuple[type[SinkConfig], ...]) -> tuple[type[SinkConfig], ...]:
    """The kinds that other packages bring, by name; what is not one, or would replace another, is told and left out."""
    found = {type_of(kind): kind for kind in own}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            kind = point.load()
        except Exception as error:  # whatever somebody else's module raises
            logger.warning("the sink %s of %s cannot be loaded: %s", point.name, point.value, error)
            continue
        if not (isinstance(kind, type) and issubclass(kind, SinkConfig)):
            logger.warning("the sink %s of %s is no SinkConfig", point.name, point.value)
        elif found.setdefault(type_of(kind), kind) is not kind:
            logger.warning("the sink %s of %s is left out: there is a type %s", point.name, point.value, type_of(kind))
    return tuple(found.values())[len(own) :]


KINDS = OWN_KINDS + kinds_of_others(OWN_KINDS)  # as this is imported, since the configuration's type is made of them

if TYPE_CHECKING:
    AnySinkConfig: TypeAlias = SinkConfig
else:  # one of them, which its `type` names
    AnySinkConfig = Annotated[Union[KINDS], Field(discriminator="type")]  # noqa: UP007, Union takes a tuple
