"""An answer of an HTTP camera as it comes: each read ends at a deadline, from the TLS handshake to the last byte."""

from __future__ import annotations

import io
import socket
from http.client import HTTPResponse
from threading import Event
from time import monotonic
from typing import Any

TICK_S = 0.25  # how often a wait for bytes looks whether it has to end
READ_SIZE = 1 << 16


class PatientReader(io.RawIOBase):
    """A socket's bytes until a deadline; nothing more once `stop` is set.

    Attributes:
        deadline: Monotonic clock from which on reading raises TimeoutError [s].
    """

    def __init__(self, connection: socket.socket, stop: Event, deadline: float) -> None:
        connection.settimeout(TICK_S)
        self._connection, self._stop, self.deadline = connection, stop, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
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

    @property
    def is_multipart(self) -> bool:
        """Whether it says that it holds parts, in plain; what is compressed, libav unpacks."""
        plain = self.headers.get("Content-Encoding", "identity").strip().lower() == "identity"
        return plain and self.headers.get("Content-Type", "").strip().lower().startswith("multipart/")

    def wait_until(self, deadline: float) -> None:
        """From then on reading raises TimeoutError [s, monotonic clock]."""
        self._reader.deadline = deadline

    def read(self) -> bytes:
        """The next bytes of the body, as they come; none at its end."""
        ahead, self._ahead = self._ahead, b""
        return ahead or self._response.read1(READ_SIZE)

    def beginning(self) -> bytes:
        """What the body begins with, which is read again."""
        if not self._ahead:
            self._ahead = self._response.read1(READ_SIZE)
        return self._ahead

    def close(self) -> None:
        """Hangs up."""
        self._response.close()
        self._reader.close()


def connected(host: str, port: int, deadline: float) -> socket.socket:
    """A connection to one of the host's addresses, which share the time that is left."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for index, (family, kind, protocol, _, address) in enumerate(found):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(TICK_S, (deadline - monotonic()) / (len(found) - index)))
            connection.connect(address)
        except OSError:
            connection.close()
            if index == len(found) - 1:
                raise
        else:
            return connection
    raise TimeoutError  # not reached: a name that does not resolve raises
