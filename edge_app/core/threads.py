"""Threads as a group that ends as one, and the heartbeats of their loops."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from edge_app.core.errors import TemporaryError

logger = logging.getLogger(__name__)


AWAY_S = 5.0  # without a look at who is silent: then this process was stopped itself, and has heard nobody


class Heartbeats:
    """When each loop was last alive; the watchdog is fed only while all of them are."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._checked = 0.0
        self._lock = threading.Lock()

    def beat(self, name: str) -> None:
        """Says that the loop `name` is alive; every loop says so at least once a second."""
        with self._lock:
            self._last[name] = time.monotonic()

    def forget(self, name: str) -> None:
        """The loop ended: its silence means nothing."""
        with self._lock:
            self._last.pop(name, None)

    def silent(self, longer_than_s: float) -> list[str]:
        """The loops that have been silent for longer than that."""
        now = time.monotonic()
        with self._lock:
            return sorted(name for name, at in self._last.items() if now - at > longer_than_s)

    def check(self, longest_s: float, now: float) -> None:
        """For a process that nobody else watches; to be called several times a second, at this monotonic time [s].

        Raises:
            TemporaryError: A loop has been silent for longer than that.
        """
        with self._lock:
            if now - self._checked > AWAY_S:
                self._last = {name: max(at, now) for name, at in self._last.items()}
            self._checked = now
        if silent := self.silent(longest_s):
            raise TemporaryError(f"no sign of life from {', '.join(silent)}")


class ThreadGroup:
    """Runs named threads; the first exception in any of them sets `stop` and is kept.

    Daemon threads, since one may be stuck in a C call: `join` waits up to the timeout and returns the stuck ones.

    Attributes:
        error: The first that ended a thread and the group, which whoever joins the threads raises.
        kept: The first that ended nothing else, to be raised if nothing else is.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.error: BaseException | None = None
        self.kept: BaseException | None = None

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Runs `target` in a thread of that name.

        Raises:
            MemoryError: The system has none left for a thread.
        """

        def run() -> None:
            try:
                target()
            except BaseException as error:
                logger.debug("%s failed", name, exc_info=True)
                self.fail(error)

        thread = threading.Thread(target=run, name=name, daemon=True)
        with self._lock:
            try:
                thread.start()
            except RuntimeError as error:
                raise MemoryError(f"no memory for the thread {name}") from error
            self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        return thread

    def fail(self, error: BaseException) -> None:
        """Ends the group with an error, unless one has ended it before."""
        self.error = self.error or error
        self._stop.set()

    def keep(self, error: BaseException) -> None:
        """Keeps an error for the end, unless there is one, and ends nothing."""
        self.kept = self.kept or error

    def join(self, timeout_s: float) -> list[str]:
        """Waits for all threads, for at most `timeout_s` in total; returns the names of those that are stuck."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return [thread.name for thread in threads if thread.is_alive()]
