"""How to log in to a server, over HTTP or RTSP, once it asks for it: with the best that it offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_app.capture.sources.challenge import HASHES, Challenge


@dataclass
class ServerLogin:
    """A user and password, and what the server has asked for so far; a digest's nonce is used until it is refused."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    _challenge: Challenge | None = None
    _count: int = 0

    @property
    def is_asked(self) -> bool:
        """Whether the server has asked for what can be answered."""
        return self._challenge is not None

    def asked(self, offered: Sequence[Challenge]) -> bool:
        """Takes what a server asks for; whether it can be answered."""
        best = max(offered, key=_strength, default=None)
        self._challenge, self._count = (best, 0) if best and _strength(best) else (None, 0)
        return self.is_asked

    def authorization(self, method: str, target: str) -> str | None:
        """The header's value for a request; None as long as the server has not asked."""
        if self._challenge is None:
            return None
        self._count += 1
        who, quality = (self.username, self.password), _quality(self._challenge) or ""
        return self._challenge.authorization(method, target, *who, quality=quality, count=self._count)


def can_answer(offered: Sequence[Challenge]) -> bool:
    """Whether one of them can be answered."""
    return any(map(_strength, offered))


def _strength(challenge: Challenge) -> int:
    """0 if it cannot be answered; the strongest is answered."""
    if challenge.scheme == "basic":
        return 1
    possible = challenge.scheme == "digest" and "nonce" in challenge.values
    if not possible or _quality(challenge) is None or challenge.algorithm not in HASHES:
        return 0
    return 2 + list(HASHES).index(challenge.algorithm)


def _quality(challenge: Challenge) -> str | None:
    """What of a digest's qop is answered, empty where it has none; None if it offers others only."""
    offered = challenge.qualities or [""]
    return next((known for known in ("auth", "auth-int", "") if known in offered), None)
