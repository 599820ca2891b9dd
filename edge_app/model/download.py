"""One pinned file over HTTPS: an interrupted download is resumed, and only the right file is kept."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request

from edge_app.core import files
from edge_app.core.errors import DataError, TemporaryError
from edge_app.model.files import sha256
from edge_app.model.web import connection_failed, open_url, refusal

BLOCK = 1 << 16
TIMEOUT_S = 30.0

DownloadProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Download:
    """The download of a file whose size and digest are known.

    Until it is complete it is called `<name>.part`, and `<name>.part.version` holds the server's validator of that
    part, its ETag or date, so that two versions are never mixed. Without a validator the download is resumed all the
    same: the digest decides.

    Attributes:
        url: Where it is; see `web.check_url`.
        target: Where it is written; the folder must exist.
        size: Its length [bytes].
        digest: Its SHA-256, in hexadecimal.
        timeout_s: How long the server may be silent [s].
    """

    url: str
    target: Path
    size: int
    digest: str
    timeout_s: float = TIMEOUT_S

    @property
    def received(self) -> int:
        """How much an earlier attempt left [bytes]."""
        return self._part.stat().st_size if self._part.is_file() else 0

    def fetch(self, progress: DownloadProgress) -> None:
        """Receives what is missing; `progress` is called with the number of bytes received so far.

        Raises:
            InputError: The server does not have it (404).
            DataError: It is another file; what was received is deleted.
            TemporaryError: No connection, a timeout, an interruption, a server in trouble; what was received is kept.
            DeviceError: The server refuses, or its certificate was rejected.
            OSError: The file system refuses.
        """
        try:
            if self.received < self.size:
                self._receive(progress)
            self._check()
        except DataError:
            self._discard()
            raise
        self._part.replace(self.target)
        self._version.unlink(missing_ok=True)
        files.sync_folder(self.target.parent)

    @property
    def _part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def _version(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part.version")

    def _receive(self, progress: DownloadProgress) -> None:
        request = Request(self.url, headers=self._headers())  # noqa: S310 - see check_url
        try:
            response = open_url(request, self.timeout_s)
        except HTTPError as error:
            raise refusal(self.url, error.code) from None
        except URLError as error:
            raise connection_failed(self.url, error.reason) from None
        except (OSError, http.client.HTTPException) as error:
            raise connection_failed(self.url, error) from None
        with response:
            position = self._position(response)
            self._check_length(response, position)
            if position == 0:
                self._begin(response.headers)
            with self._part.open("ab") as file:
                self._copy(response, file.write, position, progress)
                file.flush()
                os.fsync(file.fileno())

    def _headers(self) -> dict[str, str]:
        """Requests the rest, if the server still has the same version."""
        if not self.received:
            return {}
        validator = self._version.read_text(encoding="latin-1") if self._version.is_file() else ""
        return {"Range": f"bytes={self.received}-"} | ({"If-Range": validator} if validator else {})

    def _position(self, response: http.client.HTTPResponse) -> int:
        """Where in the file the response begins."""
        if response.status != http.client.PARTIAL_CONTENT:
            return 0
        if not re.match(rf"bytes {self.received}-\d+/", response.headers.get("Content-Range", "")):
            raise DataError(f"{self.url}: the server sends another part than was asked for")
        return self.received

    def _check_length(self, response: http.client.HTTPResponse, position: int) -> None:
        """Avoids the transfer of what cannot be the right file."""
        if response.length is not None and position + response.length != self.size:
            raise self._wrong(f"it has {position + response.length} bytes, want {self.size}")

    def _begin(self, headers: Message) -> None:
        """Starts from the beginning, and notes the version."""
        self._discard()
        validator = headers.get("ETag", "")
        if not validator or validator.startswith("W/"):  # a weak ETag does not promise the same bytes
            validator = headers.get("Last-Modified", "")
        if validator:
            self._version.write_text(validator, encoding="latin-1")

    def _copy(
        self,
        response: http.client.HTTPResponse,
        write: Callable[[bytes], object],
        position: int,
        progress: DownloadProgress,
    ) -> None:
        progress(position)
        while block := self._read(response):
            position += len(block)
            if position > self.size:
                raise self._wrong(f"it has more than {self.size} bytes")
            write(block)
            progress(position)
        if position < self.size:
            raise TemporaryError(
                f"{self.url}: broke off after {position} of {self.size} bytes; the next attempt goes on from there"
            )

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read1(BLOCK)  # what has arrived, so that a timeout loses nothing
        except (OSError, http.client.HTTPException) as error:
            raise connection_failed(self.url, error) from None

    def _check(self) -> None:
        if (found := sha256(self._part)) != self.digest:
            raise self._wrong(f"its sha256 is {found}, want {self.digest}")

    def _wrong(self, what: str) -> DataError:
        return DataError(f"{self.url}: not the right file: {what}; {self._part} is deleted")

    def _discard(self) -> None:
        self._part.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)
