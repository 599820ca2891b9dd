"""A configuration file, read once and checked whole before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge_app.config.document import read
from edge_app.config.mistake import Mistake
from edge_app.config.schema import AppConfig, default_state_dir
from edge_app.config.validation import validate
from edge_app.config.variables import Variables
from edge_app.errors import AccessError, ConfigError, InputError


def load(path: Path, environ: Mapping[str, str]) -> AppConfig:
    """The configuration in `path`; `environ` fills its variables.

    Raises:
        ConfigError: It holds a mistake; the text is the line `FILE:LINE:COLUMN: key: what is wrong`.
        InputError: There is no such file.
        AccessError: It must not be read.
    """
    content = _content(path)
    try:
        document = read(content, Variables(environ).fill)
        context = {
            "file": path,
            "base": path.parent.absolute(),
            "state_dir": default_state_dir(environ),
            "complain": lambda keys, words: f"{path}:{Mistake(document.mark(keys), keys, words)}",
        }
        return validate(AppConfig, document, context)
    except Mistake as mistake:
        raise ConfigError(f"{path}:{mistake}") from None


def _content(path: Path) -> bytes:
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
