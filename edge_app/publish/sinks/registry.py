"""The kinds of sinks: one module for each, one line here. The configuration and its JSON Schema are made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from edge_app.publish.sinks.file import FileSinkConfig
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from edge_app.publish.sinks.sink import SinkConfig
from edge_app.publish.sinks.stdout import StdoutSinkConfig

KINDS: tuple[type[SinkConfig], ...] = (
    StdoutSinkConfig,
    FileSinkConfig,
    MqttSinkConfig,
)

if TYPE_CHECKING:
    AnySinkConfig: TypeAlias = SinkConfig
else:  # one of them, which its `type` names
    AnySinkConfig = Annotated[Union[KINDS], Field(discriminator="type")]  # noqa: UP007, Union takes a tuple
