"""Makes a thousand failing attempts of each kind of source, and prints what memory they leave behind.

    python benchmarks/attempts.py [--attempts 1000] [--seconds 60] [--only WORD]

A line for each kind: the memory after the first tenth of the attempts and after all of them, and how many more packets,
frames and errors are alive than before. A silent camera takes 4 s for each attempt, so its kind makes fewer.
"""

from __future__ import annotations

import argparse
import gc
import logging
import multiprocessing
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.capture.conftest import Rig
from tests.capture.http_camera import HttpCamera
from tests.ports import free_port
from tests.rtsp.clips import stripes, write_clip
from tests.rtsp.odd_camera import OddCamera

HASTE = {"initial_s": 0.001, "max_s": 0.002, "jitter": 0}
RTSP = ["only metadata", "only an unknown codec", "a description that is none", "full at SETUP", "no such stream",
        "an error inside", "a redirection to itself", "it hangs up at PLAY", "HTTP instead of RTSP",
        "rubbish instead of RTP", "nothing after PLAY", "reports and no video", "pictures that are damaged",
        "it hangs up again and again"]  # fmt: skip
HTTP = ["five", "five-without-length", "endless", "endless.png", "video.ts", "page.html", "missing", "around",
        "text.txt", "compressed", "empty", "frozen.flv", "status/503"]  # fmt: skip
KEPT = ("av.", "edge_app.capture.", "edge_app.core.errors.")


@dataclass(frozen=True)
class Kind:
    """A kind of source that fails.

    Attributes:
        name: Of the kind.
        url: Where it is.
        settings: Of its camera.
    """

    name: str
    url: str
    settings: dict[str, Any] = field(default_factory=dict)


def serve(kinds: Connection) -> None:
    """Serves every kind, in a process of its own, until it is killed; sends them."""
    impatient = {"stall_timeout_s": 0.05, "max_picture_px": 320 * 240}
    found = []
    for name in RTSP:
        camera = OddCamera()
        camera.behave(name)
        found.append(Kind(f"rtsp: {name}", camera.url(), impatient))
    found.append(Kind("rtsp: pictures too large", OddCamera().url(), {"max_picture_px": 1}))
    found.append(Kind("rtsp: refused", f"rtsp://127.0.0.1:{free_port()}/none"))
    with tempfile.TemporaryDirectory() as folder:
        http = HttpCamera(None, None, free_port(), write_clip(Path(folder, "clip.ts"), stripes((320, 240), 20)))
        found += [Kind(f"http: {path}", http.url(path), impatient) for path in HTTP]
        found.append(Kind("http: refused", f"http://127.0.0.1:{free_port()}/none"))
        found.append(Kind("no such device", "/dev/video77"))
        kinds.send(found)
        time.sleep(1e6)


def alive() -> int:
    """Packets, frames, containers and errors that exist."""
    gc.collect()
    return sum(f"{type(thing).__module__}.{type(thing).__qualname__}".startswith(KEPT) for thing in gc.get_objects())


def attempt(kind: Kind, attempts: int, seconds: float) -> str:
    """A row of the table: made by so many attempts, or by those that so many seconds leave time for."""
    before, rig, process = alive(), Rig(), psutil.Process()
    rig.add(kind.url, reconnect=HASTE, **kind.settings)
    began, made, first = time.monotonic(), 0, 0.0
    while made < attempts and time.monotonic() - began < seconds:
        rig.inbox.take(4, 0.02)
        rig.cameras.supervise()
        made = rig.metrics.total("reconnects", camera="gate")
        if not first and (made >= attempts / 10 or time.monotonic() - began > seconds / 10):
            first = process.memory_info().rss / 1e6
    last = process.memory_info().rss / 1e6
    rig.end()
    del rig
    return f"{kind.name:40}{made:9}{first:9.1f} MB{last:7.1f} MB{last - first:+7.1f} MB{alive() - before:8}"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60, help="for a kind, at most")
    parser.add_argument("--only", default="", help="kinds with this word in their name")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    print(f"{'kind':40}{'attempts':>9}{'a tenth':>12}{'all':>10}{'grown':>10}{'alive':>8}")
    kinds, ours = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(ours,))
    server.start()
    try:
        for kind in kinds.recv():
            if given.only in kind.name:
                print(attempt(kind, given.attempts, given.seconds), flush=True)
    finally:
        server.kill()


if __name__ == "__main__":
    main()
