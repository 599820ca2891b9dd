"""What it costs the program that people watch it: CPU, memory and the age of the picture.

    python benchmarks/page.py [--cameras 8] [--fps 25] [--seconds 60] [--rounds 3] [--who nobody client slow page]

Cameras over RTSP, H.264, 640x360, a key frame a second, analysed twice a second. In turns nobody watches; a client
takes all of them live and shows nothing; it does while another viewer has a link of 256 kbit/s; the page in Chromium
shows them, on this machine. A line for each: CPU of the program, its memory, how many frames it analysed, and the age
of the pictures: when the client has them, and as the page tells it of those that it shows.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.synthetic import Settings, Street
from tests.page.fixtures import ARGUMENTS, View, missing
from tests.ports import free_port
from tests.rtsp.clips import write_clip
from tests.rtsp.fixtures import Server
from tests.web.websocket import Binary, Client

CLIP_S = 10
TICKS = os.sysconf("SC_CLK_TCK")
SLOW = 32_000  # bytes a second
FRAGMENT = 1  # of a binary message
WHO = ("nobody", "client", "slow", "page")


class Watched:
    """The program, as the system sees it."""

    def __init__(self, folder: Path, cameras: int, url: str) -> None:
        self.port = free_port()
        each = {"url": url, "max_fps": 2}
        config = folder / "config.yaml"
        config.write_text(
            yaml.safe_dump(
                {
                    "model": {"name": "traffic"},
                    "engine": {"threads": 1},
                    "cameras": {f"c{n}": each for n in range(cameras)},
                    "publish": [{"type": "file", "path": "out.ndjson"}],
                    "web": {"port": self.port},
                    "state_dir": "state",
                }
            )
        )
        command = [sys.executable, "-m", "edge_app", "run", str(config)]
        self.process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
        self._out = folder / "out.ndjson"

    @property
    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000  # type: ignore[index]

    @property
    def messages(self) -> int:
        return self._out.read_bytes().count(b"\n") if self._out.exists() else 0

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


@contextlib.contextmanager
def slow_viewer(port: int) -> Iterator[Any]:
    """Watches the first camera through a link of so many bytes a second."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def carry() -> None:
            client, _ = listener.accept()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 14)
            with client, socket.socket() as server:
                server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
                server.connect(("127.0.0.1", port))
                server.sendall(
                    client.recv(1 << 14).replace(str(listener.getsockname()[1]).encode(), str(port).encode())
                )
                with contextlib.suppress(OSError):
                    while not stop.is_set() and (piece := server.recv(SLOW // 20)):
                        client.sendall(piece)
                        time.sleep(len(piece) / SLOW)

        threading.Thread(target=carry, daemon=True).start()
        viewer = Client(listener.getsockname()[1], "/api/v1/cameras/c0/live", read_buffer=1 << 14)

        def read() -> None:
            with contextlib.suppress(OSError):  # it is closed in the end
                list(viewer.messages())

        threading.Thread(target=read, daemon=True).start()
        try:
            yield viewer
        finally:
            stop.set()
            viewer.close()


class Clients:
    """Takes all cameras live, as fast as they come.

    Attributes:
        ages: Of each picture when it was here [s].
        most_behind: The longest time between two pictures of a camera [s].
    """

    def __init__(self, port: int, cameras: int) -> None:
        self.ages: list[float] = []
        self.most_behind = 0.0
        self._clients = [Client(port, f"/api/v1/cameras/c{n}/live") for n in range(cameras)]
        for client in self._clients:
            threading.Thread(target=self._take, args=(client,), daemon=True).start()

    def _take(self, client: Client) -> None:
        before = None
        with contextlib.suppress(OSError):
            for message in client.messages():
                if isinstance(message, Binary) and message.kind == FRAGMENT:
                    now = time.time()
                    self.ages.append(now - message.captured)
                    self.most_behind = max(self.most_behind, now - before if before else 0.0)
                    before = now

    def close(self) -> None:
        for client in self._clients:
            client.close()


def ages(view: View, seconds: float) -> list[float]:
    """What the tiles say of the age of their pictures, again and again [s]."""
    found = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        texts = view.page.locator("[data-camera]").all_inner_texts()
        found += [float(age) for text in texts for age in re.findall(r"age ([\d.]+) s", text)]
        view.page.wait_for_timeout(500)
    return found


def measure(name: str, program: Watched, seconds: float, by: View | Clients | None) -> None:
    """Prints a line."""
    cpu, messages, began = program.cpu_s, program.messages, time.monotonic()
    if isinstance(by, Clients):
        by.ages.clear()
    found = ages(by, seconds) if isinstance(by, View) else []
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    took = time.monotonic() - began
    share, rate = 100 * (program.cpu_s - cpu) / took, (program.messages - messages) / took
    if isinstance(by, Clients):
        found = list(by.ages)
    age = ""
    if found:
        p95 = statistics.quantiles(found, n=20)[-1]
        age = f"age p50 {statistics.median(found):.2f}, p95 {p95:.2f}, at most {max(found):.2f} s"
    print(
        f"{name:24s} {share:6.1f} % of a core  {program.memory_mb:6.1f} MB  {rate:5.1f} messages/s  {age}", flush=True
    )


def watch(who: str, program: Watched, cameras: int, seconds: float, browser: Any) -> None:
    """Prints the line of that viewer."""
    if who == "nobody":
        measure("nobody watches", program, seconds, None)
    elif who == "page":
        view = View(browser, f"http://127.0.0.1:{program.port}", width=1600, height=1200)
        view.open()
        view.page.wait_for_timeout(5000)
        measure("the page", program, seconds, view)
        view.context.close()
    else:
        clients = Clients(program.port, cameras)
        with slow_viewer(program.port) if who == "slow" else contextlib.nullcontext():
            time.sleep(3)
            measure("and a slow viewer" if who == "slow" else "a client of all", program, seconds, clients)
        clients.close()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--who", nargs="+", choices=WHO, default=WHO)
    given = parser.parse_args()
    if reason := missing():
        raise SystemExit(reason)
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name:
        street = Street(Settings(seed=7, fps=given.fps))
        pictures = (street.render(index)[0] for index in range(CLIP_S * given.fps))
        server = Server([write_clip(Path(name) / "street.mp4", pictures, fps=given.fps)], fps=given.fps)
        server.start()
        program = Watched(Path(name), given.cameras, server.url)
        try:
            while program.messages < 2 * given.cameras:
                time.sleep(0.2)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
                for _ in range(given.rounds):
                    for who in given.who:
                        time.sleep(3)
                        watch(who, program, given.cameras, given.seconds, browser)
                browser.close()
        finally:
            program.end()
            server.kill()


if __name__ == "__main__":
    main()
