"""Whether a text without `://` is a camera's URL whose scheme was forgotten, or a path."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[\w-]*[a-z0-9])?"
_NUMBER = r"(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[0-9a-f]*(?::[0-9a-f]*){2,}"
_AUTHORITY = re.compile(
    rf"(?:(?P<number>{_NUMBER})|(?P<name>{_LABEL}(?:\.{_LABEL})*))(?P<port>:\d+)?",
    re.IGNORECASE | re.ASCII,
)
_COLON_ALONE = re.compile(r"(?:rtsps?|https?)(?::|//)", re.IGNORECASE)  # rtsp:/10.0.0.5, rtsp//10.0.0.5
_LOCAL = {"local", "localdomain", "lan", "home", "internal"}
_VIDEO = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm")


def looks_like_host(text: str) -> bool:
    """Whether it begins with a host, or with a login before one; ask only about what is no file here.

    >>> looks_like_host("10.0.0.5:554/s"), looks_like_host("admin:p/w@cam/s"), looks_like_host("camera.local/stream")
    (True, True, True)
    >>> looks_like_host("clips/gate.mp4"), looks_like_host("../10.0.0.5/s"), looks_like_host("clips.old/gate.mp4")
    (False, False, False)
    """
    if _COLON_ALONE.match(text):
        return True
    place = text.removeprefix("//")
    if place.startswith(("/", ".", "~")):
        return False
    login, at, rest = place.rpartition("@")
    authority, mark, tail = re.match(r"([^/?#]*)([/?#]?)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    is_url = bool(mark) and not rest.lower().endswith(_VIDEO)
    if at and (":" in login or is_url):
        return True
    found = _AUTHORITY.fullmatch(authority)
    if found is None or found["number"] or found["port"]:
        return found is not None
    *others, last = found["name"].lower().split(".")
    if last == "localhost" or (others and last in _LOCAL):
        return True
    # camera.example/stream may still be a folder, and then cannot be told from one that is not there.
    return is_url and (bool(others and last.isalpha() and len(last) > 1) or "=" in tail.partition("?")[2])
