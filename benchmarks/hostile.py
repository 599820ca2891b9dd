"""Runs the program with forty hostile cameras at once beside two good ones; prints its memory and the good ones' gaps.

    python benchmarks/hostile.py [--seconds 60] [--fps 8] [--px 2073600] [--alone]

The hostile ones are those of `tests/rtsp/greedy.py`, which want memory, those of `tests/rtsp/manners.py` that must be
`down`, and some over HTTP; each is tried again at once. They are served by a process of the lowest priority, as other
machines would serve them. With `--px` every camera has that `max_picture_px`. With `--alone` the good ones have the
program for themselves, for comparison.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
import tempfile
import time
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.capture.http_camera import HttpCamera
from tests.ports import free_port
from tests.program import Program
from tests.rtsp.clips import stripes, write_clip
from tests.rtsp.greedy import GREEDY
from tests.rtsp.manners import MANNERS
from tests.rtsp.odd_camera import OddCamera

HOSTILE = 40
GOOD = ("good1", "good2")
HTTP = ["endless", "endless.png", "compressed", "drip", "frozen.flv", "short-length", "around", "nothing"]


def serve(urls: Connection) -> None:
    """Serves the hostile cameras, in a process of its own, until it is killed; sends their URLs by name."""
    os.nice(19)
    bad = GREEDY | {name: manner for name, manner in MANNERS.items() if manner.shows}
    found = {}
    for name in list(bad)[: HOSTILE - len(HTTP)]:
        camera = OddCamera()
        camera.behave(bad[name])
        found[name] = camera.url()
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(Path(folder, "clip.ts"), stripes((320, 240), 20))
        http = HttpCamera(None, None, free_port(), clip)
        found |= {f"http {path}": http.url(path) for path in HTTP}
        urls.send(found)
        time.sleep(1e6)


def configuration(folder: Path, good: OddCamera, hostile: dict[str, str], px: int) -> Path:
    """Writes it; pictures have at most so many pixels."""
    cameras: dict[str, dict[str, object]] = {name: {"url": good.url(name), "stall_timeout_s": 60} for name in GOOD}
    haste = {"stall_timeout_s": 3, "reconnect": {"initial_s": 0.2, "max_s": 1.0}}
    cameras |= {f"bad{index}": {"url": url, **haste} for index, url in enumerate(hostile.values())}
    for camera in cameras.values():
        camera["max_picture_px"] = px
    path = folder / "config.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "model": {"name": "traffic"},
                "engine": {"threads": 1},
                "cameras": cameras,
                "publish": [{"type": "stdout"}],
            }
        )
    )
    return path


def gaps(program: Program, camera: str, since: float) -> tuple[int, float]:
    """How many messages came of a camera since then [s since 1970], and the longest time between two [s]."""
    times = [message["capture_time"] + message["age_ms"] / 1000 for message in program.messages(camera)]
    times = [at for at in times if at >= since]
    return len(times), max((after - before for before, after in pairwise(times)), default=0.0)


def report(program: Program, hostile: dict[str, str], since: float) -> None:
    """Prints what became of everybody."""
    process = psutil.Process(program.process.pid)
    status = Path(f"/proc/{process.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]
    times = process.cpu_times()
    share = (times.user + times.system) / (time.time() - process.create_time())
    for index, name in enumerate(hostile):
        states = dict.fromkeys(re.findall(rf"camera bad{index} is (up|down \(\w+\))", program.log))
        print(f"{name:44}{', '.join(states) or 'nothing was said of it'}")
    for camera in GOOD:
        count, longest = gaps(program, camera, since)
        print(f"{camera}: {count} messages, the longest gap {longest:.2f} s")
    print(f"peak memory {peak:.0f} MiB, CPU {share:.2f} of a core, load {os.getloadavg()[0]:.1f} on {os.cpu_count()}")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--fps", type=float, default=8)
    parser.add_argument("--px", type=int, default=8192 * 4320)
    parser.add_argument("--alone", action="store_true")
    given = parser.parse_args()
    urls, ours = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(ours,))
    server.start()
    good = OddCamera(good_fps=given.fps, lockstep=False)
    with tempfile.TemporaryDirectory() as name:
        hostile = urls.recv()
        hostile = {} if given.alone else hostile
        program = Program(Path(name), "run", configuration(Path(name), good, hostile, given.px))
        try:
            program.until(lambda: {message["camera"] for message in program.messages()} >= set(GOOD))
            since = time.time() + 2
            program.until(lambda: time.time() > since + given.seconds, given.seconds + 60)
            report(program, hostile, since)
            code, seconds = program.terminate()
            print(f"exit code {code} after {seconds:.1f} s; {'a' if 'Traceback' in program.log else 'no'} traceback")
        finally:
            program.process.kill()
            good.close()
            server.kill()


if __name__ == "__main__":
    main()
