"""What clips that are being made take on the disk, beside what is kept already."""

from __future__ import annotations

import threading
from pathlib import Path

FULL = 0.9  # of their share, beyond which no other begins, so that those that have begun may end as they were to


class Drafts:
    """The sizes of clips that are being made; any thread may use it.

    They have a share of the disk to themselves, and take of it before they are written. So nobody has to make room for
    them in time, and the disk's bound holds however fast they grow and whoever is slow.

    Attributes:
        most: Their share [bytes].
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._sizes: dict[Path, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """What they have taken [bytes]."""
        return self._total

    def __contains__(self, path: object) -> bool:
        """Whether this file is being written, or was and is to be kept."""
        return path in self._sizes

    @property
    def paths(self) -> frozenset[Path]:
        """Of all of them."""
        with self._lock:
            return frozenset(self._sizes)

    @property
    def has_room(self) -> bool:
        """Whether another one may begin."""
        return self._total <= self.most * FULL

    def take(self, draft: Path, size: int) -> bool:
        """Whether this one may be so large from now on [bytes]; if not, it stays as large as it may be now."""
        with self._lock:
            total = self._total - self._sizes.get(draft, 0) + size
            if total > self.most:
                return False
            self._sizes[draft], self._total = size, total
            return True

    def ended(self, draft: Path) -> None:
        """This one is deleted, or kept."""
        with self._lock:
            self._total -= self._sizes.pop(draft, 0)
