"""What happens to whom: at random, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

BRIEF_S, LONG_S = (0.5, 4.0), (7.0, 11.0)  # a lease outlives the one, and not the other
PAUSE_S = 3.0  # at most, before it: so that things also happen while cameras are still being shared out
PROCESS = ("killed", "frozen")
BOX_NETWORK, ETCD_NETWORK = ("cut",), ("cut", "split")

LEADER = "leader"
"""Whoever leads etcd by then."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens to a host.

    Attributes:
        host: Its name, or `LEADER`.
        kind: `killed`, `frozen`, `cut` or `split`.
    """

    host: str
    kind: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault, or two at once.

    Attributes:
        pause_s: How long before them nothing happens.
        faults: What happens.
        held_s: For how long.
    """

    pause_s: float
    faults: tuple[Fault, ...]
    held_s: float


def schedule(boxes: Sequence[str], etcd: Sequence[str], network: Sequence[str], seed: int, trials: int) -> list[Trial]:
    """So many trials; `network` is what can happen to connections."""
    chance = random.Random(seed)

    def box(*names: str) -> Fault:
        return Fault(
            chance.choice(names), chance.choice([*PROCESS, *(kind for kind in BOX_NETWORK if kind in network)])
        )

    def member(*names: str) -> Fault:
        kinds = [*PROCESS, *(kind for kind in ETCD_NETWORK if kind in network)]
        return Fault(chance.choice(names), chance.choice(kinds))

    def faults() -> tuple[Fault, ...]:
        what = chance.choices(["box", "etcd", "two boxes", "box and leader", "two of etcd"], [5, 3, 3, 4, 1])[0]
        if what == "box":
            return (box(*boxes),)
        if what == "etcd":
            return (member(LEADER, chance.choice(etcd)),)
        if what == "two boxes":
            return tuple(box(name) for name in chance.sample(boxes, 2))
        if what == "box and leader":
            return box(*boxes), member(LEADER)
        return tuple(member(name) for name in chance.sample(etcd, 2))

    return [
        Trial(chance.uniform(0, PAUSE_S), faults(), chance.uniform(*(BRIEF_S if chance.random() < 0.25 else LONG_S)))
        for _ in range(trials)
    ]
