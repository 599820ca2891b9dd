"""A thousand boxes that start, die, come back and lose etcd, in a simulation; and the arithmetic for 10,000 cameras.

python -m benchmarks.fleet_simulation [--boxes 1000] [--per-site 10 20] [--cameras 10] [--seed 1]

Discrete events: what each box does is the program's own `Member`, on a clock and a store that are simulated. The store
answers at once; what its calls cost a real etcd of three members is measured here, which has to be installed.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.fleet_simulation import arithmetic
from benchmarks.fleet_simulation.costs import Cost, measure
from benchmarks.fleet_simulation.fleet import Simulation
from benchmarks.fleet_simulation.scenario import Chapter, chapters

CAPACITY = 16


def simulated(given: argparse.Namespace, per_site: int, cost: dict[str, Cost]) -> list[str]:
    """The table of one size of site."""
    sites = given.boxes // per_site
    simulation = Simulation(sites, per_site, per_site * given.cameras, CAPACITY, given.seed)
    lines = [
        f"{sites} sites of {per_site} boxes and {per_site * given.cameras} cameras, {CAPACITY} at most a box:",
        "",
        "| what | unread at most [s] | still unread, without room | even after [s] | begun "
        "| calls/s: median, most | MB/s | etcd, cores |",
        "| --- | --: | --: | --: | --: | --- | --- | --- |",
    ]
    for chapter in chapters(simulation):
        lines.append(row(chapter, cost))
        print(lines[-1], file=sys.stderr, flush=True)
    return [*lines, ""]


def row(chapter: Chapter, cost: dict[str, Cost]) -> str:
    """A line of that table."""
    cores = [sum(count * etcd_ms(call, cost) / 1000 for call, count in second.items()) for second in chapter.asked]
    calls = [sum(second.values()) for second in chapter.asked]
    seconds = "–" if chapter.even_s is None else f"{chapter.even_s:.0f}"
    rates = f"{median(calls):,.0f}, {max(calls):,} | {median(chapter.sent) / 1e6:.1f}, {max(chapter.sent) / 1e6:.1f}"
    came_of_it = f"{chapter.unread_s:.1f} | {chapter.unread}, {chapter.no_room} | {seconds} | {chapter.begun:,}"
    return f"| {chapter.name} | {came_of_it} | {rates} | {median(cores):.1f}, {max(cores):.1f} |"


def etcd_ms(call: str, cost: dict[str, Cost]) -> float:
    """What a call costs etcd [ms]; writing any key costs as much as creating one."""
    return 0.0 if call == "unanswered" else median(cost.get(call, cost["create"]).etcd_ms)


def costs(cost: dict[str, Cost]) -> list[str]:
    """Their table."""
    lines = ["| call | etcd, CPU ms: min, median, max | box, CPU ms |", "| --- | --- | --- |"]
    return [
        *lines,
        *(f"| {name} | {spread(each.etcd_ms)} | {spread(each.box_ms)} |" for name, each in cost.items()),
        "",
    ]


def spread(values: Sequence[float]) -> str:
    """Minimum, median and maximum."""
    return f"{min(values):.2f}, {median(values):.2f}, {max(values):.2f}"


def cameras() -> list[str]:
    """The arithmetic."""
    parse_us = arithmetic.parse_us()
    lines = [
        f"GPUs with NVDEC, 1080p30: {arithmetic.gpu_processes()} processes of {arithmetic.GPU_STREAMS} streams, "
        f"{arithmetic.GPU_HOST_MB * arithmetic.gpu_processes() / 1000:.0f} GB of host memory",
        f"A message takes a consumer {parse_us:.1f} µs at least, to parse",
        "",
        "| frames/s of a camera | CPU cores without GPUs | for MQTT | messages/s | MB/s | partitions |",
        "| --: | --: | --: | --: | --: | --: |",
    ]
    for fps in (1, 5, 10, 30):
        plan = arithmetic.plan(fps, parse_us)
        messages = f"{plan.messages:,} | {plan.megabytes:.0f} | {plan.partitions}"
        lines.append(f"| {fps} | {plan.cores:,.0f} | {plan.publish_cores:,.0f} | {messages} |")
    return lines


def main() -> None:
    """Prints all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boxes", type=int, default=1000)
    parser.add_argument("--per-site", type=int, nargs="*", default=[10, 20], help="none: only the arithmetic")
    parser.add_argument("--cameras", type=int, default=10, help="of each box")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.getLogger("edge_app").setLevel(logging.ERROR)  # a thousand boxes have much to tell
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}\n")
    for per_site in given.per_site:
        with tempfile.TemporaryDirectory() as folder:
            cost = measure(Path(folder), per_site, per_site * given.cameras)
        print("\n".join([*simulated(given, per_site, cost), *costs(cost)]), flush=True)
    print("\n".join(cameras()))


if __name__ == "__main__":
    main()
