"""What a new configuration changes, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edge_app.analytics.scene import SceneConfig
from edge_app.app.config import AppConfig
from edge_app.app.factory import Parts
from edge_app.config.section import Section
from edge_app.evidence.config import PrivacyConfig

Op = Literal["+", "-", "~", "="]

PARTS_OF_THE_MODEL = frozenset({"model", "engine"})
PARTS_OF_ANALYTICS = frozenset({"detect", "track", "events"})  # `detect` has the lowest score
ONLY_AT_THE_START = frozenset({"state_dir", "timezone", "web", "fleet", "workers"})
LISTED = frozenset({"cameras", "publish"})  # by their own names
SCENE = frozenset(SceneConfig.model_fields)
PRIVACY = frozenset(PrivacyConfig.model_fields)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one part.

    Attributes:
        op: `+` is added, `-` removed, `~` changed, `=` kept.
        part: `camera yard`, `sink mqtt`, or a section such as `detect`.
        keys: Of the part, those that have another value.
        note: Why a part that has changed is kept; empty if there is nothing to say.
    """

    op: Op
    part: str
    keys: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        said = ": ".join(filter(None, (self.part, ", ".join(self.keys))))
        return f"{self.op} {said}{f' ({self.note})' if self.note else ''}"

    @property
    def document(self) -> dict[str, Any]:
        """As JSON says it."""
        return {"op": self.op, "part": self.part, "keys": [*self.keys]} | ({"note": self.note} if self.note else {})

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Change:
        """What was told so."""
        return cls(document["op"], document["part"], tuple(document["keys"]), document.get("note", ""))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done; parts by name, sections by their keys in the file.

    Attributes:
        cameras, sinks: What becomes of each.
        sections: What becomes of the others.
    """

    cameras: Mapping[str, Change]
    sinks: Mapping[str, Change]
    sections: Mapping[str, Change]

    def __iter__(self) -> Iterator[Change]:
        """Every change, in the order of the file, what is kept among them."""
        yield from self.sections.values()
        yield from self.cameras.values()
        yield from self.sinks.values()

    @property
    def is_empty(self) -> bool:
        """Whether everything is kept."""
        return all(change.op == "=" for change in self)

    @property
    def loads_model(self) -> bool:
        """Whether another model, or another engine, answers."""
        return self._changes(PARTS_OF_THE_MODEL)

    @property
    def remakes_analytics(self) -> bool:
        """Whether those of every camera are made again."""
        return self.loads_model or self._changes(PARTS_OF_ANALYTICS)

    def rescenes(self, camera: str) -> bool:
        """Whether what the camera's picture shows has changed, and nothing for which its stream would end."""
        change = self.cameras[camera]
        return change.op == "~" and not self.reopens(camera) and not SCENE.isdisjoint(change.keys)

    def reopens(self, camera: str) -> bool:
        """Whether the camera is replaced by another one of its name."""
        change = self.cameras[camera]
        return change.op == "~" and not (SCENE | PRIVACY).issuperset(change.keys)

    def _changes(self, sections: frozenset[str]) -> bool:
        return any(self.sections[name].op != "=" for name in sections if name in self.sections)


def make_plan(old: Parts, new: Parts) -> Plan:
    """What is to be done to run what `new` says instead of `old`."""
    cameras = _by_name("camera", old.config.cameras, new.config.cameras)
    sinks = _by_name("sink", {s.name: s for s in old.config.publish}, {s.name: s for s in new.config.publish})
    names = [name for name in AppConfig.model_fields if name not in LISTED]
    sections = {
        name: change
        for name in names
        if (change := _section(name, getattr(old.config, name), getattr(new.config, name))) is not None
    }
    if sections["model"].op == "=" and old.detector.sha256 != new.detector.sha256:
        sections["model"] = Change("~", "model", ("its file",))
    return Plan(cameras, sinks, sections)


def _by_name(kind: str, old: Mapping[str, Section], new: Mapping[str, Section]) -> dict[str, Change]:
    return {name: _change(f"{kind} {name}", old.get(name), new.get(name)) for name in {**old, **new}}


def _section(name: str, old: Any, new: Any) -> Change | None:
    """What becomes of it; None if it neither was nor is there."""
    if old is None and new is None:
        return None
    change = _change(name, old, new)
    if name in ONLY_AT_THE_START and change.op != "=":
        return Change("=", name, note="changes when the program starts again")
    return change


def _change(part: str, old: Any, new: Any) -> Change:
    if old is None:
        return Change("+", part)
    if new is None:
        return Change("-", part)
    if isinstance(old, Section) and isinstance(new, Section) and type(old) is type(new):
        keys = tuple(key for key in type(old).model_fields if getattr(old, key) != getattr(new, key))
        return Change("~" if keys else "=", part, keys)
    return Change("=" if old == new else "~", part)
