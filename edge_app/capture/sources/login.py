"""A camera's URL as people paste it, split into the URL and its login."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from edge_app.core.errors import UsageError

SECRET = re.compile(r"(?:pass|pwd|pw|pin|key|token|auth|secret|sig|user|login|account|code)\w*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UrlLogin:
    """A URL without its login, and the login that was in it.

    Attributes:
        url: May still hold a secret in its path or query; see `public`.
        username: Percent-decoded; None if there was none.
        password: The same.
    """

    url: str = field(repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def public(self) -> bool:
        """Whether the URL holds no secret; some cameras take user and password in path or query."""
        return not SECRET.search(self.url)


def split_login(url: str) -> UrlLogin:
    """Takes user and password out of an rtsp or rtsps URL.

    Raises:
        UsageError: It is not one, or it cannot be told where its login ends; the text repeats nothing of it.
    """
    scheme, found, rest = url.partition("://")
    if not found or scheme.lower() not in ("rtsp", "rtsps"):
        raise UsageError("want a URL that begins with rtsp:// or rtsps://")
    authority, tail = re.fullmatch(r"([^/?#]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    if "@" in tail:
        raise UsageError(
            "there is an @ behind the first / ? or # of the URL; within user and password write those as %2F %3F %23, "
            "or give these apart; within the path write @ as %40"
        )
    login, at, host = authority.rpartition("@")
    username, colon, password = login.partition(":")
    address = f"{scheme.lower()}://{host}{tail}"
    return UrlLogin(address, unquote(username) if at else None, unquote(password) if colon else None)
