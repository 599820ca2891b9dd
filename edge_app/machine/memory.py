"""How much memory this process takes."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

STATM = Path("/proc/self/statm")
M_ARENA_MAX = -8  # malloc.h


def limit_arenas() -> None:
    """Lets malloc keep one heap for each core; to be called before there are threads.

    By default it keeps eight. Threads come and go with connections, so more and more heaps would hold freed memory in
    pieces: what is resident would grow for days, though nothing is kept. Does nothing where the library is not glibc.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, os.cpu_count() or 1)


def give_back() -> None:
    """Has malloc give the system what is free in the middle of its heaps, too; takes some milliseconds.

    Otherwise what is resident follows the highest that was ever needed at once, in steps of some megabytes over days,
    and a leak cannot be told from that. Does nothing where the library is not glibc.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def resident_bytes(statm: Path = STATM) -> int | None:
    """What of this process is in memory, as `ps` shows it (RSS); None where the system does not tell. See proc(5)."""
    try:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
