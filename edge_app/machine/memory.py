"""How much memory this process takes."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def spared_by_collections() -> Iterator[None]:
    """Python's garbage collector leaves alone what is there at the beginning of the block, until its end.

    It looks at every object now and then, and all threads wait: for 65 ms, two pictures of a camera, with what the
    program has after its start, which is nearly all that it ever keeps. What of that is let go of in cycles in the
    meantime, such as by a reload, is freed at the end.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def resident_bytes(statm: Path = STATM) -> int | None:
    """What of this process is in memory, as `ps` shows it (RSS); None where the system does not tell. See proc(5)."""
    try:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
