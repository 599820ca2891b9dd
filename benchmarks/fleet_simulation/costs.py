"""What each call costs a real etcd of three members, and the box that asks, with a site of that size in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.fleet_faults.hosts import EtcdHost
from benchmarks.fleet_faults.network import Loopback
from edge_app.fleet import Etcd, FleetConfig, read_site
from edge_app.fleet.site import SiteKeys
from tests.waiting import until

ROUNDS, REPEATS, READS = 3, 500, 50
TTL_S = 600


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one call, in each round.

    Attributes:
        etcd_ms: CPU of all members [ms].
        box_ms: CPU of whoever asks [ms].
    """

    etcd_ms: tuple[float, ...]
    box_ms: tuple[float, ...]


def measure(folder: Path, boxes: int, cameras: int) -> dict[str, Cost]:
    """By call, with a site of so many boxes and cameras."""
    network = Loopback()
    members = [EtcdHost(name, network, folder) for name in ("etcd1", "etcd2", "etcd3")]
    with ExitStack() as stack:
        for member in members:
            member.configure(members)
        for member in members:
            member.start()
            stack.callback(member.kill)
        until(lambda: all(member.status() for member in members))
        config = FleetConfig(etcd=[member.url for member in members], site="costs")
        etcd = Etcd(config)
        stack.callback(etcd.close)
        keys, lease = SiteKeys("costs"), etcd.grant(TTL_S)
        for number in range(boxes):
            about = {"capacity": 16, "instance": "01" + 24 * "K", "since": 1795446000.123}
            etcd.create(keys.box(f"box{number:04}"), about, lease)
        for number in range(cameras):
            etcd.create(keys.camera(f"camera{number:05}"), {"box": f"box{number % boxes:04}"}, lease)
        pids = [member.pid for member in members]
        ask: dict[str, tuple[int, Callable[[int], object]]] = {
            "mark": (REPEATS, lambda _: etcd.mark(keys.prefix)),
            "renew": (REPEATS, lambda _: etcd.renew(lease)),
            "read": (READS, lambda _: read_site(etcd, "costs")),
            "create": (REPEATS, lambda n: etcd.create(keys.camera(f"other{n:05}"), {"box": "box0000"}, lease)),
            "delete": (REPEATS, lambda n: etcd.delete(keys.camera(f"other{n:05}"), lease)),
            "grant": (REPEATS, lambda _: etcd.grant(TTL_S)),
        }
        pids = [member.pid for member in members]
        rounds = [{call: _cost(pids, *each) for call, each in ask.items()} for _ in range(ROUNDS)]
        return {call: Cost(*zip(*(each[call] for each in rounds), strict=True)) for call in ask}


def _cost(pids: list[int], repeats: int, ask: Callable[[int], object]) -> tuple[float, float]:
    """What each call cost etcd and who asked [ms]."""
    etcd, box = _cpu(pids), time.process_time()
    for number in range(repeats):
        ask(number)
    box = time.process_time() - box
    return 1000 * (_cpu(pids) - etcd) / repeats, 1000 * box / repeats


def _cpu(pids: list[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)
