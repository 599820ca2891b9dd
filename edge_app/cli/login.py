"""Where `edge-app init` takes a camera's user and password from."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_app.app.config_template import names
from edge_app.capture import UrlLogin
from edge_app.config.variables import unframed
from edge_app.core.errors import InputError, UsageError


@dataclass(frozen=True, slots=True)
class Login:
    """The user and password of a camera."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def choose_login(
    camera: str, url_login: UrlLogin, username: str | None, password_file: Path | None, environ: Mapping[str, str]
) -> Login | None:
    """Options come before the URL, the URL before the environment, and a prompt last; None if there is no user.

    Raises:
        UsageError: There is a password without a user, or a user without a password and no terminal to ask at.
        InputError: The password's file cannot be read.
    """
    user_name, password_name, _ = names(camera)
    user = username or url_login.username or unframed(environ.get(user_name, ""))
    if not user:
        if password_file or url_login.password:
            raise UsageError("a password without a user; give --username")
        return None
    if password_file is not None:
        return Login(user, read_password(password_file))
    if url_login.password is not None:
        return Login(user, url_login.password)
    if password_name in environ:
        return Login(user, unframed(environ[password_name]))
    if not sys.stdin.isatty():
        raise UsageError(f"no password for {camera}: give --password-file or {password_name} in the environment")
    return Login(user, getpass.getpass(f"Password of {camera}: "))


def read_url() -> str:
    """A line of stdin; a terminal does not show it."""
    return unframed(getpass.getpass("URL: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()


def read_password(path: Path) -> str:
    """The file's content without what editors put around it."""
    try:
        return unframed(path.read_bytes().decode())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None
