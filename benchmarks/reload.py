"""Reloads a program with thirty RTSP cameras again and again, one of which changes; prints what the others lose.

    python benchmarks/reload.py [--cameras 30] [--fps 2] [--reloads 100] [--every 1]

The camera that changes gets in turn another zone, another `max_fps`, is removed and added. Frames of the others that
are no message are counted by gaps in `frame_id`, in as many seconds without reloads and then with them. Threads and
descriptors of the program are those after the tenth reload and after the last, memory also after each tenth of them in
between, and after as many seconds without any. Needs the RTSP server of the tests (`make test` sets it up).
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.synthetic import Settings, Street
from tests.program import Program
from tests.rtsp.clips import write_clip
from tests.rtsp.fixtures import Server

CLIP_S = 20
WARM_UP, TENTHS = 10, 10  # reloads; looks at the memory
ZONE = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
CHANGING = "c0"


def changes(url: str) -> Iterator[dict[str, Any]]:
    """The cameras beside the others, one after the other: the one that changes, or none."""
    camera = {"url": url}
    return cycle(
        ({CHANGING: camera}, {CHANGING: {**camera, "zones": {"door": ZONE}}}, {CHANGING: {**camera, "max_fps": 1}}, {})
    )


def lost(program: Program, cameras: list[str], during: Callable[[], None]) -> tuple[int, int]:
    """How many frames of these cameras were messages meanwhile, and how many were not."""
    before = {name: len(program.messages(name)) for name in cameras}
    during()
    found = missing = 0
    for name in cameras:
        ids = [message["frame_id"] for message in program.messages(name)[before[name] - 1 :]]
        found += len(ids) - 1
        missing += sum(b - a - 1 for a, b in pairwise(ids))
    return found, missing


def rss_mb(process: psutil.Process) -> float:
    """What of the process is in memory [10^6 bytes]."""
    return float(process.memory_info().rss) / 1e6


def in_tenths(do: Callable[[], object], process: psutil.Process, rss: list[float]) -> None:
    """Does a tenth of it ten times, and notes the memory of the process after each."""
    for _ in range(TENTHS):
        do()
        rss.append(rss_mb(process))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=30)
    parser.add_argument("--fps", type=int, default=2)
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--every", type=float, default=1.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        street = Street(Settings(seed=7, fps=given.fps, width=320, height=180))
        pictures = (street.render(index)[0] for index in range(CLIP_S * given.fps))
        server = Server([write_clip(folder / "street.mp4", pictures, fps=given.fps)], fps=given.fps)
        server.start()
        try:
            run(folder, server.url, given)
        finally:
            server.kill()


def run(folder: Path, url: str, given: argparse.Namespace) -> None:
    """Measures a program in that folder."""
    others = {f"c{n}": {"url": url} for n in range(1, given.cameras)}
    config, next_change = folder / "config.yaml", changes(url)

    def write() -> None:
        sections = {"model": {"name": "traffic"}, "state_dir": str(folder / "state"), "publish": [{"type": "stdout"}]}
        config.write_text(yaml.safe_dump({**sections, "cameras": {**next(next_change), **others}}))

    def reload(times: int) -> Callable[[], None]:
        def reloads() -> None:
            for _ in range(times):
                done = program.log.count("reloaded: ")
                write()
                program.process.send_signal(signal.SIGHUP)
                program.until(lambda done=done: program.log.count("reloaded: ") > done)
                time.sleep(given.every)

        return reloads

    write()
    program = Program(folder, "run", config)
    try:
        program.until(lambda: all(len(program.messages(name)) > 1 for name in others))
        process = psutil.Process(program.process.pid)
        rss = [rss_mb(process)]
        began = time.monotonic()
        reload(WARM_UP)()
        lasts = (time.monotonic() - began) * given.reloads / WARM_UP
        before = process.num_threads(), process.num_fds()
        wait = partial(time.sleep, lasts / TENTHS)
        quiet = lost(program, [*others], partial(in_tenths, wait, process, rss))
        busy = lost(program, [*others], partial(in_tenths, reload(given.reloads // TENTHS), process, rss))
        time.sleep(5)
        after = process.num_threads(), process.num_fds()
        opened = sum(program.log.count(f"camera {name} is up") for name in others)
    finally:
        program.terminate()
    print(f"without reloads, {lasts:.0f} s: {quiet[0]} messages of the {len(others)} others, {quiet[1]} frames lost")
    print(f"{given.reloads} reloads: {busy[0]} messages of the others, {busy[1]} frames lost")
    print(f"connections of the others: {opened} for {len(others)} cameras")
    for what, then, now in zip(("threads", "descriptors"), before, after, strict=True):
        print(f"{what}: {then} then {now}")
    print(f"RSS [MB] before the first {WARM_UP}: {rss[0]:.1f}")
    print(f"without reloads: {' '.join(f'{each:.1f}' for each in rss[1 : TENTHS + 1])}")
    print(f"with them: {' '.join(f'{each:.1f}' for each in rss[TENTHS + 1 :])}")


if __name__ == "__main__":
    main()
