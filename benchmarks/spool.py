"""What a spool costs, and what it holds: CPU, bytes written, memory and the other sinks' delay; prints tables.

    python benchmarks/spool.py cost [--rounds 5] [--seconds 20] [--rate 200]
    python benchmarks/spool.py away [--minutes 10] [--rate 200]

`cost` sends to mosquitto at QoS 1 without a spool, with `spill` and with `always`, in turn. `away` sends to a broker
that never acknowledges, to one where nobody listens, and to a sink that takes everything, whose delays it shows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.publish import DeliveryGroup, DeliveryPolicy, Message, MessageKind
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from edge_app.publish.spool import SpoolConfig
from tests.broker.fixtures import Broker
from tests.broker.odd_broker import SILENT, OddBroker
from tests.ports import free_port

POLICIES = {"no spool": None, "spill": SpoolConfig(), "always": SpoolConfig(detections="always")}
CAMERAS = 4
PAYLOAD = (
    '{"schema":"edge_app.detections/1","session":"01KB7Q9G5Z3M8V2T4R6N1W0XYA","seq":%d,"camera":"cam%d","frame_id":%d,'
    '"capture_ts":"2026-11-23T15:00:00.123Z","capture_time":%.3f,"ts_source":"rtcp","age_ms":41.7,"image":{"width":1920,'
    '"height":1080},"model":{"name":"traffic","sha256":"c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",'
    '"engine":"tensorrt","precision":"int8"},"latency_ms":{"queue":1.21,"preprocess":0.93,"infer":8.12,"postprocess":0.41,'
    '"total":11.02},"objects":[{"label":"person","class_id":0,"score":0.9123,"box":[11.25,%d.50,333.12,444.00],"track_id":'
    '7},{"label":"car","class_id":2,"score":0.5512,"box":[811.25,%d.25,1033.12,844.00],"track_id":8}]}'
)


class Timed:
    """A sink that takes everything, and notes how long it waited."""

    kinds: frozenset[MessageKind] = frozenset({"detections"})

    def __init__(self) -> None:
        self.delays_s: list[float] = []
        self._new: list[Message] = []

    def open(self, wake: Callable[[], None]) -> bool:
        return True

    def send(self, message: Message) -> bool:
        self.delays_s.append(time.time() - message.time)
        self._new.append(message)
        return True

    def confirmed(self) -> Sequence[Message]:
        new, self._new = self._new, []
        return new

    def close(self) -> None:
        pass


@contextmanager
def deliveries(folder: Path) -> Iterator[DeliveryGroup]:
    """Sinks in threads, as the program runs them."""
    threads = ThreadGroup(threading.Event())
    group = DeliveryGroup(threads, Heartbeats(), Metrics(), spools=folder)
    try:
        yield group
    finally:
        group.stop()
        threads.join(5)


def send(group: DeliveryGroup, rate: float, seconds: float) -> None:
    """Puts messages at an even rate."""
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        now, pixel = time.time(), number % 700
        payload = PAYLOAD % (number // CAMERAS, number % CAMERAS, number, now, pixel, pixel)
        camera = f"cam{number % CAMERAS}"
        message = Message(camera=camera, kind="detections", payload=payload.encode(), droppable=True, time=now)
        group.put(message, lambda: False)


def finish(group: DeliveryGroup) -> None:
    """Waits until everything is delivered."""
    while any(status.queued for status in group.statuses().values()):
        time.sleep(0.01)


def cost(rounds: int, seconds: float, rate: float) -> None:
    """Prints CPU and bytes written for each policy."""
    cpu: dict[str, list[float]] = {name: [] for name in POLICIES}
    written: dict[str, list[float]] = {name: [] for name in POLICIES}
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as scratch:
        broker = Broker(Path(scratch))
        try:
            for number in range(rounds):
                turn = number % len(POLICIES)  # none is always the first
                for name, spool in [*POLICIES.items()][turn:] + [*POLICIES.items()][:turn]:
                    with deliveries(Path(scratch, f"spool {number} {name}")) as group:
                        sink = MqttSinkConfig(host="127.0.0.1", port=broker.port, messages=("detections",))
                        group.add("mqtt", sink.open(), DeliveryPolicy(spool=spool))
                        send(group, rate, 2.0)
                        finish(group)
                        before, wrote = time.process_time(), process.io_counters().write_chars
                        send(group, rate, seconds)
                        finish(group)
                        cpu[name].append((time.process_time() - before) / (rate * seconds) * 1e6)
                        written[name].append((process.io_counters().write_chars - wrote) / (rate * seconds))
        finally:
            broker.kill()
    print("| | CPU a message [µs]: min, median, max | beside none | written to the disk [bytes a message] |")
    print("| --- | --- | --- | --- |")
    base = statistics.median(cpu["no spool"])
    for name, values in cpu.items():
        spread = ", ".join(f"{value:.0f}" for value in (min(values), statistics.median(values), max(values)))
        share = statistics.median(values) / base - 1
        print(f"| {name} | {spread} | {share:+.1%} | {statistics.median(written[name]):,.0f} |")


def away(minutes: float, rate: float) -> None:
    """Prints memory, the size of the spools and the delays of the sink that works, minute by minute."""
    process, timed = psutil.Process(), Timed()
    with tempfile.TemporaryDirectory() as scratch, deliveries(Path(scratch, "spool")) as group:
        group.add("timed", timed)
        send(group, rate, 10.0)
        alone = timed.delays_s.copy()
        for name, port in {"hangs": OddBroker(lambda published: SILENT).port, "nobody": free_port()}.items():
            sink = MqttSinkConfig(name=name, host="127.0.0.1", port=port, messages=("detections",))
            group.add(name, sink.open(), DeliveryPolicy(spool=SpoolConfig()))
        print("| | RSS [MB] | spools [MB] | waiting | delay of the other: p50, p99, max [ms] |")
        print("| --- | --- | --- | --- | --- |")
        print(f"| alone | {process.memory_info().rss / 1e6:.1f} | 0 | 0 | {_delays(alone)} |")
        step = min(1.0, minutes)
        for number in range(1, round(minutes / step) + 1):
            timed.delays_s.clear()
            send(group, rate, 60 * step)
            size = sum(path.stat().st_size for path in Path(scratch, "spool").iterdir())
            waiting = sum(status.queued for status in group.statuses().values())
            row = f"{number * step:g} min | {process.memory_info().rss / 1e6:.1f} | {size / 1e6:.1f} | {waiting}"
            print(f"| {row} | {_delays(timed.delays_s)} |", flush=True)


def _delays(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return ", ".join(f"{1e3 * ordered[int(share * (len(ordered) - 1))]:.2f}" for share in (0.5, 0.99, 1.0))


def main() -> None:
    """Measures what the command line asks for."""
    sys.setswitchinterval(0.001)  # as the program does
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cost", "away"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=200.0)
    args = parser.parse_args()
    if args.what == "cost":
        cost(args.rounds, args.seconds, args.rate)
    else:
        away(args.minutes, args.rate)


if __name__ == "__main__":
    main()
