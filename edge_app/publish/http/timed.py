"""Answers over HTTP that have to come before a deadline, whatever their server does between its bytes."""

from __future__ import annotations

import io
import socket
import time
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from typing import Any, cast


class TimedReader(io.RawIOBase):
    """What a socket receives until a deadline; then reading raises TimeoutError.

    Attributes:
        connection: The socket.
        deadline_mono: When that is [s].
    """

    def __init__(self, connection: socket.socket, deadline_mono: float) -> None:
        self.connection, self.deadline_mono = connection, deadline_mono
        self._hold = connection.makefile("rb", buffering=0)  # `http.client` closes what the server will close

    def close(self) -> None:
        self._hold.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self.deadline_mono - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.connection.settimeout(left_s)
        return self.connection.recv_into(buffer)


class TimedResponse(HTTPResponse):
    """An answer that has to come before a deadline, whatever its server does between its bytes.

    Attributes:
        reader: What it is read from.
    """

    def __init__(self, connection: socket.socket, *args: Any, deadline_mono: float, **options: Any) -> None:
        super().__init__(connection, *args, **options)
        self.fp.close()
        self.reader = TimedReader(connection, deadline_mono)
        self.fp = io.BufferedReader(self.reader)


def answers_before(connection: HTTPConnection, deadline_mono: float) -> None:
    """Gives the next answer on the connection a deadline [s], also that of a proxy before it."""
    connection.response_class = cast("type[HTTPResponse]", partial(TimedResponse, deadline_mono=deadline_mono))
