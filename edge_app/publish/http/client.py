"""Requests to one server, one after the other, over a connection that is kept."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection, RemoteDisconnected

from edge_app.core.errors import SinkError
from edge_app.publish.http.answers import Answer, failure
from edge_app.publish.http.endpoint import HttpEndpoint
from edge_app.publish.http.proxy import Proxy
from edge_app.publish.http.timed import TimedResponse, answers_before

CONNECT_S = 5.0  # for TCP, to each address of the name, and again for TLS
IDLE_S = 20.0  # a connection that was silent for longer may be forgotten by what is on the way
NEW_S = 1.0
BODY_S = 1.0
MOST_BODY = 1 << 16  # bytes of an answer that are read, so that the connection can be kept
STALE = (RemoteDisconnected, ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError)


class RequestClient:
    """Asks one thing of one server. Nothing is taken from the environment but the proxy; no redirect is followed."""

    def __init__(
        self, endpoint: HttpEndpoint, tls: ssl.SSLContext | None, proxy: Proxy | None, timeout_s: float
    ) -> None:
        """Connects to nothing yet.

        Args:
            endpoint: What is asked.
            tls: Encrypts the connection, if `endpoint` is https.
            proxy: On the way; None for none.
            timeout_s: How long a request may take, from the connection to the end of the answer's head [s].
        """
        self._endpoint, self._tls, self._proxy, self._timeout_s = endpoint, tls, proxy, timeout_s
        self._kept: HTTPConnection | None = None
        self._made_mono = self._idle_since_mono = 0.0
        self._answer: TimedResponse | None = None
        self._in_use: HTTPConnection | None = None
        self._cut = threading.Event()

    def connect(self) -> None:
        """Connects, unless it is connected; raises SinkError if that fails."""
        try:
            self._connection(time.monotonic() + self._timeout_s)
        except (OSError, HTTPException, ValueError) as error:
            raise self._failed(error) from None

    def request(self, method: str, body: bytes, headers: Callable[[], Mapping[str, str]]) -> Answer:
        """The head of the answer; raises SinkError if there is none. `headers` is called for each attempt."""
        deadline_mono = time.monotonic() + self._timeout_s
        if self._answer is not None:  # that nobody has finished
            self.close()
        try:
            was_used = self._kept is not None and not self._is_new
            try:
                return self._exchange(method, body, headers(), deadline_mono)
            except STALE:
                if not was_used:
                    raise
                # Servers close what is idle; whether they do, shows only when we send.
                self.close()
                return self._exchange(method, body, headers(), deadline_mono)
        except (OSError, HTTPException, ValueError) as error:
            raise self._failed(error) from None

    def body(self, most: int) -> bytes | None:
        """What the answer holds, within the time of its request; None if that is more than `most` bytes.

        Raises:
            OutageError: It does not come.
        """
        if self._answer is None:
            return b""
        try:
            found = self._answer.read(most + 1)
            if len(found) > most:
                return None
            if self._answer.length:  # is still missing
                raise ConnectionResetError
        except (OSError, HTTPException, ValueError) as error:
            raise self._failed(error) from None
        return found

    def finish(self) -> None:
        """Reads the rest of the answer, if it is short; else closes the connection."""
        answer, self._answer = self._answer, None
        if answer is None or self._kept is None:
            return
        if answer.will_close:
            self.close()
            return
        try:
            answer.reader.deadline_mono = time.monotonic() + BODY_S
            answer.read(MOST_BODY)
            if not answer.isclosed():
                self.close()
        except (OSError, HTTPException, ValueError):
            self.close()
        else:
            self._idle_since_mono = time.monotonic()

    def close(self) -> None:
        """Closes the connection; the next request makes another."""
        kept, self._kept, self._in_use = self._kept, None, None
        answer, self._answer = self._answer, None
        for each in (answer, kept):
            if each is not None:
                each.close()

    def cut(self) -> None:
        """Breaks the connection off, and every later one; any thread may call it."""
        self._cut.set()
        connection, answer = self._in_use, self._answer
        for sock in (connection and connection.sock, answer and answer.reader.connection):
            if isinstance(sock, socket.socket):
                with suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    @property
    def _is_new(self) -> bool:
        """Whether the connection was made just now, so that no server has closed it because it was idle."""
        return self._made_mono == self._idle_since_mono and time.monotonic() - self._made_mono < NEW_S

    def _connection(self, deadline_mono: float) -> HTTPConnection:
        if self._kept is not None and time.monotonic() - self._idle_since_mono > IDLE_S:
            self.close()
        if self._kept is None:
            connection = self._in_use = self._new(min(CONNECT_S, max(0.1, deadline_mono - time.monotonic())))
            answers_before(connection, deadline_mono)  # a proxy does
            if self._cut.is_set():
                raise ConnectionAbortedError
            try:
                connection.connect()
            except BaseException:
                connection.close()
                raise
            self._kept = connection
            self._made_mono = self._idle_since_mono = time.monotonic()
        if self._cut.is_set():
            raise ConnectionAbortedError
        return self._kept

    def _new(self, timeout_s: float) -> HTTPConnection:
        endpoint, proxy = self._endpoint, self._proxy
        host, port = (proxy.host, proxy.port) if proxy else (endpoint.host, endpoint.port)
        if not endpoint.tls:
            return HTTPConnection(host, port, timeout=timeout_s)
        connection = HTTPSConnection(host, port, timeout=timeout_s, context=self._tls)
        if proxy:
            connection.set_tunnel(endpoint.host, endpoint.port, proxy.headers)
        return connection

    def _exchange(self, method: str, body: bytes, headers: Mapping[str, str], deadline_mono: float) -> Answer:
        connection = self._connection(deadline_mono)
        answers_before(connection, deadline_mono)
        connection.sock.settimeout(max(0.1, deadline_mono - time.monotonic()))
        through = self._proxy if not self._endpoint.tls else None
        target = self._endpoint.url if through else self._endpoint.target
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have refused a long body before the end of that
            connection.request(method, target, body, {**headers, **(through.headers if through else {})})
        answer = connection.getresponse()
        if isinstance(answer, TimedResponse):
            self._answer = answer
        return Answer(answer.status, answer.headers)

    def _failed(self, error: Exception) -> SinkError:
        self.close()
        return failure(error, self._endpoint, self._proxy, self._timeout_s)
