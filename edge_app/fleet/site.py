"""What etcd knows of a site: which boxes are there, and which camera each of them reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.fleet.etcd import Entry, Etcd

ROOT = "/edge_app"


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """Where a site keeps what."""

    site: str

    @property
    def prefix(self) -> str:
        """Before everything of it."""
        return f"{ROOT}/{self.site}/"

    @property
    def move(self) -> str:
        """There while a camera moves from one box to another."""
        return f"{self.prefix}move"

    def box(self, name: str) -> str:
        """There while the box is."""
        return f"{self.prefix}boxes/{name}"

    def known(self, name: str) -> str:
        """There for a week after the box was, with the time at which it was last seen."""
        return f"{self.prefix}known/{name}"

    def camera(self, name: str) -> str:
        """There while a box reads the camera."""
        return f"{self.prefix}cameras/{name}"


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site at one moment.

    Attributes:
        boxes: By name, those that are there; their values have `capacity`.
        cameras: By name, those that are read; their values have `box`.
        known: When boxes were last seen that are not there [s since 1970].
        moving: Whether a camera is moving from one box to another.
    """

    boxes: Mapping[str, Entry]
    cameras: Mapping[str, Entry]
    known: Mapping[str, float]
    moving: bool

    def unseen_s(self, now: float) -> dict[str, float]:
        """For how long each box has been away; 0 for those that are there."""
        away = {name: max(0.1, now - seen) for name, seen in self.known.items() if name not in self.boxes}
        return {**away, **dict.fromkeys(self.boxes, 0.0)}

    @property
    def capacities(self) -> dict[str, int]:
        """How many cameras each box can read."""
        return {name: _whole(entry.value.get("capacity")) for name, entry in self.boxes.items()}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cameras each box reads, of those that read any."""
        return Counter(str(entry.value.get("box")) for entry in self.cameras.values())

    def read_by(self, box: str) -> list[str]:
        """The cameras of that box, the one that it has had for longest first."""
        found = [name for name, entry in self.cameras.items() if entry.value.get("box") == box]
        return sorted(found, key=lambda name: self.cameras[name].create_revision)


class SiteReader:
    """A site that is asked for often, and read again only if something has changed: its answers grow with it."""

    def __init__(self, etcd: Etcd, site: str) -> None:
        """Asks nothing yet."""
        self._etcd, self._site = etcd, site
        self._mark: tuple[int, int] | None = None
        self._view = SiteView({}, {}, {}, moving=False)

    def now(self) -> SiteView:
        """The site as it is; raises as `Etcd`."""
        mark = self._etcd.mark(SiteKeys(self._site).prefix)
        if mark != self._mark:
            self._view, self._mark = read_site(self._etcd, self._site), mark
        return self._view

    def forget(self) -> None:
        """Reads it anew the next time: etcd may be another one by then, with the same mark by chance."""
        self._mark = None


def read_site(etcd: Etcd, site: str) -> SiteView:
    """The site of that name as it is now; raises as `Etcd`."""
    found = etcd.under(SiteKeys(site).prefix)

    def part(kind: str) -> dict[str, Entry]:
        return {name.removeprefix(kind): entry for name, entry in found.items() if name.startswith(kind)}

    known = {name: float(entry.value.get("seen", 0)) for name, entry in part("known/").items()}
    return SiteView(part("boxes/"), part("cameras/"), known, "move" in found)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
