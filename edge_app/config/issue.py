"""One mistake in a file: where it stands, which key it concerns, what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, TypeAlias

from edge_app.core.errors import ConfigError, EdgeAppError

Keys: TypeAlias = "tuple[str | int, ...]"
"""The way from the top of the file to a value: names of keys, numbers of list items."""


class Mark(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


class ConfigIssue(Exception):  # noqa: N818, it is the user's
    """What the user has to correct; its text is `LINE:COLUMN: key: what is wrong`."""

    def __init__(self, mark: Mark, keys: Keys, words: str) -> None:
        where = f"{mark.line}:{mark.column}: "
        super().__init__(where + (f"{dotted(keys)}: {words}" if keys else words))
        self.mark = mark


def dotted(keys: Keys) -> str:
    """`cameras.gate.url`, `publish[0].type`; a key with unusual characters is quoted, so that it stays on one line."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if key.isprintable() and key.strip() else repr(key))
    return text


def nearest(name: str, names: Iterable[str]) -> str:
    """`, did you mean …?` where one of `names` is close to `name`, else nothing."""
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f", did you mean {close[0]}?" if close else ""


def listed(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


class Blame(Protocol):
    """Puts the file, the place and the key before an error of a block, which only the parts could find."""

    def __call__(
        self, *keys: str | int, of: tuple[type[EdgeAppError], ...] = (ConfigError,)
    ) -> AbstractContextManager[None]:
        """`keys` lead to the value that is to blame, `of` are the kinds of errors; each stays what it is."""
