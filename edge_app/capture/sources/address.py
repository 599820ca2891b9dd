"""A network camera's URL: without secrets for people, the login for the camera, and whether a redirect stays."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from pydantic import SecretStr

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}  # as libav has them

# What a URL may show: words that cameras' makers and people give to streams, and numbers too short to be a secret.
_WORDS = (
    "above|amp|api|audio|auto|avc?|axis|back|bin|cams?|cameras?|cgi|channels?|ch|clip|compression|current|default|device|"
    "dev|door|east|entrance|faststream|feed|floor|flv|fps|framerate|frames?|front|garage|gate|hall|h26[45]|hd|hevc|high|"
    "hls|https?|images?|img|index|ipcam|isapi|jpe?g|left|live|lobby|low|m3u8?|main|media|medium|mjpe?g|monitor|motion|"
    "mp4|mpe?g4?|multicast|night|north|nph|ogg|onvif|out|parking|picture|play|png|preview|primary|profile|psia|quality|"
    "rate|realmonitor|resolution|right|rotation|rtsp|screen|sd|sdp|secondary|seed|shop|size|snap|snapshots?|south|stills?|"
    "streamer|streaming|streams?|street|sub|subtype|test|track|ts|type|unicast|v|videos?|view|webcam|webm|west|yard"
)
_HARMLESS = re.compile(rf"(?:(?:{_WORDS}|(?<!\d)(?:\d{{1,3}}|\d{{2,5}}x\d{{2,5}})(?!\d))[-_.]*)+", re.IGNORECASE)
_HOST = re.compile(r"[\w.:%\[\]-]*")
_HIDDEN = "***"


def redacted(url: str) -> str:
    """The URL without its login, and of its path and query only what is known to be harmless.

    >>> redacted("rtsp://admin:p/w@10.0.0.5/Streaming/Channels/101?channel=1&token=abc&pin=12#x")
    'rtsp://10.0.0.5/Streaming/Channels/101?channel=1&***&***#***'
    >>> redacted("http://10.0.0.5:81/api/key-4711abcd/live.mjpg")
    'http://10.0.0.5:81/api/***/live.mjpg'
    """
    scheme, found, rest = url.partition("://")
    # An unencoded password may hold "/" and "?": all before the last "@" counts as the login.
    place, hash_mark, _ = rest.rpartition("@")[2].partition("#")
    place, question, query = place.partition("?")
    host, *path = place.split("/")
    shown = "/".join([host if _HOST.fullmatch(host) else _HIDDEN, *map(_part, path)])
    asked = question + "&".join(map(_parameter, query.split("&")))
    return f"{scheme}{found}{shown}{asked}{hash_mark and f'#{_HIDDEN}'}"


def _part(text: str) -> str:
    return text if not text or _HARMLESS.fullmatch(text) else _HIDDEN


def _parameter(text: str) -> str:
    name, _, value = text.partition("=")
    return text if _part(name) == name and _part(value) == value else _HIDDEN


@dataclass(frozen=True)
class Address:
    """Where a camera is and how to log in there.

    Attributes:
        url: As configured; it may hold a login of its own, which `username` replaces.
        username: Who logs in.
        password: Any characters.
    """

    url: str = field(repr=False)
    username: str | None = field(default=None, repr=False)
    password: SecretStr | None = None

    def __str__(self) -> str:
        return redacted(self.url)

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0].lower()

    @property
    def host(self) -> str:
        """Its name or number, without port."""
        return re.sub(r":\d*$", "", self._place).strip("[]")

    @property
    def port(self) -> int:
        """The one of its URL, else the one of its scheme."""
        found = re.search(r":(\d+)$", self._place)
        return int(found[1]) if found else PORTS[self.scheme]

    @property
    def without_login(self) -> str:
        """The URL that the camera is asked for, without user and password; its path may hold secrets."""
        tail = re.sub(r"^[^/?#]*", "", self.url.partition("://")[2])
        return f"{self.scheme}://{self._place}{tail}"

    @property
    def _place(self) -> str:
        """Host and port as the URL has them."""
        return re.split(r"[/?#]", self.url.partition("://")[2])[0].rpartition("@")[2]

    def moved_to(self, location: str) -> Address | None:
        """The address of a redirect that stays with the camera; None if it leads away.

        It stays on the same host and port, or goes from http to https, with which the host proves itself.
        """
        try:
            there = replace(self, url=urljoin(self.url, location).partition("#")[0])
        except ValueError:  # it is no URL
            return None
        if not location or there.scheme not in PORTS or there.host.lower() != self.host.lower():
            return None
        secured = (self.scheme, there.scheme) == ("http", "https") and there.port
        return there if secured or (there.scheme, there.port) == (self.scheme, self.port) else None
