"""Which fault happens when: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ROUND_S, REST_S = 90.0, 30.0  # with a rest at its end, in which all is up again and nothing waits


@dataclass(frozen=True, order=True)
class Fault:
    """One fault of one site.

    Attributes:
        begins_s, ends_s: Since the start of the soak [s].
        site: Whose it is.
        kind: What it is.
    """

    begins_s: float
    ends_s: float
    site: str
    kind: str


def scheduled(
    kinds: Mapping[str, Sequence[str]], seed: int, rounds: int, *, pause_s: tuple[float, float] = (3.0, 20.0)
) -> list[Fault]:
    """The faults of all sites in their order: at each one at a time, of 2 to 15 s, with pauses; none while all rest.

    Args:
        kinds: The kinds of faults that a site has.
        seed: Of chance.
        rounds: How many there are, of `ROUND_S` each, of which the last `REST_S` have no fault.
        pause_s: The shortest and the longest pause [s].
    """
    faults = []
    for site, possible in kinds.items():
        chance = random.Random(f"{seed} {site}")
        for began_s in (ROUND_S * number for number in range(rounds)):
            ends_s = began_s
            while True:
                begins_s = ends_s + chance.uniform(*pause_s)
                ends_s = begins_s + chance.uniform(2.0, 15.0)
                if ends_s > began_s + ROUND_S - REST_S:
                    break
                faults.append(Fault(begins_s, ends_s, site, chance.choice(possible)))
    return sorted(faults)
