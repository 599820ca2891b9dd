"""The section of the configuration for the HTTP side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator

from edge_app.config.section import HOST, ConfigPath, OptionalSecret, Section, wrong
from edge_app.core.hosts import is_this_machine

SHORTEST_TOKEN = 16  # characters; ten guesses a minute then take longer than the box lasts
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104, what is listened on, and nobody's address
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750: what stands behind `Bearer`, and fits into a cookie


HostName = Annotated[str, Field(pattern=HOST)]


class WebTlsConfig(Section):
    """Encryption of the HTTP side."""

    cert: ConfigPath | None = None
    """PEM file of the certificate, and behind it of those between it and its authority; a file that replaces it is read
    without a restart. null: nothing is encrypted."""
    key: ConfigPath | None = None
    """PEM file of its key, which has no password."""

    @model_validator(mode="after")
    def _both_or_none(self) -> WebTlsConfig:
        if (self.cert is None) != (self.key is None):
            raise wrong("want cert and key", "key" if self.key is None else "cert")
        return self

    @property
    def files(self) -> tuple[Path, Path] | None:
        """Certificate and key; None where nothing is encrypted."""
        return (self.cert, self.key) if self.cert is not None and self.key is not None else None


class WebConfig(Section):
    """Probes, metrics and an API over HTTP; nothing listens without this section."""

    host: HostName = "127.0.0.1"
    """Name or address to listen on; 0.0.0.0 is all of IPv4, `::` all. Beyond this machine a token must be there."""
    port: int = Field(default=8080, ge=1, le=65535)
    """TCP port to listen on."""
    token: OptionalSecret = None
    """Who shows it may see and change everything; best written as ${VAR}, made by `openssl rand -hex 24`. null: who
    reaches the port may."""
    read_token: OptionalSecret = None
    """Who shows it may see everything and change nothing, such as Prometheus; null: there is none."""
    tls: WebTlsConfig = WebTlsConfig()
    """Encrypts: {cert: FILE, key: FILE}."""
    hosts: tuple[HostName, ...] = ()
    """Further names under which people reach this port, such as [box7.local]. A request for any other name is refused,
    because a page elsewhere could make a browser ask it for us; addresses need not be listed."""

    @field_validator("token", "read_token")
    @classmethod
    def _is_a_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None:
            return None
        text = token.get_secret_value()
        if not TOKEN.fullmatch(text):
            raise wrong("want only a-z, A-Z, 0-9 and . _ ~ + / -, such as `openssl rand -hex 24` makes")
        if len(text) < SHORTEST_TOKEN:
            raise wrong(f"want at least {SHORTEST_TOKEN} characters, such as `openssl rand -hex 24` makes")
        return token

    @model_validator(mode="after")
    def _not_everybody_may(self) -> WebConfig:
        if self.token is None and not self.is_local:
            wanted = "a `token`, such as `openssl rand -hex 24` makes"
            raise wrong(f"beyond this machine: want {wanted}, or else everybody there may change everything", "host")
        if self.read_token is not None and self.token is None:
            raise wrong("needs token beside it", "read_token")
        if self.read_token is not None and self.read_token == self.token:
            raise wrong("want another than token, which may change everything", "read_token")
        return self

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_this_machine(self.host)

    @property
    def address(self) -> str | None:
        """Where others find it, as far as the section says that; None where it listens everywhere, under no name."""
        name = next(iter(self.hosts), self.host)
        if name in EVERYWHERE:
            return None
        scheme = "http" if self.tls.files is None else "https"
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{self.port}"

    def cautions(self) -> Iterator[str]:
        """What is allowed and unwise."""
        if self.tls.files is None and not self.is_local:
            yield "tokens and all that is shown go over the network unencrypted; `tls: {cert: FILE, key: FILE}`"
