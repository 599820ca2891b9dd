"""A thousand boxes in a simulation: the real `Member` of each, on a simulated clock and store."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Collection

from benchmarks.fleet_simulation.store import SimulatedClock, SimulatedEtcd, SimulatedStore
from edge_app.fleet import FleetConfig, Member
from edge_app.fleet.member import POLL_S
from edge_app.fleet.shares import shares

JITTER_S = 0.02  # what a step takes, at most
STARTS_S = 10.0  # within which all boxes do


class Box:
    """A box; it counts nothing and reads nothing, but the site knows who reads what.

    Attributes:
        alive: Whether it runs.
    """

    def __init__(self, site: Site, name: str) -> None:
        self._site, self.name, self.alive, self.starts = site, name, False, 0
        self.member: Member | None = None

    def names(self) -> Collection[str]:
        return self._site.cameras

    def read(self, camera: str, epoch: int) -> None:
        self._site.reads(self.name, camera)

    def let_go(self, camera: str) -> None:
        self._site.reads_no_more(self.name, camera)

    def start(self, store: SimulatedStore, clock: SimulatedClock) -> None:
        """It begins anew, and knows nothing of before."""
        config = FleetConfig(
            etcd=["http://simulated:1"], site=self._site.name, box=self.name, capacity=self._site.capacity
        )
        self.member, self.alive = Member(config, self, {}, etcd=SimulatedEtcd(store), clock=clock), True
        self.starts += 1

    def die(self) -> None:
        """As in a power cut."""
        self.alive = False
        if self.member is not None:
            for camera in self.member.held:
                self._site.reads_no_more(self.name, camera)


class Site:
    """Boxes and cameras that belong together.

    Attributes:
        begun: How often a box began to read a camera.
        unread: Cameras that no box reads, and since when.
    """

    def __init__(self, name: str, boxes: int, cameras: int, capacity: int, clock: SimulatedClock) -> None:
        self.name, self.capacity, self._clock = name, capacity, clock
        self.cameras = [f"camera{number:05}" for number in range(cameras)]
        self.boxes = [Box(self, f"box{number:04}") for number in range(boxes)]
        self.begun, self.unread = 0, dict.fromkeys(self.cameras, 0.0)
        self.longest_unread = 0.0
        self._readers: dict[str, set[str]] = {camera: set() for camera in self.cameras}

    def reads(self, box: str, camera: str) -> None:
        if box not in self._readers[camera]:
            self.begun += 1
            self._readers[camera].add(box)
            if camera in self.unread:
                self.longest_unread = max(self.longest_unread, self._clock() - self.unread.pop(camera))

    def reads_no_more(self, box: str, camera: str) -> None:
        self._readers[camera].discard(box)
        if not self._readers[camera]:
            self.unread.setdefault(camera, self._clock())

    @property
    def twice(self) -> int:
        """How many cameras are read by more than one box."""
        return sum(len(boxes) > 1 for boxes in self._readers.values())

    @property
    def without_room(self) -> int:
        """How many cameras are more than the boxes that run can read."""
        return max(0, len(self.cameras) - self.capacity * sum(box.alive for box in self.boxes))

    @property
    def is_even(self) -> bool:
        """Whether each box that runs has its share."""
        alive = {box.name: self.capacity for box in self.boxes if box.alive}
        counts = Counter(box for boxes in self._readers.values() for box in boxes)
        return (
            not self.unread
            and not self.twice
            and shares(alive, len(self.cameras)) == {name: counts[name] for name in alive}
        )


class Simulation:
    """All sites on one etcd."""

    def __init__(self, sites: int, boxes: int, cameras: int, capacity: int, seed: int) -> None:
        """So many boxes and cameras in each site."""
        self.chance, self.clock = random.Random(seed), SimulatedClock()
        self.store = SimulatedStore(self.clock)
        self.sites = [Site(f"site{number:04}", boxes, cameras, capacity, self.clock) for number in range(sites)]
        self.boxes = [box for site in self.sites for box in site.boxes]
        self.starts_s, self.asked, self.sent = STARTS_S, list[Counter[str]](), list[int]()
        self._events: list[tuple[float, int, int]] = []
        for number in range(len(self.boxes)):
            self.start(number, self.chance.uniform(0, STARTS_S))

    def start(self, number: int, after_s: float = 0.0) -> None:
        """That box starts, in a while."""
        heapq.heappush(self._events, (self.clock() + after_s, number, self.boxes[number].starts + 1))

    def alive(self) -> list[int]:
        """The boxes that run."""
        return [number for number, box in enumerate(self.boxes) if box.alive]

    def die(self, numbers: Collection[int]) -> None:
        """Those boxes, at once."""
        for number in numbers:
            self.boxes[number].die()

    def begin_chapter(self) -> None:
        """Counts anew what is counted."""
        self.asked, self.sent = [], []
        for site in self.sites:
            site.begun, site.longest_unread = 0, 0.0

    def run(self, seconds: float) -> None:
        """Lets so much time pass, in whole seconds, and counts what etcd is asked in each."""
        for _ in range(round(seconds)):
            self.store.asked.clear()
            self.store.sent.clear()
            self._run_until(self.clock() + 1.0)
            self.asked.append(Counter(self.store.asked))
            self.sent.append(sum(self.store.sent.values()))

    def run_until_even(self, most_s: float) -> float:
        """Lets time pass until every box has its share, and says how long that was; `inf` if it does not come."""
        began = self.clock()
        while self.clock() - began < most_s:
            self.run(1.0)
            if all(site.is_even for site in self.sites):
                return self.clock() - began
        return float("inf")

    def _run_until(self, end: float) -> None:
        while self._events[0][0] <= end:
            self.clock.now, number, start = heapq.heappop(self._events)
            self._step(number, start)
        self.clock.now = end

    def _step(self, number: int, start: int) -> None:
        box = self.boxes[number]
        if start > box.starts:
            box.start(self.store, self.clock)
        elif not box.alive or start < box.starts:
            return
        if box.member is not None:
            box.member.step()
        heapq.heappush(self._events, (self.clock() + POLL_S + self.chance.uniform(0, JITTER_S), number, start))
