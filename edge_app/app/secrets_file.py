"""Where the secrets of a configuration are kept: a file beside it that every verb, systemd and a shell read."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

from edge_app.config import environment_file
from edge_app.config.variables import names_in
from edge_app.core import files
from edge_app.core.errors import AccessError, InputError

PRIVATE = 0o600


class SecretsFile:
    """The variables that a program was started with, and the file from which a load takes those that they lack.

    Attributes:
        path: As `edge-app init` names it.
    """

    def __init__(self, config: Path, environ: Mapping[str, str]) -> None:
        """Of the configuration at a path, in this environment."""
        self.path = config.with_suffix(".env")
        self._environ = environ

    def environ(self, more: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """The variables, with some more."""
        return ChainMap(dict(more or {}), dict(self._environ))

    def refuse_used(self, values: Mapping[str, str], content: bytes) -> None:
        """Raises InputError where one of these variables is something else already, or the configuration names it."""
        taken = names_in(content.decode("utf-8-sig")) | {*self.environ()} | names_in(self._references())
        if used := next((name for name in values if name in taken), None):
            raise InputError(f"the variable {used} is in use for something else; give the camera another name")

    def add(self, values: Mapping[str, str]) -> bytes | None:
        """Keeps them; returns what the file held before, None if it was not there.

        Raises:
            InputError: A value has characters that such a file cannot hold; the text shows nothing of it.
            AccessError: The operating system refuses.
        """
        try:
            lines = environment_file(values)
        except ValueError as error:
            raise InputError(str(error)) from None
        try:
            before = self.path.read_bytes() if self.path.exists() else None
            if before is None:
                files.write(self.path, lines, mode=PRIVATE, replace=False)
            else:
                gap = b"" if before.endswith(b"\n") or not before else b"\n"
                files.rewrite(self.path, before + gap + lines.encode())
        except OSError as error:
            raise AccessError(f"{self.path}, where logins are kept: {error.strerror}") from None
        return before

    def take_back(self, before: bytes | None) -> None:
        """Undoes `add`; raises OSError."""
        if before is None:
            self.path.unlink(missing_ok=True)
        else:
            files.rewrite(self.path, before)

    def _references(self) -> str:
        """The variables of the file, as a configuration would name them."""
        try:
            lines = self.path.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return " ".join(f"${{{line.partition('=')[0].strip()}}}" for line in lines)
