"""What files that are being written take on the disk, beside those that are whole."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

STEP, STEPS = 1_000_000, 32  # bytes in which they count, or so many parts of what they may take


class Drafts:
    """The sizes of clips that are being made; any thread may use it.

    They count as what is kept does, and ahead of what they take, as room is made now and then: so the bound holds while
    they grow. They take no more than half of it, so that not everything is deleted for what may never be whole.

    Attributes:
        most: What they may take together [bytes].
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._sizes: dict[Path, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """What they count as now [bytes]."""
        return self._total

    def __contains__(self, path: object) -> bool:
        """Whether this file is being written, or was and is to be kept."""
        return path in self._sizes

    @property
    def sizes(self) -> Mapping[Path, int]:
        """What each of them counts as now [bytes]."""
        with self._lock:
            return dict(self._sizes)

    @property
    def has_room(self) -> bool:
        """Whether they may take more."""
        return self._total < self.most

    def grew(self, draft: Path, size: int) -> None:
        """So large is this one now [bytes]."""
        step = max(1, min(STEP, self.most // STEPS))
        self.take(draft, (size // step + 2) * step)

    def take(self, draft: Path, counted: int) -> None:
        """This one counts as so much from now on [bytes]."""
        with self._lock:
            self._total += counted - self._sizes.get(draft, 0)
            self._sizes[draft] = counted

    def ended(self, draft: Path) -> None:
        """This one is deleted, or is whole and counted elsewhere."""
        with self._lock:
            self._total -= self._sizes.pop(draft, 0)
