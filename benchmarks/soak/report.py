"""What a soak has shown, as Markdown, and whether all of it is as it should be."""

from __future__ import annotations

import os
import platform
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from benchmarks.soak.ledger import Verdict
from benchmarks.soak.schedule import Fault
from benchmarks.soak.trend import Trend, trend
from benchmarks.soak.watch import Watch

WARM_UP = 1 / 3  # of the time, in which memory may grow
MOST_MB_PER_HOUR = 1.0
STOPPING_S = 5.0
MOST_MORE = 2  # threads or descriptors that may be there in the last rest and were not in the first


@dataclass(frozen=True)
class Soak:
    """What was seen.

    Attributes:
        command: That made it.
        faults: What happened.
        watch: What the program took meanwhile.
        cameras: How each of them was in the end.
        made: How many messages the program has made.
        gaps: How many lines of messages have a gap in their numbers.
        sinks: What each sink has got of them.
        cpu_share: How much of one core the program took.
        exit_code, stopping_s: At SIGTERM, and how long that took [s].
        log: What it has said.
    """

    command: str
    faults: Sequence[Fault]
    watch: Watch
    cameras: Mapping[str, str]
    made: int
    gaps: int
    sinks: Mapping[str, Verdict]
    cpu_share: float
    exit_code: int
    stopping_s: float
    log: str

    def failures(self) -> list[str]:
        """What is not as it should be."""
        found = [f"{name} is {state}" for name, state in self.cameras.items() if state != "up"]
        found += [f"{self.gaps} lines of messages have a gap"] if self.gaps else []
        lost = {name: each for name, each in self.sinks.items() if each.lost}
        found += [f"{name}: {each.lost} messages are missing: {each.missing}" for name, each in lost.items()]
        found += ["memory grows"] if self._memory().against(MOST_MB_PER_HOUR) == "fails" else []
        more = {what: last - first for what, (first, last) in self._counts().items()}
        found += [f"{count} more {what} than in the first rest" for what, count in more.items() if count > MOST_MORE]
        found += ["a traceback in the log"] if "Traceback" in self.log else []
        ended_well = self.exit_code == 0 and self.stopping_s < STOPPING_S
        return found + ([] if ended_well else [f"exit code {self.exit_code} after {self.stopping_s:.1f} s"])

    def page(self) -> str:
        """The report."""
        rows = {
            "faults": f"{len(self.faults)}: {self._happened()}",
            "cameras in the end": ", ".join(f"{name} {state}" for name, state in self.cameras.items()),
            "cameras were down": _by_reason(self.log),
            "messages": f"{self.made}, {self.gaps} gaps in their numbers",
            **{name: _what_arrived(each) for name, each in self.sinks.items()},
            "memory (RSS)": self._levels(),
            "its slope after the warm-up": self._slope(),
            **{
                what: f"{first} in the first rest, {last} in the last" for what, (first, last) in self._counts().items()
            },
            "CPU": f"{self.cpu_share:.2f} of a core",
            "SIGTERM": f"exit code {self.exit_code} after {self.stopping_s:.1f} s",
            "tracebacks": str(self.log.count("Traceback")),
        }
        table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
        told = "; ".join(self.failures()) or "all as it should be"
        return f"`{self.command}`, {_machine()}:\n\n| | |\n| --- | --- |\n{table}\n\nVerdict: {told}.\n"

    def _happened(self) -> str:
        """The kinds of faults, and how often."""
        where = ("camera" if fault.site in self.cameras else fault.site for fault in self.faults)
        kinds = Counter(zip(where, (fault.kind for fault in self.faults), strict=True))
        return ", ".join(f"{site} {kind} {count} ×" for (site, kind), count in sorted(kinds.items()))

    def _levels(self) -> str:
        levels = ", ".join(f"{level:.1f}" for _, level in self._rests())
        return f"{levels} MB while all rests, {max(self.watch.rss_mb):.1f} at most"

    def _slope(self) -> str:
        memory = self._memory()
        return (
            f"{memory.per_hour:+.1f} ± {memory.within:.1f} MB/h (95 %, a line through the last {memory.levels} of "
            f"them); below {MOST_MB_PER_HOUR:g} MB/h: {memory.against(MOST_MB_PER_HOUR)}"
        )

    def _memory(self) -> Trend:
        rests = self._rests()
        warm = rests[round(len(rests) * WARM_UP) :]
        return trend([at_s for at_s, _ in warm], [level for _, level in warm])

    def _rests(self) -> list[tuple[float, float]]:
        """When each round ended [s], and the least memory in it [MB]: all is up, and what was freed is given back."""
        watch = self.watch
        return [(watch.at_s[rest][-1], min(watch.rss_mb[rest])) for rest in watch.rests()]

    def _counts(self) -> dict[str, tuple[int, int]]:
        """Threads and descriptors in the first rest and the last."""
        first, last = self.watch.rests()[0], self.watch.rests()[-1]
        both = {"threads": self.watch.threads, "descriptors": self.watch.files}
        return {what: (round(median(of[first])), round(median(of[last]))) for what, of in both.items()}


def _what_arrived(each: Verdict) -> str:
    return f"{each.lost} missing, {each.twice} came twice, {each.late} behind a later one"


def _by_reason(log: str) -> str:
    found = Counter(re.findall(r"camera \w+ is down \((\w+)\)", log))
    return ", ".join(f"{reason} {count}" for reason, count in found.most_common()) or "none"


def _machine() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    cpu, load = found[1] if found else platform.machine(), os.getloadavg()[2]
    today = datetime.now(timezone.utc).date()
    return f"{today}, {os.cpu_count()} cores of {cpu}, load {load:.1f}, Python {platform.python_version()}"
