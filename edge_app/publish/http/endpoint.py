"""Where a server is, of which nobody is shown more than the host: path and query often are a password."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

PORTS = {"http": 80, "https": 443}
# All that may stand in a request; the rest is percent-encoded.
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
SECRET_LENGTH = 12  # a part of a path that is as long may be a token
EXAMPLE = "want a URL such as https://host/path"


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """A server and what is asked of it.

    Attributes:
        tls: Whether the connection is encrypted.
        host: Name or address, without brackets.
        port: Where it listens.
        target: Path and query, as they are sent.
        login: The value of `Authorization` for the user within the URL; None if there is none.
        secrets: What in the URL may be secret.
    """

    tls: bool
    host: str
    port: int
    target: str
    login: str | None
    secrets: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The server, for logs and errors."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole, without the login; for a proxy."""
        return f"{'https' if self.tls else 'http'}://{self.shown}{self.target}"


def endpoint_of(url: str) -> HttpEndpoint:
    """Where the URL leads.

    >>> endpoint_of("https://hooks.example.com/edge?token=a b").target
    '/edge?token=a%20b'

    Raises:
        ValueError: It is not one of http or https; the text says what is wanted, and shows nothing of it.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        host.encode("idna")
    except ValueError:  # UnicodeError too
        raise ValueError(EXAMPLE) from None
    if parts.scheme not in PORTS or not host or " " in parts.netloc:
        raise ValueError(EXAMPLE)
    if "#" in url:
        raise ValueError("want a URL without #, after which nothing is sent; write %23 for the character itself")
    target = quote(f"{parts.path or '/'}{parts.query and '?'}{parts.query}", safe=PRINTABLE)
    return HttpEndpoint(
        tls=parts.scheme == "https",
        host=host,
        port=port or PORTS[parts.scheme],
        target=target,
        login=_basic(parts.username, parts.password),
        secrets=tuple(_secrets(parts.path, parts.query, parts.username, parts.password)),
    )


def _basic(username: str | None, password: str | None) -> str | None:
    if username is None:
        return None
    login = f"{unquote(username)}:{unquote(password or '')}"
    return f"Basic {b64encode(login.encode()).decode()}"


def _secrets(path: str, query: str, username: str | None, password: str | None) -> Iterator[str]:
    yield from (part for part in path.split("/") if len(part) >= SECRET_LENGTH)
    yield from filter(None, [query, *(value for _, value in parse_qsl(query))])
    if username is not None:
        secret = unquote(password or username)
        yield from (secret, _basic(username, password) or "")
