"""Whether etcd answers, for health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StoreState = Literal["up", "away"]


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How etcd is doing.

    Attributes:
        state: Whether it answers.
        reason: Why not; None if it does.
        since: When that began [s since the epoch].
    """

    state: StoreState
    reason: str | None
    since: float
