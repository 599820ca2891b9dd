"""A wire to a server of this machine: TCP that is slow, loses packets, is torn in a message, or cut."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from tests.waiting import PATIENCE_S

SEGMENT = 1448  # bytes of a packet
FIRST_RETRY_S, LONGEST_RETRY_S = 0.2, 3.0  # until TCP sends again what was lost


class Wire:
    """Passes on what comes, in both directions, and breaks when it is told to.

    Attributes:
        port: Where it listens, of 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        """A wire to that port."""
        self._server_port = port
        self._closed, self._torn = threading.Event(), threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def cut(self) -> None:
        """Breaks every connection; new ones are welcome."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def tear(self) -> None:
        """Lets through half of what comes next for the server, and breaks every connection."""
        self._torn.set()

    def unplug(self) -> None:
        """Breaks every connection, and refuses new ones until `plug`."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def plug(self) -> None:
        """Welcomes connections again."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start(self._accept, self._listener)

    def close(self) -> None:
        """For ever."""
        self._closed.set()
        self.unplug()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not self._closed.is_set():
                self._start(self._serve, listener.accept()[0])

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._server_port)) as server:
            self._sockets += client, server
            back = threading.Thread(target=self._pump, args=(server, client, True), daemon=True)
            back.start()
            self._pump(client, server, False)
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        """Passes on what comes from the source, `back` where that is the server, and ends the connection with it."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not back and self._torn.is_set():
                    self._torn.clear()
                    target.sendall(data[: len(data) // 2])
                    self.cut()
                target.sendall(data)
        for each in (target, source):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class SlowWire(Wire):
    """What it passes on takes its time, in its order; each may be changed at any time.

    Attributes:
        delay_s: How long everything is on its way, in each direction [s].
        jitter_s: By how much that varies, up and down [s].
        loss: The share of packets that are lost: TCP sends each again, after pauses that double, and holds up the rest.
    """

    def __init__(self, port: int, *, delay_s: float = 0.0, jitter_s: float = 0.0, loss: float = 0.0) -> None:
        self.delay_s, self.jitter_s, self.loss = delay_s, jitter_s, loss
        super().__init__(port)

    def _pump(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        pieces: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        late = threading.Thread(target=self._deliver, args=(pieces, source, target), daemon=True)
        late.start()
        due = 0.0
        with contextlib.suppress(OSError):
            while data := source.recv(SEGMENT):
                due = max(due, time.monotonic() + self._way_s())
                pieces.put((due, data))
        pieces.put((due, b""))
        late.join()

    def _way_s(self) -> float:
        """How long a packet takes, with all attempts."""
        way_s, retry_s = self.delay_s + random.uniform(-1, 1) * self.jitter_s, FIRST_RETRY_S
        while random.random() < self.loss:
            way_s, retry_s = way_s + retry_s, min(2 * retry_s, LONGEST_RETRY_S)
        return way_s

    def _deliver(self, pieces: SimpleQueue[tuple[float, bytes]], source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = pieces.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    break
                target.sendall(data)
        for each in (target, source):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
