"""A storm of events: whether the disk's bound is held, and what kill -9 leaves.

    python benchmarks/evidence_storm.py [--rounds 5] [--growth 30000]

Each round, a process keeps 1,000 events a minute with pictures of 30 to 250 kB, and up to four clips that grow by so
many bytes for each event, within 20 MB. It is killed at a random moment, and the folder is opened again. This one looks
at the folder all the time.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from edge_app.core.metrics import Metrics
from edge_app.core.ulid import new_ulid
from edge_app.evidence import EvidenceKeeper, EvidenceStore
from edge_app.evidence.config import KeepConfig
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.jobs import Job
from edge_app.evidence.names import draft_of, file_name
from edge_app.publish.messages import ENCODER

MAX_MB, PER_MINUTE, PICTURE, CLIP = 20.0, 1000, (30_000, 250_000), 1_500_000
GROWTH = 30_000  # bytes for each event: 4 Mbit/s
ROUND_S = (20.0, 60.0)


class Round(NamedTuple):
    """What was seen of a process until it was killed, and then of what it left.

    Attributes:
        seconds: How long it ran.
        events: How many there were.
        most: The most that was taken [bytes].
        files, rows: How many files have no row, and rows no file, once the folder was opened again.
        is_whole: Whether the database is.
    """

    seconds: float
    events: int
    most: int
    files: int
    rows: int
    is_whole: bool


def keep_events(folder: Path, growth: int) -> None:
    """Keeps events for ever."""
    metrics, keep = Metrics(), KeepConfig(max_mb=MAX_MB)
    drafts = Drafts(keep.drafts_bytes)
    keeper = EvidenceKeeper(partial(EvidenceStore, folder, keep, drafts, lambda: True, metrics), metrics)
    threading.Thread(target=keeper.run, daemon=True).start()
    growing: dict[Path, tuple[str, int]] = {}
    begun = time.monotonic()
    for number in count(1):
        event_id = new_ulid()
        picture = file_name("gate", event_id, "dwell", "snapshot", ["dwell"])
        content = os.urandom(random.randint(*PICTURE))
        event = {"id": event_id, "type": "dwell", "camera": "gate", "capture_time": time.time(), "snapshot": picture}
        document = ENCODER.encode(event).encode()
        keeper.put(Job(kind="picture", write=partial(EvidenceStore.put, name=picture, content=content)))
        keeper.put(Job(kind="document", write=partial(EvidenceStore.add, document=document)))
        if len(growing) < 4 and drafts.has_room:
            name = file_name("gate", event_id, "dwell", "clip", ["dwell"])
            growing[draft_of(folder, name)] = name, 0
        for draft, (name, size) in list(growing.items()):
            if size < CLIP and drafts.take(draft, size + growth):
                with draft.open("ab") as file:
                    file.write(os.urandom(growth))
                growing[draft] = name, size + growth
            else:
                del growing[draft]
                keeper.put(clip_job(name, draft, drafts))
        print(event_id, flush=True)
        time.sleep(max(0.0, begun + number * 60 / PER_MINUTE - time.monotonic()))


def clip_job(name: str, draft: Path, drafts: Drafts) -> Job:
    """Keeps a clip that has ended."""

    def done(kept: bool) -> None:
        drafts.ended(draft)
        draft.unlink(missing_ok=True)

    return Job(kind="clip", write=partial(EvidenceStore.adopt, name=name, draft=draft), done=done)


def taken(folder: Path) -> int:
    """What pictures and clips take, whole or not [bytes]."""
    sizes = []
    for path in folder.glob("*/*/*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return sum(sizes)


def one_round(folder: Path, growth: int) -> Round:
    """Has events kept, kills who keeps them, and opens the folder again."""
    command = [sys.executable, __file__, "--growth", str(growth), "--keep", folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    os.set_blocking(process.stdout.fileno(), False)
    seconds, most, events = random.uniform(*ROUND_S), 0, 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        most = max(most, taken(folder))
        events += (process.stdout.read() or b"").count(b"\n")
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return Round(seconds, events, most, *left(folder))


def left(folder: Path) -> tuple[int, int, bool]:
    """The last three of a round."""
    store = EvidenceStore(folder, KeepConfig(max_mb=MAX_MB), Drafts(), lambda: True, Metrics())
    names = {name for (name,) in store._db.execute("SELECT name FROM files")}
    (checked,) = store._db.execute("PRAGMA integrity_check").fetchone()
    store.close()
    there = {str(path.relative_to(folder)) for path in folder.glob("*/*/*")}
    return len(there - names), len(names - there), checked == "ok"


def main() -> None:
    """Prints a line a round, and the least, median and most that was taken in one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--growth", type=int, default=GROWTH)
    parser.add_argument("--keep", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.keep is not None:
        keep_events(args.keep, args.growth)
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(args.rounds):
            seen = one_round(Path(temporary) / "evidence", args.growth)
            found.append(seen.most / 1e6)
            told = f"{seen.events} events in {seen.seconds:.0f} s, at most {seen.most / 1e6:.2f} MB; killed; "
            told += f"files without row: {seen.files}, rows without file: {seen.rows}"
            print(f"round {number + 1}: {told}{'' if seen.is_whole else '; the database is damaged'}", flush=True)
    print(f"of {MAX_MB:g} MB: min {min(found):.2f}, median {median(found):.2f}, max {max(found):.2f}")


if __name__ == "__main__":
    main()
