"""Whether evidence of many events drops frames: the same camera with evidence and without, turn by turn.

    python -m benchmarks.evidence_frames [--rounds 3] [--seconds 60] [--fps 15] [--strips 36]
        [--no-clips]

The camera is H.264 of the rendered street in MPEG-TS over HTTP, at its pace; its picture is cut into so many zones, and
every `enter` has a picture and a clip, of which at most 32 are made at a time. The program is `edge-app run`. Frames
are counted by its metrics, events as they are published; of evidence is told what was written, and what was lost.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.workers import SETTLE_S, START_S, clip_pictures, read, serve
from tests.ports import free_port
from tests.rtsp.clips import write_clip

SIZE = "640x360"
COUNTED = {
    "captured": r"edge_app_frames_captured_total{.*}",
    "analysed": r"edge_app_frames_analysed_total{.*}",
    "dropped": r"edge_app_frames_dropped_total{.*}",
    "pictures": r'edge_app_evidence_written_total{kind="picture"}',
    "clips": r'edge_app_evidence_written_total{kind="clip"}',
    "lost": r"edge_app_evidence_dropped_total{.*}",
}
HEAD = ("evidence", "round", "events/s", *COUNTED)


def counts(port: int) -> Counter[str]:
    """What the program's metrics count so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    found = Counter[str]()
    for name, series in COUNTED.items():
        found[name] = sum(round(float(line.split()[-1])) for line in lines if re.fullmatch(f"{series} .*", line))
    return found


def written(folder: Path, camera: int, strips: int, evidence: dict[str, Any] | None) -> tuple[Path, Path, int]:
    """The configuration of a run, where its events come, and the port of its metrics."""
    path, events, port = folder / "config.yaml", folder / f"{time.monotonic_ns()}.ndjson", free_port()
    zones = {
        f"s{n}": {
            "polygon": [[n / strips, 0], [(n + 1) / strips, 0], [(n + 1) / strips, 1], [n / strips, 1]],
            "inertia": 1,
        }
        for n in range(strips)
    }
    sections = {
        "model": {"name": "traffic"},
        "engine": {"precision": "fp32", "threads": 1},
        "cameras": {"street": {"url": f"http://127.0.0.1:{camera}/", "zones": zones}},
        "track": {"confirm_frames": 1},
        "publish": [{"type": "file", "path": str(events), "messages": ["events"]}],
        "web": {"port": port},
        "state_dir": str(folder / "state"),
        "evidence": evidence,
    }
    path.write_text(yaml.safe_dump(sections))
    return path, events, port


def measured(config: Path, events: Path, port: int, seconds: float) -> tuple[float, Counter[str]]:
    """Runs the program once: `enter` events a second, and what was counted meanwhile."""
    program = subprocess.Popen([sys.executable, "-m", "edge_app", "run", config], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + START_S
        while not any(read(events)):
            if program.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"nothing happens: {program.stderr.read().decode()[-4000:]}")
            time.sleep(0.5)
        time.sleep(SETTLE_S)
        began, before, since = time.monotonic(), counts(port), len(list(read(events)))
        time.sleep(seconds)
        found = Counter({name: number - before[name] for name, number in counts(port).items()})
        entered = sum(event["type"] == "enter" for event in list(read(events))[since:])
        return entered / (time.monotonic() - began), found
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(30)


def summary(dropped: Sequence[int]) -> str:
    """Of all rounds."""
    return f"min {min(dropped)}, median {median(dropped):g}, max {max(dropped)}"


def main() -> None:
    """Prints a line a run, and what was dropped in all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--strips", type=int, default=36)
    parser.add_argument("--no-clips", action="store_true", help="Pictures alone.")
    given = parser.parse_args()
    enter = {"types": ["enter"]}
    sections = {False: None, True: {"snapshots": enter, "clips": None if given.no_clips else enter}}
    dropped: dict[bool, list[int]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as name:
        folder, camera = Path(name), free_port()
        clip = write_clip(folder / "street.mp4", clip_pictures(SIZE, given.fps), fps=given.fps)
        length_s = START_S + given.seconds
        multiprocessing.Process(target=serve, args=(camera, clip, given.fps, length_s), daemon=True).start()
        print(*HEAD, sep=" | ")
        for turn in range(given.rounds):
            for evidence, section in sections.items():
                rate, found = measured(*written(folder, camera, given.strips, section), given.seconds)
                dropped[evidence].append(found["dropped"])
                told = "with" if evidence else "without", turn + 1, f"{rate:.1f}", *(found[name] for name in COUNTED)
                print(*told, sep=" | ", flush=True)
    for evidence, of_rounds in dropped.items():
        print(f"dropped {'with' if evidence else 'without'} evidence: {summary(of_rounds)}")


if __name__ == "__main__":
    main()
