"""How tests wait and measure: no verdict depends on how busy the machine is."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 60.0  # for what comes soon unless something is wrong; a quiet machine never waits so long
PROGRAM_S = 240.0  # likewise for a whole program to do its work


def until(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    """Waits for the condition; fails the test if it does not come true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not true within {timeout_s} s"
        time.sleep(0.01)


class Stopwatch:
    """How long something takes processes, less the time for which their threads were ready to run and had no CPU.

    On a quiet machine that is the time on the clock. What waits for too long is found on any machine: a thread that
    sleeps does not wait for a CPU.
    """

    def __init__(self, *pids: int) -> None:
        """Starts; of this process, unless others are given."""
        self._tasks = [Path(f"/proc/{pid}/task") for pid in pids or (os.getpid(),)]
        self._first = self._without_cpu()
        self._last = dict(self._first)  # a thread that has ended keeps what it was last seen with
        self._began = time.monotonic()

    def read(self) -> float:
        """The seconds so far; for threads that may end meanwhile, to be called often."""
        self._last |= self._without_cpu()
        without_cpu = sum(seconds - self._first.get(thread, 0.0) for thread, seconds in self._last.items())
        return time.monotonic() - self._began - without_cpu

    def _without_cpu(self) -> dict[str, float]:
        """By thread, what Linux says in `schedstat`; nothing where its kernel does not say it."""
        found = {}
        for tasks in self._tasks:
            with contextlib.suppress(OSError):  # the process has ended
                for thread in tasks.iterdir():
                    with contextlib.suppress(OSError, IndexError):  # so has the thread
                        found[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
        return found
