"""SIGTERM and SIGINT tell a verb to stop, which then ends in order."""

from __future__ import annotations

import signal
import threading


def stop_when_told() -> threading.Event:
    """Set by either signal, from now on."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
