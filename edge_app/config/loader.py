"""A configuration file, read once and checked completely before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from edge_app.config.document import read
from edge_app.config.issue import ConfigIssue, ConfigIssues, issues_error
from edge_app.config.section import Section
from edge_app.config.validation import validate
from edge_app.config.variables import Variables
from edge_app.core.errors import AccessError, InputError

S = TypeVar("S", bound=Section)


def load(
    schema: type[S], path: Path, environ: Mapping[str, str], context: Mapping[str, Any], content: bytes | None = None
) -> S:
    """The configuration in `path`, or that it would be with this content.

    Args:
        schema: What the file is to say.
        path: The file.
        environ: Fills its variables.
        context: Passed to the validators.
        content: What is in it; None: what it holds.

    Raises:
        ConfigError: It is wrong; the text is the line `FILE:LINE:COLUMN: key: what is wrong`, or several of them.
        InputError: There is no such file.
        AccessError: The operating system refuses to read it.
    """
    variables = Variables(environ)
    content = content_of(path) if content is None else content
    try:
        document = read(content, variables.fill)
        known = {
            "file": path,
            "base": path.parent.absolute(),
            "variables": frozenset(variables.used),
            "describe_issue": lambda keys, text: f"{path}:{ConfigIssue(document.mark(keys), keys, text)}",
        }
        return validate(schema, document, {**known, **context})
    except ConfigIssue as issue:
        raise issues_error(path, ConfigIssues([issue])) from None
    except ConfigIssues as issues:
        raise issues_error(path, issues) from None


def content_of(path: Path) -> bytes:
    """What is in the file; raises InputError or AccessError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder, want a YAML file") from None
    except PermissionError:
        raise AccessError(f"{path}: the operating system refuses to read it") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
