"""What all sections of the configuration have in common."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    Strict,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from edge_app.config.variables import CONTROL
from edge_app.core.tls import authorities, client_context

URL = re.compile(r"[A-Za-z][\w+.-]+:/")  # as a path has it, without its second slash
LONGEST_NAME, LONGEST_PATH = 255, 4095  # bytes, NAME_MAX and PATH_MAX of Linux
NAME = r"^[a-z0-9_]+$"
HOST = r"^[^\s/:]+$|^[0-9a-fA-F:]+$"
SHA256 = r"^[0-9a-f]{64}$"
TOPIC = r"^[^\s#+/]+(/[^\s#+/]+)*$"
PREFIX = r"^[^\s]+$"
DOTTED = r"^[a-zA-Z0-9._-]+$"
BROKER = r"^([^\s/:,\[\]]+|\[[0-9a-fA-F:]+\]):[1-9][0-9]{0,4}$"
URL_PATH = r"^/[^\s?#]*$"
MODE = r"^0?[0-7]{3}$"
HEADER = r"^[0-9A-Za-z!#$%&'*+.^_|~-]+$"
MODEL_SERVER = r"^grpcs?://([^\s/:@\[\]]+|\[[0-9a-fA-F:]+\]):[1-9][0-9]{0,4}$"
ETCD_ADDRESS = r"^https?://([^\s/:@\[\]]+|\[[0-9a-fA-F:]+\]):[1-9][0-9]{0,4}$"
SERVED_NAME = r"^[^\s/]+$"
SIZE = r"^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$"
WANTED = {
    NAME: "want only a-z, 0-9 and _",
    HOST: "want a name or an address, without scheme, port and path",
    SHA256: "want 64 characters of 0-9 and a-f, as sha256sum prints them",
    MODE: "want permissions in octal, such as 0640",
    HEADER: "want the name of an HTTP header, such as Authorization",
    MODEL_SERVER: "want grpc://HOST:PORT or grpcs://HOST:PORT, without login and path",
    ETCD_ADDRESS: "want http://HOST:PORT or https://HOST:PORT, without login and path",
    SERVED_NAME: "want a text without spaces and slashes",
    SIZE: "want WIDTHxHEIGHT, such as 640x640",
    PREFIX: "want a text without spaces",
    DOTTED: "want only a-z, A-Z, 0-9, dots, _ and -",
    BROKER: "want HOST:PORT, without scheme and path",
    URL_PATH: "want a path that begins with /, without spaces, ? and #",
    TOPIC: "want a topic without spaces, # and +, that neither begins nor ends with /",
}
"""The message for a value that does not match the pattern."""

Name = Annotated[str, Field(pattern=NAME)]
"""A name that becomes part of topics, file names and metric labels."""


FileMode = Annotated[str, Field(pattern=MODE)]
"""Permissions of a file, in octal."""


def wrong(text: str, *at: str | int) -> PydanticCustomError:
    """An issue that a validator found; `at` is the path from the validated value to the wrong one."""
    return PydanticCustomError("edge_app", "{text}", {"text": text, "at": at})


def checked_text(value: str | SecretStr | None, *at: str) -> str:
    """The text of a value, which may be secret; a line break or another control character in it is an issue."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value or ""
    if CONTROL.search(text):
        raise wrong("holds a line break or another control character", *at)
    return text


def check_login(username: str | None, password: SecretStr | None) -> None:
    """A password without a user is an issue."""
    if password is not None and username is None:
        raise wrong("needs username beside it", "password")


class Section(BaseModel):
    """A mapping in the file: no unknown keys, frozen, no secrets in errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        """A section whose keys are all commented out has no keys."""
        return {} if value is None else value


def secrets_of(value: Any) -> Iterator[str]:
    """The secrets in a section, and in all that it holds."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        yield from secrets_of(dict(value))
    elif isinstance(value, dict):
        yield from secrets_of(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from secrets_of(each)


def possible(path: str) -> str:
    """A path that Linux can be asked about; other questions than `there is none` would be answered by an OSError."""
    name = os.fsencode(path)
    if b"\0" in name or len(name) > LONGEST_PATH or max(map(len, name.split(b"/"))) > LONGEST_NAME:
        raise wrong(f"want a path without NUL, of at most {LONGEST_NAME} bytes a name and {LONGEST_PATH} in all")
    return path


def from_base(path: Path, info: ValidationInfo) -> Path:
    """`path` relative to the configuration's folder, if the loader gave that folder."""
    base: Path | None = (info.context or {}).get("base")
    return Path(possible(str(base / path if base else path)))


def _path(path: Path, info: ValidationInfo) -> Path:
    """The same, unless it is a URL, which is not shown: it may hold a login."""
    if URL.match(str(path)):
        raise wrong("want a path, not a URL")
    return from_base(path, info)


ConfigPath = Annotated[Path, AfterValidator(_path)]


def whole(value: Any) -> Any:
    """A whole number from its text in the file; `Literal` alone converts nothing."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def truth(value: Any) -> Any:
    """`true` or `false` from their text in the file; pydantic alone would also accept `y` and `1`."""
    truths = {"true": True, "false": False}
    return truths.get(value.lower(), value) if isinstance(value, str) else value


Flag = Annotated[bool, Strict(), BeforeValidator(truth)]


class TlsConfig(Section):
    """Encryption and how the other side proves who it is."""

    ca: ConfigPath | None = None
    """PEM file of the certificates that may sign the other side's, or a folder of such files that `openssl rehash` has
    named; null: the system's. Python 3.13 also wants keyUsage in a CA, and authorityKeyIdentifier in what it signed."""
    verify: Flag = True
    """Whether the certificate is checked; `false` accepts anybody who answers, and gives them the password."""

    def context(self) -> ssl.SSLContext:
        """The TLS context of a connection; raises AccessError or ConfigError if the certificates cannot be read."""
        return client_context(self.ca, verify=self.verify)

    def authorities(self) -> bytes:
        """Whom it trusts, PEM, for libraries that take no context and always verify; raises as `context`."""
        return authorities(self.ca)


def _given(value: Any) -> Any:
    """A variable that is empty is a secret that is not given."""
    return None if value == "" else value


OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_given)]


def _tls(value: Any) -> Any:
    """`true` is TLS with the system's certificates, `false` is none."""
    value = truth(value)
    if isinstance(value, bool):
        return TlsConfig() if value else None
    if isinstance(value, str):
        raise wrong("want true, false or {ca: FILE, verify: true}")
    return value


OptionalTls = Annotated[TlsConfig | None, BeforeValidator(_tls, json_schema_input_type=TlsConfig | bool | None)]
