"""What a camera's picture shows: its zones and lines, what is ignored in it, and its ground."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field, model_validator

from edge_app.analytics.filters import FilterConfig
from edge_app.analytics.ground import GroundConfig
from edge_app.analytics.lines import LineConfig
from edge_app.analytics.polygons import Polygon
from edge_app.analytics.zones import ZoneConfig
from edge_app.config.issue import Keys, nearest
from edge_app.config.section import Name, Section, wrong

MOST_LABELS_TOLD = 12


class SceneConfig(Section):
    """The keys of a camera that say what its picture shows."""

    zones: dict[Name, ZoneConfig] = Field(default={})
    """Areas by name, made of a-z, 0-9 and _: who enters, stays and leaves."""
    lines: dict[Name, LineConfig] = Field(default={})
    """Lines by name, made of a-z, 0-9 and _, which no zone has: who crosses them, and which way."""
    filters: dict[str, FilterConfig] = Field(default={})
    """By label, which objects exist; those of other labels do."""
    ignore: tuple[Polygon, ...] = ()
    """Areas, each a list of corners as in `polygon`: objects that stand in one (the bottom centre of the box) do not
    exist, such as the flag that always is a person."""
    ground: GroundConfig | None = None
    """What makes metres of the picture, so that events have `speed_mps`; null: nothing does."""

    @model_validator(mode="after")
    def _names_differ(self) -> SceneConfig:
        if shared := next((name for name in self.lines if name in self.zones), None):
            raise wrong("a zone has this name; want another, since they are counted by it", "lines", shared)
        return self

    def unknown_labels(self, labels: Sequence[str]) -> Iterator[tuple[Keys, str]]:
        """Where it names a label that the model does not have, which has these, and what is wrong.

        Keys are below the camera's. Only the model's file says what its labels are, so whoever has opened that asks.
        """
        for keys, label in self._labels():
            if label not in labels:
                advice = nearest(label, labels) or f"; it has {', '.join(labels[:MOST_LABELS_TOLD])}"
                yield keys, f"the model has no {label}{advice}"

    def _labels(self) -> Iterator[tuple[Keys, str]]:
        for kind, places in (("zones", self.zones), ("lines", self.lines)):
            for name, place in places.items():
                yield from (((kind, name, "labels", index), label) for index, label in enumerate(place.labels or ()))
        yield from ((("filters", label), label) for label in self.filters)
