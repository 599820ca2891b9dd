"""Whether a text without `://` is a camera's URL whose scheme was forgotten, or a path."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[\w-]*[a-z0-9])?"
_NUMBER = r"(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[0-9a-f]*(?::[0-9a-f]*){2,}"
_AUTHORITY = re.compile(
    rf"(?:(?P<number>{_NUMBER})|(?P<name>{_LABEL}(?:\.{_LABEL})*))(?P<port>:\d+)?",
    re.IGNORECASE | re.ASCII,
)
# rtsp:/10.0.0.5, rtsp//10.0.0.5, rtsp;//10.0.0.5, rtsp:\\10.0.0.5; but not rtsp/10.0.0.5, which may be a path.
_MISSPELT = re.compile(r"(?:rtsps?|https?)(?://|[^\w/.-]|[.-]//)", re.IGNORECASE)
_LOCAL = {"local", "localdomain", "lan", "home", "internal"}
_VIDEO = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm")


def looks_like_host(text: str) -> bool:
    """Whether it begins with a host, or with a login before one; ask only about what is no file here.

    >>> looks_like_host("10.0.0.5:554/s"), looks_like_host("admin:p/w@cam/s"), looks_like_host("camera.local/stream")
    (True, True, True)
    >>> looks_like_host("rtsp;//cam/s"), looks_like_host("cam1/stream"), looks_like_host("www.cam.example")
    (True, True, True)
    >>> looks_like_host("clips/gate.mp4"), looks_like_host("../10.0.0.5/s"), looks_like_host("clips.old/gate.mp4")
    (False, False, False)
    """
    if _MISSPELT.match(text):
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
    if last == "localhost" or (others and (last in _LOCAL or others[0] == "www")):
        return True
    # camera.example/stream and cam1/stream may still be folders, and then cannot be told from some that are not there.
    in_domain, in_folder = bool(others) and last.isalpha() and len(last) > 1, "." in tail.rpartition("/")[2]
    return is_url and (in_domain or "=" in tail.partition("?")[2] or (bool(tail) and not others and not in_folder))
