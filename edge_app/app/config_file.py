"""The file that a running program was configured by: people write it, and so may the program."""

from __future__ import annotations

import errno
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from edge_app.app.config import AppConfig
from edge_app.app.secrets_file import SecretsFile
from edge_app.config.loader import content_of
from edge_app.core import files
from edge_app.core.errors import AccessError, EdgeAppError, InputError

logger = logging.getLogger(__name__)

MOUNTED = "it is mounted by itself; mount the folder that it is in"
REFUSED = "this program may not write it; change it as somebody who may, and reload"

Load = Callable[[Path, Mapping[str, str], bytes | None], AppConfig]
"""Makes a configuration of the file at a path, or of what is to be in it, with these variables."""


class ConfigFile:
    """Reads the file, and replaces it whole; also tells whether somebody else has changed it.

    Attributes:
        path: Where it is.
        secrets: The variables that it names.
    """

    def __init__(self, path: Path, environ: Mapping[str, str], load: Load) -> None:
        """`environ` has the variables as the program started."""
        self.path, self.secrets = path, SecretsFile(path, environ)
        self._load = load
        self.take()

    def take(self) -> None:
        """It is read now."""
        self._taken = self._last = self._now()

    def has_changed(self) -> bool:
        """Whether it has changed since it was taken, and rests: whoever writes it may need more than one step.

        To be asked again and again; a file that is not there, as while it is replaced, has not changed.
        """
        before, self._last = self._last, self._now()
        return None is not self._last == before != self._taken

    def content(self) -> bytes:
        """What is in it; raises InputError or AccessError."""
        return content_of(self.path)

    def config(self, content: bytes | None = None, more: Mapping[str, str] | None = None) -> AppConfig:
        """What it says, or would with that content and these variables more; raises what `load_config` raises."""
        return self._load(self.path, self.secrets.environ(more), content)

    @contextmanager
    def changed(self, before: bytes, after: bytes, secrets: Mapping[str, str]) -> Iterator[None]:
        """Changes it for the duration of the block, and for good unless that raises.

        Args:
            before: What is in it.
            after: What is to be in it; owner, permissions and attributes stay.
            secrets: Variables that are kept beside it.

        Raises:
            InputError: Somebody else has changed it.
            AccessError: The operating system refuses.
        """
        with ExitStack() as undo:
            if secrets:
                kept = self.secrets.add(secrets)
                undo.callback(self._tried, partial(self.secrets.take_back, kept))
            if after != before:
                self._replace(before, after)
                undo.callback(self._tried, partial(self._replace, after, before))
            try:
                yield
            finally:
                self.take()
            undo.pop_all()

    def _tried(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (OSError, EdgeAppError) as error:
            logger.warning("%s: not as it was before: %s", self.path, error)
        self.take()

    def _replace(self, before: bytes, after: bytes) -> None:

        def is_as_it_was() -> None:
            if self.content() != before:
                raise InputError(f"{self.path}: somebody else has changed it just now; look at it again")

        try:
            files.rewrite(self.path, after, is_as_it_was)
        except PermissionError:
            raise AccessError(f"{self.path}: {REFUSED}") from None
        except OSError as error:
            why = {errno.EROFS: REFUSED, errno.EBUSY: MOUNTED}.get(error.errno or 0, error.strerror)
            raise AccessError(f"{self.path}: {why}") from None

    def _now(self) -> tuple[int, ...] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def version_of(content: bytes) -> str:
    """By which one tells whether a file is still the same."""
    return hashlib.sha256(content).hexdigest()[:16]
