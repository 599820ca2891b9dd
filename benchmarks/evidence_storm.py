"""A storm of events: whether the disk's bound is held, and what kill -9 leaves.

python benchmarks/evidence_storm.py [ROUNDS]

Each round, a process keeps 1,000 events a minute with pictures of 30 to 250 kB, some with clips that grow, within
20 MB. It is killed at a random moment, and the folder is opened again. This one looks at the folder all the time.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

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


def keep_events(folder: Path) -> None:
    """Keeps events for ever."""
    import threading

    metrics, drafts = Metrics(), Drafts(round(MAX_MB * 1e6 / 2))
    keep = KeepConfig(max_mb=MAX_MB)
    keeper = EvidenceKeeper(partial(EvidenceStore, folder, keep, drafts, lambda: True, metrics), metrics)
    threading.Thread(target=keeper.run, daemon=True).start()
    growing: dict[Path, tuple[str, int]] = {}
    while True:
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
            with draft.open("ab") as file:
                file.write(os.urandom(GROWTH))
            growing[draft] = name, size + GROWTH
            drafts.grew(draft, size + GROWTH)
            if size >= CLIP:
                del growing[draft]
                keeper.put(Job(kind="clip", write=partial(EvidenceStore.adopt, name=name, draft=draft)))
        print(event_id, flush=True)
        time.sleep(60 / PER_MINUTE)


def taken(folder: Path) -> int:
    """What pictures and clips take, whole or not [bytes]."""
    sizes = []
    for path in folder.glob("*/*/*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return sum(sizes)


def one_round(folder: Path) -> tuple[int, int]:
    """How many events there were, and the most that was taken [bytes]."""
    process = subprocess.Popen([sys.executable, __file__, "--keep", folder], stdout=subprocess.PIPE)
    os.set_blocking(process.stdout.fileno(), False)
    deadline, most, events = time.monotonic() + random.uniform(*ROUND_S), 0, 0
    while time.monotonic() < deadline:
        most = max(most, taken(folder))
        events += (process.stdout.read() or b"").count(b"\n")
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return events, most


def agrees(folder: Path) -> bool:
    """Whether files and rows are the same once the folder was opened again."""
    store = EvidenceStore(folder, KeepConfig(max_mb=MAX_MB), Drafts(), lambda: True, Metrics())
    names = {name for (name,) in store._db.execute("SELECT name FROM files")}
    (checked,) = store._db.execute("PRAGMA integrity_check").fetchone()
    store.close()
    there = {str(path.relative_to(folder)) for path in folder.glob("*/*/*")}
    return names == there and checked == "ok"


def main() -> None:
    """Prints a line a round."""
    if sys.argv[1:2] == ["--keep"]:
        keep_events(Path(sys.argv[2]))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "evidence"
        for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
            events, most = one_round(folder)
            told = f"{events} events, at most {most / 1e6:.2f} of {MAX_MB:g} MB"
            print(f"round {number + 1}: {told}; killed, and files and rows agree: {agrees(folder)}", flush=True)


if __name__ == "__main__":
    main()
