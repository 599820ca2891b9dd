"""Whoever wants to know that something has happened."""

from __future__ import annotations

import threading
from collections.abc import Callable

Listener = Callable[[], object]


class Listeners:
    """Callables that are called each time; any thread may come, go and call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()  # replaced, never changed: `call` reads it without the lock

    def add(self, listener: Listener) -> Callable[[], None]:
        """Calls it from now on, until what is returned is called; in the thread that calls: it must not block."""
        with self._lock:
            self._listeners = (*self._listeners, listener)
        return lambda: self._remove(listener)

    def call(self) -> None:
        """It has happened."""
        for listener in self._listeners:
            listener()

    def _remove(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(other for other in self._listeners if other is not listener)
