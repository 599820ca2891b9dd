"""What a camera's picture shows: its zones and lines, what is ignored in it, and its ground."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from edge_app.analytics.filters import FilterConfig
from edge_app.analytics.ground import GroundConfig
from edge_app.analytics.lines import LineConfig
from edge_app.analytics.polygons import Polygon, holds_no_lists
from edge_app.analytics.zones import ZoneConfig
from edge_app.config.issue import Keys, nearest
from edge_app.config.section import Name, Section, wrong

MOST_LABELS_TOLD = 12


def _areas(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and all(map(holds_no_lists, value)):
        raise wrong("want areas, each a list of corners: put another [ ] around the corners of one alone")
    return value


Areas = Annotated[tuple[Polygon, ...], BeforeValidator(_areas)]
"""Polygons."""


class SceneConfig(Section):
    """The keys of a camera that say what its picture shows."""

    zones: dict[Name, ZoneConfig] = Field(default={})
    """Areas by name, made of a-z, 0-9 and _: who enters, stays and leaves."""
    lines: dict[Name, LineConfig] = Field(default={})
    """Lines by name, made of a-z, 0-9 and _, which no zone has: who crosses them, and which way."""
    filters: dict[str, FilterConfig] = Field(default={})
    """By label, which objects exist; those of other labels do."""
    ignore: Areas = ()
    """Areas, each a list of corners as in `polygon`: objects that stand in one (the bottom centre of the box) do not
    exist, such as the flag that always is a person."""
    ground: GroundConfig | None = None
    """What makes metres of the picture, so that events have `speed_mps`; wants `events`, `track`, a zone or a line,
    which tell it. null: nothing does."""

    @model_validator(mode="after")
    def _names_differ(self) -> SceneConfig:
        if shared := next((name for name in self.lines if name in self.zones), None):
            raise wrong("a zone has this name; want another, since they are counted by it", "lines", shared)
        return self

    def unknown_labels(self, labels: Sequence[str], detected: Sequence[str] | None) -> Iterator[tuple[Keys, str]]:
        """Where it names a label that no object can have, and what is wrong.

        A filter of what is left out does no harm. Keys are below the camera's. Only the model's file says what its
        labels are, so whoever has opened that asks.

        Args:
            labels: The model's.
            detected: Those of them that are not left out; None: all.
        """
        for keys, label in self._labels():
            if label not in labels:
                advice = nearest(label, labels) or f"; it has {', '.join(labels[:MOST_LABELS_TOLD])}"
                yield keys, f"the model has no {label}{advice}"
            elif detected is not None and label not in detected and keys[0] != "filters":
                yield keys, f"`detect.labels` leaves every {label} out; it has {', '.join(detected[:MOST_LABELS_TOLD])}"

    def _labels(self) -> Iterator[tuple[Keys, str]]:
        for kind, places in (("zones", self.zones), ("lines", self.lines)):
            for name, place in places.items():
                yield from (((kind, name, "labels", index), label) for index, label in enumerate(place.labels or ()))
        yield from ((("filters", label), label) for label in self.filters)
