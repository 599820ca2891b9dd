"""What a process takes, looked at now and then."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.soak.schedule import ROUND_S
from edge_app.machine.leak_guard import GIVE_BACK_EVERY_S

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Watch:
    """Samples of one process.

    Attributes:
        pid: Which one.
        began: When [s, monotonic clock].
        at_s: When each was taken, since then [s].
        rss_mb: Memory [10^6 bytes].
        threads, files: How many threads and descriptors it had.
    """

    pid: int
    began: float = field(default_factory=time.monotonic)
    at_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Takes a sample."""
        process = Path("/proc", str(self.pid))
        self.at_s.append(time.monotonic() - self.began)
        self.rss_mb.append(int((process / "statm").read_text().split()[1]) * PAGE_MB)
        self.threads.append(len(list((process / "task").iterdir())))
        self.files.append(len(list((process / "fd").iterdir())))

    def rests(self, last_s: float = GIVE_BACK_EVERY_S) -> list[slice]:
        """The samples of the last seconds of each round: nothing has failed for a while, and once freed memory goes."""
        ends = (ROUND_S * (1 + number) for number in range(int(self.at_s[-1] / ROUND_S + 0.1)))
        return [slice(bisect_left(self.at_s, end - last_s), bisect_left(self.at_s, end)) for end in ends]

    def cpu_share(self) -> float:
        """How much of one core it has taken."""
        stat = Path("/proc", str(self.pid), "stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS / (time.monotonic() - self.began)
