"""What other threads hand to the HTTP side's loop, without waiting for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from edge_app.web.live.rounds import Rounds

T = TypeVar("T")


class Inlet(Generic[T]):
    """Takes things from any thread, and gives them to a function in the loop, in their order.

    It holds a few: where the loop is late the oldest go, and the function is told so.
    """

    def __init__(self, rounds: Rounds, most: int, take: Callable[[Sequence[T], bool], object]) -> None:
        """Holds nothing yet.

        Args:
            rounds: When things are given.
            most: How many it holds.
            take: Called with what has come since the last call, and whether anything before it went.
        """
        self._rounds, self._take = rounds, take
        self._held: deque[T] = deque(maxlen=most)
        self._lost = self._told = False

    def put(self, item: T) -> None:
        """Any thread may call it; it takes microseconds."""
        if len(self._held) == self._held.maxlen:
            self._lost = True
        self._held.append(item)
        if not self._told:
            self._told = True
            self._rounds.call(self._serve)

    def _serve(self) -> None:
        self._told = False  # first: what comes from here on tells it again
        lost, self._lost = self._lost, False
        found = [self._held.popleft() for _ in range(len(self._held))]
        self._take(found, lost)
