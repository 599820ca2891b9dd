"""Calls that one thread makes for others, between two of its own steps."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from edge_app.core.errors import StoppedError

T = TypeVar("T")


class Calls:
    """What other threads want done in the thread that calls `serve`; any thread may call `make` and `close`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._closed = False

    def make(self, call: Callable[[], T]) -> T:
        """Has it called, waits for that, and returns what it returns; not for the thread that calls `serve`.

        Raises:
            StoppedError: That thread has ended.
            Exception: What the call raises.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise _ended()
            self._waiting.append((call, future))
        return future.result()

    def serve(self) -> None:
        """Makes the calls that wait."""
        while self._waiting:
            with self._lock:
                call, future = self._waiting.popleft()
            try:
                future.set_result(call())
            except Exception as error:
                future.set_exception(error)

    def close(self) -> None:
        """Refuses the calls that wait, and all that come."""
        with self._lock:
            self._closed = True
            while self._waiting:
                self._waiting.popleft()[1].set_exception(_ended())


def _ended() -> StoppedError:
    return StoppedError("not done, the program stops")
