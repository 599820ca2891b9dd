"""What happens to a thousand boxes, in chapters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.fleet_simulation.fleet import Simulation

AWAY_S, QUIET_S, MOST_S = 60.0, 60.0, 1200.0
TENTH = 10


@dataclass(frozen=True, slots=True)
class Chapter:
    """Something that happened, and what came of it.

    Attributes:
        name: What.
        unread_s: For how long at most a camera was not read that is read now [s].
        unread: How many cameras are not read in the end.
        no_room: How many of these there is no room for: their site has too few boxes left.
        even_s: After how long each box had its share [s]; None where that was not waited for.
        begun: How often a box began to read a camera.
        asked: The calls of each second.
        sent: The bytes that etcd answered in each second.
    """

    name: str
    unread_s: float
    unread: int
    no_room: int
    even_s: float | None
    begun: int
    asked: list[Counter[str]]
    sent: list[int]


def chapters(simulation: Simulation) -> Iterator[Chapter]:
    """Lets it all happen, one thing after the other."""
    simulation.run(simulation.starts_s + 5)
    yield _told(simulation, "all start, within 10 s: until all cameras are read", None)
    yield _told(simulation, "the same: until it is even", simulation.run_until_even(MOST_S))
    simulation.run(QUIET_S)
    yield _told(simulation, "nothing happens, for a minute", None)
    one = simulation.alive()[0]
    simulation.die([one])
    simulation.run(AWAY_S)
    yield _told(simulation, "a box dies", None)
    simulation.start(one)
    yield _told(simulation, "it is back", simulation.run_until_even(MOST_S))
    tenth = simulation.chance.sample(simulation.alive(), len(simulation.boxes) // TENTH)
    simulation.die(tenth)
    simulation.run(AWAY_S)
    yield _told(simulation, f"{len(tenth)} boxes die at once", None)
    for number in tenth:
        simulation.start(number)
    yield _told(simulation, "they are back", simulation.run_until_even(MOST_S))
    simulation.store.leave()
    simulation.run(AWAY_S)
    yield _told(simulation, "no etcd, for a minute", None)
    simulation.store.come_back()
    yield _told(simulation, "it is back, with what it knew", simulation.run_until_even(MOST_S))


def _told(simulation: Simulation, name: str, even_s: float | None) -> Chapter:
    """The chapter that has ended; another one begins."""
    chapter = Chapter(
        name=name,
        unread_s=max(site.longest_unread for site in simulation.sites),
        unread=sum(len(site.unread) for site in simulation.sites),
        no_room=sum(site.without_room for site in simulation.sites),
        even_s=even_s,
        begun=sum(site.begun for site in simulation.sites),
        asked=simulation.asked,
        sent=simulation.sent,
    )
    simulation.begin_chapter()
    return chapter
