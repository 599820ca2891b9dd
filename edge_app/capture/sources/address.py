"""A network camera's URL: without secrets for people, with the login for libav."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import SecretStr

from edge_app.core.errors import ConfigError

# libav truncates "user:password" for RTSP, percent-encoded, to so many bytes, and the camera then refuses it.
LONGEST_LOGIN = 127
PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}  # as libav has them
# libav needs no encoding of these inside a login; it would only make it longer.
HARMLESS = "!$&'()*+,;=@~"

_SECRET = re.compile(r"pass|pwd|pw$|pin|key|token|auth|secret|sig|user|login|account|code", re.IGNORECASE)
# Some cameras want user=…_password=… as the path, and it cannot be told where that ends.
_LOGIN_IN_PATH = re.compile(r"((?:user|pass|pwd)\w*=)[^/]+", re.IGNORECASE)


def redacted(url: str) -> str:
    """The URL without its login, and without anything in its query that may be a secret.

    >>> redacted("rtsp://admin:p/w@10.0.0.5/main?channel=1&token=abc&quality=best&pin=12")
    'rtsp://10.0.0.5/main?channel=1&token=***&quality=***&pin=***'
    >>> redacted("rtsp://10.0.0.5:554/user=admin_password=abc_channel=1.sdp")
    'rtsp://10.0.0.5:554/user=***'
    """
    scheme, found, rest = url.partition("://")
    # An unencoded password may hold "/" and "?": all before the last "@" counts as the login.
    place, question, query = rest.rpartition("@")[2].partition("?")
    shown = [_parameter(part) for part in query.split("&")] if question else []
    place = _LOGIN_IN_PATH.sub(r"\1***", place)
    return scheme + found + place + question + "&".join(shown)


def _parameter(part: str) -> str:
    """A part of a query; only short numbers, such as channels, are certainly not secret."""
    name, equals, value = part.partition("=")
    harmless = re.fullmatch(r"\d{1,3}", value) and not _SECRET.search(name)
    return part if harmless or (equals and not value) else f"{name}=***" if equals else "***"


@dataclass(frozen=True)
class Address:
    """Where a camera is and how to log in there.

    Attributes:
        url: As configured; it may hold a login of its own, which `username` replaces.
        username: Who logs in.
        password: Any characters.

    Raises:
        ConfigError: The login is longer than libav can carry over RTSP.
    """

    url: str = field(repr=False)
    username: str | None = field(default=None, repr=False)
    password: SecretStr | None = None

    def __post_init__(self) -> None:
        if self.scheme in ("rtsp", "rtsps") and len(self._login()) > LONGEST_LOGIN:
            raise ConfigError(f"{self}: username and password are longer than the {LONGEST_LOGIN} bytes that fit here")

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

    def for_libav(self) -> str:
        """The URL with user and password; never to be shown or logged."""
        if self.username is None:
            return self.url
        authority, tail = re.fullmatch(r"([^/?#]*)(.*)", self.url.partition("://")[2], re.DOTALL).groups()  # type: ignore[union-attr]
        return f"{self.scheme}://{self._login()}@{authority.rpartition('@')[2]}{tail}"

    def _login(self) -> str:
        """User and password, percent-encoded."""
        password = self.password.get_secret_value() if self.password else ""
        return f"{quote(self.username or '', safe=HARMLESS)}:{quote(password, safe=HARMLESS + ':')}"
