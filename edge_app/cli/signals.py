"""SIGTERM and SIGINT tell a verb to stop, which then ends in order, or else is ended; SIGHUP tells one to reload."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})
LATEST_S = 4.5  # stopping has to take less than 5 s
MOST_AT_ONCE = 64  # signals that are read from the pipe


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Set by either signal during the block, which the process then has so long to leave.

    Python calls a signal's handler once the main thread is back from the call it is in. A model may never return from
    that, and a terminal that nobody reads not either, so a thread hears of the signal as the operating system does.
    """
    stop, (reader, writer) = threading.Event(), os.pipe()
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in STOPPING}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    listener = threading.Thread(target=_listen, args=(reader, stop), name="signals", daemon=True)
    listener.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)
        listener.join()
        os.close(reader)


@contextmanager
def reloaded_by_signals(reload: Callable[[], object]) -> Iterator[None]:
    """SIGHUP calls `reload`, in the main thread, during the block; at a terminal it means that nobody is there."""
    if sys.stdin is not None and sys.stdin.isatty():
        yield
        return
    before = signal.signal(signal.SIGHUP, lambda *_: reload())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _listen(reader: int, stop: threading.Event) -> None:
    """Sets `stop` at a signal, and ends the process unless the block is left in time; then the pipe is closed."""
    deadline = None
    while select.select([reader], [], [], deadline and max(0.0, deadline - time.monotonic()))[0]:
        numbers = os.read(reader, MOST_AT_ONCE)
        if not numbers:
            return
        if STOPPING.intersection(numbers):
            stop.set()
            deadline = deadline or time.monotonic() + LATEST_S
    os._exit(0)
