"""What the HTTP side costs: its CPU while nobody asks, and that of a scrape of /metrics.

    python benchmarks/web.py [--cameras 30] [--seconds 60] [--scrapes 200]

The first is the CPU of `edge-app run` with a camera that is away, with the section `web` and without it. The second is
of a process with the HTTP side alone, in front of figures as cameras leave them.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.core.metrics import Metrics
from edge_app.web.application import make_application
from edge_app.web.config import WebConfig
from edge_app.web.listener import listen
from edge_app.web.metric_table import STAGES
from edge_app.web.server import WebServer
from tests.ports import free_port
from tests.program import Program
from tests.web.served import CAMERA, HEALTH, view


def program_cpu_s(seconds: float, *, web: bool) -> float:
    """CPU [s] that a program takes while nothing happens."""
    config = {
        "model": {"name": "traffic"},
        "cameras": {"gate": {"url": "rtsp://127.0.0.1:9/x", "reconnect": {"initial_s": 600, "max_s": 600}}},
    } | ({"web": {"port": free_port()}} if web else {})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        path.write_text(yaml.safe_dump(config))
        program = Program(Path(folder), "run", path, env={"STATE_DIRECTORY": folder})
        try:
            program.until(lambda: "camera gate is down" in program.log)
            process = psutil.Process(program.process.pid)
            time.sleep(2)
            before = sum(process.cpu_times()[:2])
            time.sleep(seconds)
            return sum(process.cpu_times()[:2]) - before
        finally:
            program.terminate()


def counted(cameras: int) -> Metrics:
    """What so many cameras leave."""
    metrics = Metrics()
    for number in range(cameras):
        camera = f"camera_{number}"
        metrics.count("frames_captured", camera=camera)
        for reason in ("queue", "stale"):
            metrics.count("frames_dropped", camera=camera, reason=reason)
        metrics.observe_all(dict.fromkeys(("age", *STAGES), 0.03), camera=camera)
    return metrics


def serve(cameras: int, config: WebConfig) -> None:
    """Serves for ever."""
    metrics, health = counted(cameras), {**HEALTH, "cameras": {f"camera_{n}": CAMERA for n in range(cameras)}}
    app = make_application(config, view(metrics=lambda: metrics, health=lambda: health))
    WebServer(app, listen(config), None, lambda: None).run()


def scrape_ms(cameras: int, scrapes: int) -> dict[str, float]:
    """Of one scrape, CPU of the server's process and time on the client's clock [ms]."""
    config = WebConfig(port=free_port())
    server = multiprocessing.Process(target=serve, args=(cameras, config), daemon=True)
    server.start()
    process = psutil.Process(server.pid)
    size, waited, before = 0, list[float](), 0.0
    while len(waited) < scrapes:
        began = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", config.port, timeout=10)
            connection.request("GET", "/metrics")
            size = len(connection.getresponse().read())
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        waited.append(1e3 * (time.monotonic() - began))
        if len(waited) == scrapes // 10:  # by then all is imported
            before = sum(process.cpu_times()[:2])
    cpu_s = sum(process.cpu_times()[:2]) - before
    server.kill()
    rest = sorted(waited[scrapes // 10 :])
    return {"cpu_ms": round(1e3 * cpu_s / len(rest), 2), "p50_ms": round(rest[len(rest) // 2], 1), "bytes": size}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--scrapes", type=int, default=200)
    given = parser.parse_args()
    idle = {name: round(program_cpu_s(given.seconds, web=web), 2) for name, web in (("without", False), ("with", True))}
    scrape = scrape_ms(given.cameras, given.scrapes)
    print(json.dumps({"seconds": given.seconds, "idle_cpu_s": idle, "cameras": given.cameras, "scrape": scrape}))


if __name__ == "__main__":
    main()
