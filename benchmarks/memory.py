"""Runs the program with one costly camera after the other beside two good ones, and prints what memory each takes.

    python benchmarks/memory.py [--only WORD] [--times 3] [--seconds 15] [--px 35389440]

The costly ones send pictures of as many pixels as `max_picture_px` allows by default, 8192 × 4320, coded so that they
want much memory; or what else fills memory over HTTP; or are those of `tests/rtsp/greedy.py`. Each has a program for
itself, in which it is tried again at once. Printed are the most memory that the program has had (VmHWM), the longest
gap between two messages of the good ones, how many pictures of the camera were analysed, and what the log says of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.hostile import gaps
from tests.capture import costly
from tests.program import Program
from tests.rtsp.greedy import GREEDY
from tests.rtsp.odd_camera import OddCamera

WH = (8192, 4320)
GOOD = ("good1", "good2")
NOTHING = "none but the good ones"


def once(make: Callable[[], bytes]) -> Callable[[], Iterator[bytes]]:
    """What is made when it is first asked for, and then kept."""
    made: list[bytes] = []

    def pieces() -> Iterator[bytes]:
        if not made:
            made.append(make())
        yield made[0]

    return pieces


CONTENT: dict[str, tuple[str, Callable[[], Iterator[bytes]]]] = {
    "H.264, 16 reference pictures": ("video/mp2t", once(partial(costly.h264, WH, 16))),
    "H.264, 2 reference pictures": ("video/mp2t", once(partial(costly.h264, WH, 2))),
    "H.264, 1 reference picture": ("video/mp2t", once(partial(costly.h264, WH, 1))),
    "H.264 4:4:4": ("video/mp2t", once(partial(costly.h264, WH, 1, form="yuv444p"))),
    "H.265, 6 reference pictures": ("video/mp2t", once(partial(costly.h265, WH, 6, frames=6))),
    "H.265, 2 reference pictures, 24 MP": ("video/mp2t", once(partial(costly.h265, (6144, 3904), 1, frames=6))),
    "FFV1, 16 bits": ("video/x-matroska", once(partial(costly.video, "ffv1", "matroska", WH, "gbrap16le", 6))),
    "MJPEG 4:4:4": ("video/avi", once(partial(costly.video, "mjpeg", "avi", WH, "yuvj444p", 12))),
    "MJPEG 4:2:0": ("video/avi", once(partial(costly.video, "mjpeg", "avi", WH, "yuvj420p", 12))),
    "H.264, 8 reference pictures, 4K": ("video/mp2t", once(partial(costly.h264, (4096, 2304), 8))),
    "JPEG": ("image/jpeg", once(partial(costly.picture, ".jpg", WH))),
    "PNG": ("image/png", once(partial(costly.picture, ".png", WH))),
    "WebP": ("image/webp", once(partial(costly.picture, ".webp", WH))),
    "empty fragments of MP4": ("video/mp4", partial(costly.empty_fragments, 1, 700_000)),
    "empty fragments of 16 tracks": ("video/mp4", partial(costly.empty_fragments, 16, 100_000)),
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Answers with the content of the number in the path."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        kind, pieces = list(CONTENT.values())[int(self.path[1:])]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        for piece in pieces():
            self.wfile.write(piece)


class Server(ThreadingHTTPServer):
    """Whose clients may hang up."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of it."""


def serve(urls: Connection, only: str) -> None:
    """Serves the costly cameras, in a process of its own, until it is killed; sends their URLs by name."""
    server = Server(("127.0.0.1", 0), Handler)
    found = {name: f"http://127.0.0.1:{server.server_port}/{index}" for index, name in enumerate(CONTENT)}
    for name, (_, pieces) in CONTENT.items():
        if only in name:
            next(pieces())
    os.nice(19)
    for name, manner in GREEDY.items():
        camera = OddCamera()
        camera.behave(manner)
        found[f"RTSP, {name}"] = camera.url()
    urls.send({NOTHING: "", **found})
    server.serve_forever()


def configuration(folder: Path, good: OddCamera, url: str, px: int | None) -> Path:
    """Writes it."""
    cameras: dict[str, dict[str, object]] = {name: {"url": good.url(name), "stall_timeout_s": 60} for name in GOOD}
    if url:
        cameras["bad"] = {"url": url, "stall_timeout_s": 5, "reconnect": {"initial_s": 0.2, "max_s": 1.0}}
    for camera in cameras.values():
        camera |= {"max_picture_px": px} if px else {}
    path = folder / "config.yaml"
    sections = {"model": {"name": "traffic"}, "engine": {"threads": 1}, "publish": [{"type": "stdout"}]}
    path.write_text(yaml.safe_dump({**sections, "cameras": cameras}))
    return path


def measure(url: str, seconds: float, px: int | None) -> str:
    """What one camera takes within so many seconds, and what became of it."""
    good = OddCamera(good_fps=8, lockstep=False)
    with tempfile.TemporaryDirectory() as name:
        program = Program(Path(name), "run", configuration(Path(name), good, url, px))
        try:
            program.until(lambda: {message["camera"] for message in program.messages()} >= set(GOOD))
            since = time.time()
            program.until(lambda: time.time() > since + seconds, seconds + 60)
            status = Path(f"/proc/{program.process.pid}/status").read_text()
            peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1e6  # type: ignore[index]
            shown = dict.fromkeys(re.findall(r"camera bad is (up|down \(\w+\))", program.log))
            longest = max(gaps(program, camera, since)[1] for camera in GOOD)
            taken = len(program.messages("bad"))
            return f"{peak:7.0f} MB  gap {longest:.2f} s  {taken:4} taken  {', '.join(shown)}"
        finally:
            program.process.kill()
            program.process.wait()
            good.close()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cameras with this word in their name")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--px", type=int)
    given = parser.parse_args()
    urls, ours = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(ours, given.only))
    server.start()
    try:
        for name, url in urls.recv().items():
            for _ in range(given.times if given.only in name else 0):
                print(f"{name:44}{measure(url, given.seconds, given.px)}", flush=True)
    finally:
        server.kill()


if __name__ == "__main__":
    main()
