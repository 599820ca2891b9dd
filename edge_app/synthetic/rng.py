"""Random numbers that depend only on keys: the same on every machine and with every Python and NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


def hash_keys(*keys: int) -> int:
    """A 64-bit hash of the keys (the mixing steps of splitmix64)."""
    mixed = 0x9E3779B97F4A7C15
    for key in keys:
        mixed = ((mixed ^ (key & _MASK)) * 0xBF58476D1CE4E5B9 + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0x94D049BB133111EB) & _MASK
        mixed ^= mixed >> 31
    return mixed


class KeyedRng:
    """A random number generator; equal keys give equal sequences."""

    def __init__(self, *keys: int) -> None:
        self._state = hash_keys(*keys)

    def random(self) -> float:
        """A number in [0, 1)."""
        self._state = hash_keys(self._state)
        return (self._state >> 11) * 2.0**-53

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.random()

    def randint(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def choice(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[int(self.random() * len(choices))]
