"""Whether etcd answers, for health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EtcdState = Literal["up", "away"]


@dataclass(frozen=True, slots=True)
class EtcdStatus:
    """How etcd is doing.

    Attributes:
        state: Whether it answers.
        reason: Why not; None if it does.
        since: When that began [s since 1970].
    """

    state: EtcdState
    reason: str | None
    since: float
