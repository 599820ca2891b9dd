"""Threads whose work may wait while others need the CPU."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

NICE = 10


def lower_priority() -> None:
    """From now on the calling thread, and those that it starts, get the CPU where no other thread wants it much.

    Linux has priorities for threads, not only for processes.
    """
    thread = threading.get_native_id()
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, max(NICE, os.getpriority(os.PRIO_PROCESS, thread)))
