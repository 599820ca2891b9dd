"""Measures what six RTSP cameras lose beside one that never answers and one that fails every few seconds.

    python benchmarks/trouble.py [--fps 10] [--seconds 60]

Needs the RTSP server of the tests (`make test` sets it up).
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.synthetic import Settings, Street
from tests.program import Program
from tests.rtsp.clips import write_clip
from tests.rtsp.fixtures import Server

FLAP_S = 3.0
CLIP_S = 20
GOOD = [f"good{n}" for n in range(6)]


def flap(server: Server, stop: threading.Event) -> None:
    """Kills and restarts the server until `stop` is set."""
    while not stop.wait(FLAP_S):
        server.kill()
        stop.wait(FLAP_S)
        server.start()


def line(name: str, messages: list[dict[str, Any]]) -> str:
    """A row: frames received, frames missing in between, and their ages."""
    ids = [message["frame_id"] for message in messages]
    missing = ids[-1] + 1 - ids[0] - len(ids) if ids else 0
    middle, late = np.percentile([message["age_ms"] for message in messages] or [np.nan], (50, 99))
    return f"{name:9}  {len(ids):6}  {missing:7}  {middle:7.0f}  {late:6.0f}"


def configured(path: Path, good: Server, flapping: Server, hole: socket.socket) -> list[str]:
    """Writes the configuration; returns its cameras."""
    urls = dict.fromkeys(GOOD, good.url)
    urls |= {"hole": f"rtsp://127.0.0.1:{hole.getsockname()[1]}/live", "flapping": flapping.url}
    cameras = {name: {"url": url} for name, url in urls.items()}
    path.write_text(yaml.safe_dump({"model": {"name": "traffic"}, "cameras": cameras, "publish": [{"type": "stdout"}]}))
    return list(urls)


def watch(program: Program, flapping: Server, seconds: float) -> None:
    """Runs the program for this long once the six cameras are connected, then stops it."""
    stop = threading.Event()
    flapper = threading.Thread(target=flap, args=(flapping, stop))
    try:
        program.until(lambda: {message["camera"] for message in program.messages()} >= {*GOOD})
        flapper.start()
        time.sleep(seconds)
    finally:
        stop.set()
        if flapper.ident:
            flapper.join()
        program.terminate()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as hole:
        folder, street = Path(name), Street(Settings(seed=7, fps=given.fps))
        pictures = (street.render(index)[0] for index in range(CLIP_S * given.fps))
        clip = write_clip(folder / "street.mp4", pictures, fps=given.fps)
        good, flapping = servers = [Server([clip], fps=given.fps) for _ in range(2)]
        cameras = configured(folder / "config.yaml", good, flapping, hole)
        try:
            for server in servers:
                server.start()
            program = Program(folder, "run", "config.yaml")
            watch(program, flapping, given.seconds)
        finally:
            for server in servers:
                server.kill()
        lost = program.log.count("camera flapping is down")
        print(f"{given.seconds:.0f} s at {given.fps} frames/s, in which `flapping` was lost {lost} times")
        print("camera     frames  missing  age p50  p99 ms")
        for camera in cameras:
            print(line(camera, program.messages(camera)))


if __name__ == "__main__":
    main()
