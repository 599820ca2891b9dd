"""An HTTP server for webhooks: it keeps what it was asked, and answers or misbehaves as it is told."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.ports import free_port


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        method: Its first word.
        target: Path and query, or of a proxy the whole URL.
        headers: By name in lower case.
        body: As it came.
        connection: Number of the connection that it came on.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


Answer: TypeAlias = "int | tuple[int, dict[str, str]] | bytes | Callable[[socket.socket], None] | None"
"""A status; with headers; raw bytes, after which it hangs up; None: it hangs up; what does it itself, then hangs up."""


def taken(_: Asked) -> Answer:
    return 200


@dataclass
class HookServer:
    """Serves on 127.0.0.1, a thread for each connection.

    Attributes:
        answer: What a request gets.
        tls: Encrypts, where given.
        port: Where it listens.
        asked: What came, in its order.
        taken: What of that was answered with 2xx.
        connections: How many there were.
        hanging: Whether to accept connections and never read from them.
        over: Set at the end; for answers that wait.
    """

    answer: Callable[[Asked], Answer] = taken
    tls: ssl.SSLContext | None = None
    port: int = field(default_factory=free_port)
    asked: list[Asked] = field(default_factory=list)
    taken: list[Asked] = field(default_factory=list)
    connections: int = 0
    hanging: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> HookServer:
        self.up()
        return self

    def __exit__(self, *_: Any) -> None:
        self.over.set()
        self.down()

    def up(self) -> None:
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Refuses connections, and breaks those that there are."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/hook"

    @property
    def bodies(self) -> list[bytes]:
        return [request.body for request in self.asked]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        plain = connection
        try:
            if self.hanging:
                self.over.wait()
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.add(connection)
            file = connection.makefile("rb")
            if file.peek(1)[:1] == b"\x16":  # TLS
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            while request := self._read(file, number):
                self.asked.append(request)
                if not self._reply(connection, request):
                    break
        except (OSError, ValueError):
            pass
        finally:
            self._open -= {plain, connection}
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            connection.close()

    def _read(self, file: Any, number: int) -> Asked | None:
        if not (line := file.readline()):
            return None
        method, target, _ = line.decode("latin-1").split(" ", 2)
        headers = {}
        while (line := file.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        body = file.read(length)
        return None if len(body) < length else Asked(method, target, headers, body, number)

    def _reply(self, connection: socket.socket, request: Asked) -> bool:
        """Whether the connection is kept."""
        answer = self.answer(request)
        if answer is None:
            return False
        if callable(answer):
            answer(connection)
            return False
        if isinstance(answer, bytes):
            connection.sendall(answer)
            return False
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        if 200 <= status < 300:
            self.taken.append(request)
        body = b"" if request.method == "HEAD" else b"ok"
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return True


def drip(over: threading.Event, beginning: bytes, each: bytes = b"x", every_s: float = 0.05) -> Answer:
    """Sends a beginning, and then little by little for ever."""

    def send(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while not over.wait(every_s):
            connection.sendall(each)

    return send


def flood(beginning: bytes, block: bytes = b"x" * 65_536) -> Answer:
    """Sends a beginning, and then as much as the other side takes."""

    def send(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(block)

    return send


def reset(beginning: bytes = b"") -> Answer:
    """Sends a beginning, and breaks the connection off."""

    def send(connection: socket.socket) -> None:
        connection.sendall(beginning)
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        os.close(connection.detach())

    return send
