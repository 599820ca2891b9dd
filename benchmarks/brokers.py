"""Runs the program with eleven bad MQTT brokers beside a good one; prints what became of each, and the memory.

    python benchmarks/brokers.py [--seconds 180] [--fps 8]

Needs mosquitto, the good one. The states are those of the last `stats`, as the good broker's subscriber gets them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.broker.fixtures import Broker, Subscriber
from tests.broker.odd_broker import SILENT, OddBroker, Published
from tests.ports import free_port
from tests.program import Program

NOT_AUTHORIZED, QUOTA, UNSPECIFIED = 0x87, 0x97, 0x80


def detections(code: int | None) -> Callable[[Published], int | None]:
    """Answers them with this, and takes all other messages."""
    return lambda published: code if published.topic.endswith("/detections") else 0


class Rude:
    """Answers whatever comes with the same bytes, or with silence; then hangs up if it is told to."""

    def __init__(self, answer: bytes, *, hangs_up: bool) -> None:
        self._answer, self._hangs_up, self._open = answer, hangs_up, list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with contextlib.suppress(OSError):
                client.recv(4096)
                client.sendall(self._answer)
                if self._hangs_up:
                    client.close()
            self._open = [*self._open[-100:], client]


def bad_brokers() -> dict[str, int]:
    """The port of each, by what is bad about it."""
    return {
        "nobody_listens": free_port(),
        "says_nothing": Rude(b"", hangs_up=False).port,
        "hangs_up": Rude(b"", hangs_up=True).port,
        "speaks_http": Rude(b"HTTP/1.1 400 Bad Request\r\n\r\n", hangs_up=True).port,
        "sends_rubbish": Rude(b"\x20\xff\xff\xff\xff\x7f" + b"\xaa" * 60_000, hangs_up=False).port,
        "refuses_the_login": OddBroker(code=NOT_AUTHORIZED).port,
        "never_acknowledges": OddBroker(lambda published: SILENT).port,
        "refuses_the_topic": OddBroker(detections(NOT_AUTHORIZED)).port,
        "has_no_quota_left": OddBroker(detections(QUOTA)).port,
        "is_busy": OddBroker(detections(UNSPECIFIED)).port,
        "hangs_up_at_messages": OddBroker(detections(None)).port,
    }


def configuration(folder: Path, good: int, bad: dict[str, int], fps: float) -> Path:
    """Writes it."""
    sinks = [
        {"type": "mqtt", "name": name, "port": port, "version": "5"} for name, port in {"good": good, **bad}.items()
    ]
    cameras = {"street": {"url": f"synthetic://street?fps={fps:g}&size=320x180"}}
    path = folder / "config.yaml"
    everything = {"model": {"name": "traffic"}, "engine": {"threads": 1}, "cameras": cameras}
    path.write_text(yaml.safe_dump(everything | {"publish": [{**sink, "host": "127.0.0.1"} for sink in sinks]}))
    return path


def report(subscriber: Subscriber, memory: list[float]) -> None:
    """Prints the last stats, what the good one lost, and the memory over time."""
    stats: dict[str, Any] = json.loads(subscriber.on("edge_app/stats")[-1])
    for name, sink in stats["sinks"].items():
        counts = f"{sink['published']} published, {sink['queued']} queued, dropped {sink['dropped']}"
        print(f"{name:22}{sink['state']:6}{counts:70}{sink['reason'] or ''}")
    numbers = [json.loads(payload)["seq"] for payload in subscriber.on("edge_app/street/detections")]
    missing = set(range(min(numbers), max(numbers) + 1)) - set(numbers)
    print(f"the good one got {len(set(numbers))} messages; {len(missing)} are missing in between")
    thirds = [max(memory[at : at + len(memory) // 3]) for at in range(0, len(memory) - 2, max(1, len(memory) // 3))]
    print("memory in each third of the time:", ", ".join(f"{most:.1f} MB" for most in thirds[:3]))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--fps", type=float, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder)
        subscriber = Subscriber(broker)
        program = Program(folder, "run", configuration(folder, broker.port, bad_brokers(), given.fps))
        try:
            program.until(lambda: len(subscriber.on("edge_app/stats")) >= 1)
            process, memory, end = psutil.Process(program.process.pid), list[float](), time.monotonic() + given.seconds
            while time.monotonic() < end:
                memory.append(process.memory_info().rss / 1e6)
                time.sleep(1)
            report(subscriber, memory)
            code, seconds = program.terminate()
            print(f"exit code {code} after {seconds:.1f} s; {'a' if 'Traceback' in program.log else 'no'} traceback")
        finally:
            program.process.kill()
            subscriber.close()
            broker.kill()


if __name__ == "__main__":
    main()
