"""What a member of a fleet asks of the program whose box it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Reader(Protocol):
    """What reads this box's cameras; nothing here waits, as a lease is to be kept meanwhile."""

    def names(self) -> Collection[str]:
        """The cameras that the site has."""

    def read(self, camera: str, epoch: int) -> None:
        """Begins to read it soon; one that is read already goes on, in another epoch."""

    def let_go(self, camera: str) -> None:
        """Soon reads it no more."""
