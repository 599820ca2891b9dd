"""How RTSP cameras want a login: what libav can do of it, and our own proof for what it does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edge_app.capture.sources.challenge import Challenge, challenges


def missing(headers: Sequence[str]) -> str:
    """What the camera wants and libav cannot do, such as `Digest SHA-256`; empty if it can."""
    offered = challenges(headers)
    taken = _taken(offered)
    if taken is None:
        return _plain(offered[-1].name) if offered else ""
    return "" if _possible(taken) else f"Digest {_plain(taken.values['algorithm'])}"


def authorization(headers: Sequence[str], method: str, url: str, username: str, password: str) -> str | None:
    """The header that logs in as libav does; None if libav could not."""
    taken = _taken(challenges(headers))
    return taken.authorization(method, url, username, password) if taken and _possible(taken) else None


def _taken(offered: Sequence[Challenge]) -> Challenge | None:
    """The one that libav answers: the last Digest challenge, else the last Basic one."""
    known = [challenge for challenge in offered if challenge.scheme in ("basic", "digest")]
    return sorted(known, key=lambda challenge: challenge.scheme == "digest")[-1] if known else None


def _possible(taken: Challenge) -> bool:
    """Whether libav can answer it; of the hashes it computes MD5 only."""
    return taken.scheme == "basic" or taken.algorithm == "md5"


def _plain(name: str) -> str:
    """A camera's word, fit for a line of ours."""
    return re.sub(r"[^\w-]", "", name)[:20]
