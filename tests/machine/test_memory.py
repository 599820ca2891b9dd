"""What freed memory takes stays bounded, and collections look at little."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref

from edge_app.machine import spared_by_collections
from tests.waiting import PROGRAM_S

HEAPS = """
import ctypes, sys, threading
from edge_app.machine import limit_arenas
if sys.argv[1] == "limited":
    limit_arenas()
libc, barrier = ctypes.CDLL(None), threading.Barrier(int(sys.argv[2]))
def allocate():
    barrier.wait()
    kept = [bytearray(10_000) for _ in range(10)]
    barrier.wait()
threads = [threading.Thread(target=allocate) for _ in range(int(sys.argv[2]))]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def heaps(how: str, threads: int) -> int:
    command = [sys.executable, "-c", HEAPS, how, str(threads)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PROGRAM_S).stdout
    return said.count("<heap nr=")


def test_threads_share_as_many_heaps_as_there_are_cores() -> None:
    cores = os.cpu_count() or 1
    assert heaps("limited", 4 * cores) <= cores
    assert heaps("not", 4 * cores) > cores


class Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_collections_spare_what_was_there_until_the_end() -> None:
    old = Cycle()
    with spared_by_collections():
        new = Cycle()
        gone = {"old": weakref.ref(old), "new": weakref.ref(new)}
        del old, new
        gc.collect()
        assert [name for name, at in gone.items() if at() is None] == ["new"]
    gc.collect()
    assert gone["old"]() is None
