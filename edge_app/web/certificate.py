"""The server's certificate, which is replaced every few months while the program runs."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from edge_app.core.errors import EdgeAppError
from edge_app.core.tls import server_context

logger = logging.getLogger(__name__)


class Certificate:
    """What connections are encrypted with: the files as they were last whole."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Reads the files; raises ConfigError or AccessError where they cannot be used."""
        self._cert, self._key = cert, key
        self._seen = self._stamps()
        self._context = server_context(cert, key)

    @property
    def context(self) -> ssl.SSLContext:
        """For a new connection: read again if a file was replaced, and can be used."""
        if (stamps := self._stamps()) != self._seen:
            self._seen = stamps
            try:
                self._context = server_context(self._cert, self._key)
                logger.info("%s: a new certificate", self._cert)
            except EdgeAppError as error:  # perhaps only one of the two files is there yet
                logger.warning("%s; the certificate from before is used", error)
        return self._context

    def _stamps(self) -> list[tuple[int, int, int]]:
        """What changes when a file is replaced."""
        found = []
        for path in (self._cert, self._key):
            try:
                stat = path.stat()
            except OSError:
                continue  # reading it tells why
            found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
        return found
