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
    if not _possible(taken):
        return f"Digest {_plain(taken.values['algorithm'])}"
    return "" if not taken.qualities or "auth" in taken.qualities else "Digest with qop auth-int only"


def authorization(headers: Sequence[str], method: str, url: str, username: str, password: str) -> str | None:
    """The header that logs in as libav does; None if libav could not.

    Where `auth` is not offered, libav answers without any qop, with which old servers are content.
    """
    taken = _taken(challenges(headers))
    if taken is None or not _possible(taken):
        return None
    quality = "auth" if "auth" in taken.qualities else ""
    return taken.authorization(method, url, username, password, quality=quality)


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
