"""An answer of an HTTP camera as it comes: each read ends at a deadline, from the TLS handshake to the last byte."""

from __future__ import annotations

import io
import math
import re
import socket
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from threading import Event
from time import monotonic
from typing import Any

from edge_app.capture.sources.libav_connection import TooMuchError

TICK_S = 0.25  # how often a wait for bytes looks whether it has to end
READ_SIZE = 1 << 16
COMPRESSED = re.compile(r"\b(?:x-)?(?:gzip|compress|deflate|br|zstd|dcb|dcz)\b")  # IANA's content codings
ICY, HTTP = b"ICY ", b"HTTP/1.0 "  # how SHOUTcast, and cameras whose makers copied it, begin an answer


class PatientReader(io.RawIOBase):
    """A socket's bytes until a deadline; nothing more once `stop` is set.

    Attributes:
        deadline: Monotonic clock from which on reading raises TimeoutError [s].
    """

    def __init__(self, connection: socket.socket, stop: Event, deadline: float) -> None:
        connection.settimeout(TICK_S)
        self._connection, self._stop, self.deadline = connection, stop, deadline
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._begun:
            return self._receive(buffer)
        self._begun = True
        begin = bytearray()
        while len(begin) < len(ICY) and ICY.startswith(begin) and self._receive(more := bytearray(1)):
            begin += more
        begin = bytearray(HTTP) if begin == ICY else begin
        buffer[: len(begin)] = begin
        return len(begin)

    def _receive(self, buffer: Any) -> int:
        while not self._stop.is_set():
            if monotonic() > self.deadline:
                raise TimeoutError
            try:
                return self._connection.recv_into(buffer)
            except TimeoutError:
                continue
        return 0

    def makefile(self, mode: str) -> io.BufferedReader:
        """What `HTTPResponse` asks its socket for."""
        return io.BufferedReader(self, READ_SIZE)

    def close(self) -> None:
        self._connection.close()
        super().close()


class HttpAnswer:
    """The answer to a request, whose body is still to come."""

    def __init__(self, url: str, response: HTTPResponse, reader: PatientReader) -> None:
        self.url, self.status, self.headers = url, response.status, response.headers
        self._response, self._reader, self._ahead = response, reader, b""
        self._failed, self._allowed = False, math.inf

    @property
    def is_multipart(self) -> bool:
        """Whether it says that it holds parts."""
        return self.headers.get("Content-Type", "").strip().lower().startswith("multipart/")

    @property
    def coding(self) -> str:
        """How the body is compressed; empty if it is not, even where the header says something else, as `binary`."""
        coding: str = self.headers.get("Content-Encoding", "").strip().lower()
        return coding if COMPRESSED.search(coding) else ""

    def ignore_length(self) -> None:
        """Reads on until the camera hangs up, whatever length it has announced."""
        if not self._response.chunked:
            self._response.length = None

    def wait_until(self, deadline: float) -> None:
        """From then on reading raises TimeoutError [s, monotonic clock]."""
        self._reader.deadline, self._failed = deadline, False

    def allow(self, size: int) -> None:
        """From then on reading more than so many bytes raises TooMuchError."""
        self._allowed = size

    def read(self, size: int = READ_SIZE) -> bytes:
        """The next bytes of the body, as they come, at most so many; none at its end.

        Raises:
            OSError: Reading failed; from then on it has ended, unless it may go on because of `wait_until`.
        """
        if self._ahead:
            ahead, self._ahead = self._ahead[:size], self._ahead[size:]
            return self._counted(ahead)
        # After a failure libav reads on, and PyAV prints what is raised again.
        return b"" if self._failed else self._counted(self._more(size))

    def _counted(self, data: bytes) -> bytes:
        self._allowed -= len(data)
        if self._allowed < 0:
            self._failed = True
            raise TooMuchError
        return data

    def beginning(self, suffices: Callable[[bytes], bool]) -> bytes:
        """What the body begins with, which is read again: what has come when it suffices, or no more comes in time.

        Raises:
            OSError: Nothing came, or the connection broke.
        """
        try:
            while not suffices(self._ahead) and (more := self._more(READ_SIZE)):
                self._ahead += more
        except TimeoutError:
            if not self._ahead:
                raise
        return self._ahead

    def _more(self, size: int) -> bytes:
        try:
            return self._response.read1(size)
        except (HTTPException, ValueError):  # such as chunks without a length
            self._failed = True
            raise ConnectionError("the body is not HTTP") from None
        except OSError:
            self._failed = True
            raise

    def close(self) -> None:
        """Hangs up."""
        self._response.close()
        self._reader.close()
