"""The section of the configuration for the spool of a sink."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from edge_app.config.section import Section, truth, wrong
from edge_app.publish.messages import MessageKind

SpoolPolicy = Literal["always", "spill"]


class SpoolConfig(Section):
    """Keeps on the disk what the sink has not taken, also over restarts."""

    detections: SpoolPolicy = "spill"
    """`spill` writes only what the sink does not take within a second, or what does not fit into memory; `always`
    writes before it sends, so that kill -9 loses nothing, and wears the flash."""
    events: SpoolPolicy = "always"
    """The same for events."""
    max_mb: float = Field(default=500.0, ge=1)
    """Size on the disk [10^6 bytes], but for 4 MB of SQLite's log; beyond it the oldest detections go, events last."""
    max_age_s: float = Field(default=604_800.0, gt=0)
    """What is older [s] is not sent any more."""
    commit_ms: float = Field(default=100.0, ge=0, le=10_000)
    """How long what is to be written waits for more [ms], fewer than 50 messages; a power cut loses at most this."""

    @property
    def always(self) -> Collection[MessageKind]:
        """The kinds that are written before they are sent."""
        policies: dict[MessageKind, SpoolPolicy] = {
            "detections": self.detections,
            "events": self.events,
        }
        return [kind for kind, policy in policies.items() if policy == "always"]


def _spool(value: Any) -> Any:
    """`true` is a spool with the defaults, `false` is none."""
    value = truth(value)
    if isinstance(value, bool):
        return SpoolConfig() if value else None
    if isinstance(value, str):
        raise wrong("want true, false or {detections: spill, events: always, max_mb: 500}")
    return value


OptionalSpool = Annotated[SpoolConfig | None, BeforeValidator(_spool, json_schema_input_type=SpoolConfig | bool | None)]
