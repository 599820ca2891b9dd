"""Chance that is a pure function of its keys: the same on every machine, Python and NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


def scramble(*keys: int) -> int:
    """A 64-bit number that depends on the keys only (the mixing steps of splitmix64)."""
    mixed = 0x9E3779B97F4A7C15
    for key in keys:
        mixed = ((mixed ^ (key & _MASK)) * 0xBF58476D1CE4E5B9 + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0x94D049BB133111EB) & _MASK
        mixed ^= mixed >> 31
    return mixed


class Dice:
    """A sequence of throws that begins anew for every set of keys."""

    def __init__(self, *keys: int) -> None:
        self._state = scramble(*keys)

    def unit(self) -> float:
        """A number in [0, 1)."""
        self._state = scramble(self._state)
        return (self._state >> 11) * 2.0**-53

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.unit() * (high - low + 1))

    def happens(self, probability: float) -> bool:
        """True with this probability."""
        return self.unit() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[int(self.unit() * len(choices))]
