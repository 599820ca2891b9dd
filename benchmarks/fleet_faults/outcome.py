"""From what boxes have noted: for how long cameras were unread, or read twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.fleet_faults.journal import Journal
from benchmarks.fleet_faults.schedule import Fault
from benchmarks.fleet_faults.spans import Span, common, longest, minus, total, twice, union


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a trial.

    Attributes:
        faults: What happened, with the names of hosts.
        held_s: For how long.
        unread_s: For how long at most a camera was not read by any box that the network reaches.
        twice_s: For how long in sum a camera was read by two boxes that could ask etcd, at most.
        apart_s: The same where etcd did not answer, or one of them was cut off.
        moves: How often a box began to read a camera.
        settled_s: How long after all was well again each camera was read by one box.
    """

    faults: tuple[Fault, ...]
    held_s: float
    unread_s: float
    twice_s: float
    apart_s: float
    moves: int
    settled_s: float


@dataclass(frozen=True, slots=True)
class Around:
    """What is known besides the notes.

    Attributes:
        cameras: That are to be read.
        window: From when to when it is about.
        cut: When which boxes were cut off.
        etcd_away: When no majority of its members was there.
    """

    cameras: Sequence[str]
    window: Span
    cut: Mapping[str, Sequence[Span]]
    etcd_away: Sequence[Span]


def judge(
    journals: Mapping[str, Journal], around: Around, faults: tuple[Fault, ...], held_s: float, settled_s: float
) -> Outcome:
    """What became of the cameras."""
    begin, end = around.window
    last = min(journal.at for journal in journals.values())
    unread, together, apart = [], [], []
    for camera in around.cameras:
        read = {name: common(journal.reading[camera], [around.window]) for name, journal in journals.items()}
        reached = [minus(spans, around.cut.get(name, ())) for name, spans in read.items()]
        answered = minus(twice(reached), around.etcd_away)
        unread.append(longest(minus([(begin, min(last, end))], union(*reached))))
        together.append(total(answered))
        apart.append(total(minus(twice(read.values()), answered)))
    return Outcome(
        faults=faults,
        held_s=held_s,
        unread_s=max(unread),
        twice_s=max(together),
        apart_s=max(apart),
        moves=sum(begin <= at <= end for journal in journals.values() for at in journal.epochs.values()),
        settled_s=settled_s,
    )
