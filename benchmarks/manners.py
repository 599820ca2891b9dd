"""Runs the program with a camera of the worst manners beside three good ones, and counts the good ones' frames.

    python benchmarks/manners.py [--seconds 10] [--fps 8] [--free] [--only WORD]

Each manner of `tests/rtsp/manners.py` and `tests/capture/http_manners.py` has so many seconds. The good cameras send a
frame when the one before the last became a message, so that a busy machine drops none, and a good camera that is held
up sends fewer. With `--free` they send at their own pace, and a busy machine replaces frames in the inbox, which the
program's statistics count. Where the odd camera's manner changes, it hangs up once.

The verdict is the exit code: 1 if a frame that a good camera sent neither became a message nor was counted as dropped,
or if one was dropped without `--free`. Needs mosquitto, to which the program publishes its statistics.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.app.witness import GOOD, Witness
from tests.broker.fixtures import Broker, Subscriber
from tests.capture.http_manners import HTTP_MANNERS
from tests.capture.odd_http_camera import OddHttpCamera
from tests.program import Program
from tests.rtsp.manners import MANNERS, POLITE
from tests.rtsp.odd_camera import OddCamera

STATE = re.compile(r"camera (?:odd|odd_http) is (up|down \(\w+\))")
TOPIC = "edge_app/stats"


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


def configuration(folder: Path, odd: OddCamera, odd_http: OddHttpCamera, broker: Broker) -> Path:
    """Writes it: two odd cameras that are tried again at once, and three good ones, which are waited for."""
    hasty = {"stall_timeout_s": 2, "reconnect": {"initial_s": 0.2, "max_s": 1.0}}
    patient = {"max_frame_age_ms": 1e6, "stall_timeout_s": 300}
    cameras: dict[str, Any] = {name: {"url": odd.url(name), **patient} for name in GOOD}
    cameras |= {"odd": {"url": odd.url(), **hasty}, "odd_http": {"url": odd_http.url(), **hasty}}
    mqtt = {"type": "mqtt", "host": "127.0.0.1", "port": broker.port}
    path = folder / "config.yaml"
    publish = [{"type": "stdout"}, mqtt]
    path.write_text(yaml.safe_dump({"model": {"name": "traffic"}, "cameras": cameras, "publish": publish}))
    return path


def soak(
    program: Program, odd: OddCamera, witness: Witness, manners: dict[str, Callable[[], None]], seconds: float
) -> list[Period]:
    """Gives an odd camera one manner after the other."""
    periods = []
    for manner, begins in manners.items():
        begin, heard = Counter(odd.sent), len(program.log)
        begins()
        deadline = time.monotonic() + seconds
        program.until(lambda deadline=deadline: witness.read() and time.monotonic() > deadline, seconds * 2 + 60)
        states = list(dict.fromkeys(STATE.findall(program.log[heard:])))
        periods.append(Period(manner, begin, Counter(odd.sent), states))
        print(f"{manner}: {', '.join(states) or 'no change'}", file=sys.stderr, flush=True)
    return periods


def settled(program: Program, odd: OddCamera, witness: Witness, subscriber: Subscriber) -> dict[str, Counter[str]]:
    """What was dropped of each good camera, by reason, once they rest and the statistics say so.

    Then libav returns the picture that it kept back.
    """
    odd.resting.set()
    reports = len(subscriber.on(TOPIC))
    program.until(lambda: witness.read() and len(subscriber.on(TOPIC)) > reports + 1)
    cameras = json.loads(subscriber.on(TOPIC)[-1])["cameras"]
    return {name: Counter(cameras[name]["dropped"]) for name in GOOD}


def main() -> None:
    """Prints the table; the verdict is the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--fps", type=float, default=8)
    parser.add_argument("--free", action="store_true")
    parser.add_argument("--only", default="", help="manners with this word in their name")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = Broker(folder)
        stack.callback(broker.kill)
        subscriber = Subscriber(broker)
        stack.callback(subscriber.close)
        odd, odd_http = OddCamera(good_fps=given.fps, lockstep=not given.free), OddHttpCamera()
        stack.callback(odd_http.close)
        stack.callback(odd.close)
        program = Program(folder, "run", configuration(folder, odd, odd_http, broker))
        stack.callback(program.process.kill)
        witness = Witness(program, odd)
        program.until(lambda: set(witness.read()) >= set(GOOD))
        witness.silence_s = 0.0
        periods = soak(program, odd, witness, behaviours(odd, odd_http, given.only), given.seconds)
        silence_s, connections = witness.silence_s, [odd.connections[f"/{name}"] for name in GOOD]
        dropped = settled(program, odd, witness, subscriber)
        code, _ = program.terminate()
        report(periods, {name: set(frames) for name, frames in witness.read().items()})
        lost = verdict(odd, witness, dropped)
        print(f"longest time without a frame of a good camera: {silence_s:.1f} s")
        print("connections of the good cameras:", *connections)
        print(f"exit code {code}; {'a' if 'Traceback' in program.log else 'no'} traceback")
    sys.exit(1 if any(lost.values()) or (any(dropped.values()) and not given.free) else 0)


def behaviours(odd: OddCamera, odd_http: OddHttpCamera, word: str) -> dict[str, Callable[[], None]]:
    """How each manner begins, by its name; first none, for comparison."""
    begins: dict[str, Callable[[], None]] = {"good ones, for comparison": lambda: odd.behave(POLITE)}
    begins |= {name: partial(odd.behave, manner) for name, manner in MANNERS.items() if word in name}
    begins["good ones again"] = lambda: odd.behave(POLITE)
    begins |= {
        f"http: {name}": partial(odd_http.behave, manner) for name, manner in HTTP_MANNERS.items() if word in name
    }
    return begins


def verdict(odd: OddCamera, witness: Witness, dropped: dict[str, Counter[str]]) -> dict[str, int]:
    """Prints what became of all frames of the good cameras; returns how many are missing from the account."""
    lost = {}
    for name in GOOD:
        sent, messages, drops = odd.sent[f"/{name}"], len(witness.frames[name]), dropped[name]
        lost[name] = sent - messages - drops.total()
        counted = ", ".join(f"{count} {reason}" for reason, count in drops.items()) or "0"
        print(f"{name}: sent {sent}, became messages {messages}, counted as dropped {counted}; lost {lost[name]}")
    return lost


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
