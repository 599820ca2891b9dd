"""Boxes and members of etcd are killed, frozen and cut off at random; how long are cameras unread, or read twice?

python -m benchmarks.fleet_faults [--trials 100] [--seed 1] [--boxes 4] [--cameras 12] [--folder FOLDER]

Each box is the fleet's member in a process of its own, which reads nothing and notes what it would read; etcd has
three members. Each is in a network of its own on one bridge, as root (iproute2, nftables). The boxes' own notes say
what happened. Exit code 1 if a camera was unread for longer than 10 s, or read twice for longer than ttl_s + 5 s
while etcd answers both, or if an epoch was two boxes'.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.fleet_faults.network import Bridge, Loopback, go_inside
from benchmarks.fleet_faults.report import Run
from benchmarks.fleet_faults.schedule import schedule
from benchmarks.fleet_faults.site import Site

TTL_S = 5


def run(given: argparse.Namespace, folder: Path) -> Run:
    """Lets everything happen."""
    began = time.monotonic()
    network = Loopback() if given.loopback else Bridge()
    with Site(network, folder, boxes=given.boxes, cameras=given.cameras, ttl_s=TTL_S) as site:
        trials = schedule(list(site.boxes), list(site.etcd), network.faults, given.seed, given.trials)
        found = Run(command(given), f"{os.cpu_count()} cores, Python {platform.python_version()}", TTL_S)
        with contextlib.suppress(TimeoutError):
            for number, trial in enumerate(trials, 1):
                found.stuck = [f"{number}: {trial} was the last"]
                found.add(site.endure(trial))
                print(number, found.outcomes[-1], file=sys.stderr, flush=True)
            found.stuck = []
        found.shared_epochs = site.shared_epochs()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found.cpu = (used.ru_utime + used.ru_stime) / (time.monotonic() - began)
    return found


def command(given: argparse.Namespace) -> str:
    """What does the same again."""
    options = "".join(f" --{name} {getattr(given, name)}" for name in ("trials", "seed", "boxes", "cameras"))
    return f"python -m benchmarks.fleet_faults{options}{' --loopback' if given.loopback else ''}"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--boxes", type=int, default=4)
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--folder", type=Path, help="where logs and notes are left; must be there, and empty")
    parser.add_argument("--loopback", action="store_true", help="no networks of their own, and so no partitions")
    given = parser.parse_args()
    if not given.loopback:
        go_inside("benchmarks.fleet_faults")
    with tempfile.TemporaryDirectory() as name:
        found = run(given, given.folder or Path(name))
    print(found.page())
    sys.exit(bool(found.broken()))


if __name__ == "__main__":
    main()
