"""What is wrong in a file: where it stands, which key it concerns, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from edge_app.core.errors import ConfigError, EdgeAppError

Keys: TypeAlias = "tuple[str | int, ...]"
"""The path from the top of the file to a value: names of keys, indices of list items."""

MOST_TOLD = 10  # more would scroll the first, which the others may follow from, off the screen


class Mark(NamedTuple):
    """A position in a text; both numbers count from 1."""

    line: int
    column: int


class ConfigIssue(Exception):  # noqa: N818, an issue of the user's file
    """What the user has to correct; its text is `LINE:COLUMN: key: what is wrong`."""

    def __init__(self, mark: Mark, keys: Keys, message: str) -> None:
        where = f"{mark.line}:{mark.column}: "
        super().__init__(where + (f"{dotted(keys)}: {message}" if keys else message))
        self.mark, self.keys, self.message = mark, keys, message


class ConfigIssues(Exception):  # noqa: N818, as above
    """All that the user has to correct, at least one."""

    def __init__(self, issues: Iterable[ConfigIssue]) -> None:
        different: dict[tuple[Mark, Keys], ConfigIssue] = {}
        for issue in issues:
            different.setdefault((issue.mark, issue.keys[-1:]), issue)  # what an alias repeats is one issue
        self.issues = sorted(different.values(), key=lambda issue: issue.mark)
        super().__init__("\n".join(map(str, self.issues)))


class ConfigIssuesError(ConfigError):
    """More than one issue of a configuration, a line each."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self._lines = lines

    @property
    def lines(self) -> tuple[str, ...]:
        return self._lines


def issues_error(path: Path, issues: ConfigIssues) -> ConfigError:
    """The error that tells the first issues of the file at `path`, in its order, and how many more there are."""
    lines = [f"{path}:{issue}" for issue in issues.issues]
    more = [f"and {len(lines) - MOST_TOLD} more"] if len(lines) > MOST_TOLD else []
    error = ConfigError(lines[0]) if len(lines) == 1 else ConfigIssuesError(*lines[:MOST_TOLD], *more)
    error.issues = tuple((dotted(issue.keys), issue.message) for issue in issues.issues[:MOST_TOLD])
    return error


def dotted(keys: Keys) -> str:
    """`cameras.gate.url`, `publish[0].type`; a key with unusual characters is quoted so that it stays on one line."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if key.isprintable() and key.strip() else repr(key))
    return text


def nearest(name: str, names: Iterable[str]) -> str:
    """`, did you mean …?` if one of `names` is close to `name`, else an empty text."""
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f", did you mean {close[0]}?" if close else ""


def listed(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


class Blame(Protocol):
    """Puts the file, the place and the key in front of errors that only using a value can reveal."""

    def __call__(
        self, *keys: str | int, of: tuple[type[EdgeAppError], ...] = (ConfigError,)
    ) -> AbstractContextManager[None]:
        """Guards a block: errors of the classes `of` are blamed on the value at `keys` and keep their class."""
