"""Runs the program with a camera of the worst manners beside three good ones, and counts the good ones' frames.

    python benchmarks/manners.py [--seconds 10] [--fps 8] [--free] [--only WORD]

Each manner of `tests/rtsp/manners.py` has so many seconds. The good cameras send a frame when the one before the last
became a message, so that a busy machine drops none, and a good camera that is held up sends fewer. With `--free` they
send at their own pace, and a frame that is replaced in the inbox because the machine is busy counts as lost too. Where
the odd camera's manner changes, it hangs up once.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.app.witness import GOOD, Witness
from tests.program import Program
from tests.rtsp.manners import MANNERS, POLITE, Manner
from tests.rtsp.odd_camera import OddCamera

ON_THE_WAY_S = 2.0  # until the last frames are messages
STATE = re.compile(r"camera odd is (up|down \(\w+\))")


@dataclass(frozen=True)
class Period:
    """What happened while the odd camera had one manner.

    Attributes:
        manner: Its name.
        begin, end: How many frames each good camera had sent before, and afterwards.
        states: Of the odd camera, in words, those at the beginning included.
    """

    manner: str
    begin: Counter[str]
    end: Counter[str]
    states: list[str]

    def expected(self, camera: str) -> int:
        return self.end[f"/{camera}"] - self.begin[f"/{camera}"]

    def got(self, camera: str, frames: set[int]) -> int:
        return len(frames & set(range(self.begin[f"/{camera}"], self.end[f"/{camera}"])))


def configuration(folder: Path, odd: OddCamera) -> Path:
    """Writes it: an odd camera that is tried again at once, and three good ones."""
    reconnect = {"initial_s": 0.2, "max_s": 1.0}
    cameras: dict[str, Any] = {name: {"url": odd.url(name)} for name in GOOD}
    cameras["odd"] = {"url": odd.url(), "stall_timeout_s": 2, "reconnect": reconnect}
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"model": {"name": "traffic"}, "cameras": cameras, "publish": [{"type": "stdout"}]}))
    return path


def soak(
    program: Program, odd: OddCamera, witness: Witness, manners: dict[str, Manner], seconds: float
) -> list[Period]:
    """Gives the odd camera one manner after the other."""
    periods = []
    for manner, behaviour in manners.items():
        begin, heard = Counter(odd.sent), len(program.log)
        odd.behave(behaviour)
        deadline = time.monotonic() + seconds
        program.until(lambda deadline=deadline: witness.read() and time.monotonic() > deadline, seconds * 2 + 60)
        states = list(dict.fromkeys(STATE.findall(program.log[heard:])))
        periods.append(Period(manner, begin, Counter(odd.sent), states))
        print(f"{manner}: {', '.join(states) or 'no change'}", file=sys.stderr, flush=True)
    return periods


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--fps", type=float, default=8)
    parser.add_argument("--free", action="store_true")
    parser.add_argument("--only", default="", help="manners with this word in their name")
    given = parser.parse_args()
    manners = {"good ones, for comparison": POLITE} | {name: MANNERS[name] for name in MANNERS if given.only in name}
    with tempfile.TemporaryDirectory() as name:
        odd = OddCamera(good_fps=given.fps, lockstep=not given.free)
        program = Program(Path(name), "run", configuration(Path(name), odd))
        try:
            witness = Witness(program, odd)
            program.until(lambda: set(witness.read()) >= set(GOOD))
            witness.silence_s = 0.0
            periods = soak(program, odd, witness, manners, given.seconds)
            last = time.monotonic() + ON_THE_WAY_S
            program.until(lambda: witness.read() and time.monotonic() > last)
            code, _ = program.terminate()
        finally:
            program.process.kill()
            odd.close()
        report(periods, {name: set(frames) for name, frames in witness.read().items()})
        print(f"longest time without a frame of a good camera: {witness.silence_s:.1f} s")
        print("connections of the good cameras:", *(odd.connections[f"/{name}"] for name in GOOD))
        print(f"exit code {code}; {'a' if 'Traceback' in program.log else 'no'} traceback")


def report(periods: list[Period], frames: dict[str, set[int]]) -> None:
    """Prints a line for each manner, and the sums."""
    print(f"{'manner':40}{'the odd camera is':36}" + "".join(f"{name:>12}" for name in GOOD))
    for period in periods:
        cells = [f"{period.got(name, frames[name])}/{period.expected(name)}" for name in GOOD]
        states = ", ".join(period.states) or "as before"
        print(f"{period.manner:40}{states:36}" + "".join(f"{cell:>12}" for cell in cells))
    sums = [(sum(p.got(name, frames[name]) for p in periods), sum(p.expected(name) for p in periods)) for name in GOOD]
    print(f"{'all, got/sent':76}" + "".join(f"{f'{got}/{sent}':>12}" for got, sent in sums))


if __name__ == "__main__":
    main()
