"""Measures how many paced 1080p30 streams one process sustains, and how many threads it has meanwhile.

python -m benchmarks.gpu.streams [--decode nvdec] [--streams 64] [--rounds 3] [--seconds 10]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from benchmarks.gpu.looping_inbox import street_bgr
from tests.rtsp.clips import write_clip

FPS = 30
START_S = 5  # time for all streams to open
MAX_AGE_MS = 100.0  # p99
LOOK_EVERY_S = 0.5  # at the program's threads
ENGINE = {"max_batch": 16}
HEAD = ("decode", "streams", "frames/s", "age p50 ms", "age p99 ms", "dropped", "threads")


def write_street(folder: Path, seconds: float) -> Path:
    """Writes the clip that every stream plays, in H.264, long enough for one measurement."""
    pictures = (picture.bgr for picture in street_bgr(int((START_S + seconds) * FPS)))
    return write_clip(folder / "street.mp4", pictures, fps=FPS)


def sustained(
    clip: Path, decode: str, counts: Sequence[int], seconds: float, engine: dict[str, Any]
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Results of `edge-app bench --paced`, or its error, for these numbers of streams.

    Ends with the first number that is not sustained.
    """
    for count in counts:
        found = paced(clip, decode, count, seconds, engine)
        yield count, found
        if isinstance(found, str) or found["age_ms"]["p99"] > MAX_AGE_MS:
            return


def paced(clip: Path, decode: str, count: int, seconds: float, engine: dict[str, Any]) -> dict[str, Any] | str:
    """The result for one number of streams, or the error."""
    cameras = {f"c{n}": {"url": str(clip), "decode": decode} for n in range(count)}
    settings = {"model": {"name": "traffic"}, "engine": {"provider": "cuda", **engine}, "cameras": cameras}
    path = clip.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "edge_app", "bench", str(path), "--paced", "--seconds", str(seconds), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        threads, ended = 0, False
        while not ended:
            with suppress(subprocess.TimeoutExpired):
                out, err = program.communicate(timeout=LOOK_EVERY_S)
                ended = True
            threads = max(threads, threads_of(program.pid))
    if program.returncode:
        return (err.strip() or f"exit code {program.returncode}").splitlines()[-1]
    document: dict[str, Any] = json.loads(out)["paced"]
    return {**document, "threads": threads}


def threads_of(pid: int) -> int:
    """How many threads a process has; 0 once it has ended."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return 0


def row(count: int, decode: str, found: dict[str, Any] | str) -> list[str]:
    """A row of the table."""
    if isinstance(found, str):
        return [decode, str(count), found, "", "", "", ""]
    fps, age = sum(camera["fps"] for camera in found["cameras"].values()), found["age_ms"]
    figures = [f"{fps:.0f}", f"{age['p50']:.0f}", f"{age['p99']:.0f}", str(found["dropped"]), str(found["threads"])]
    return [decode, str(count), *figures]


def main() -> None:
    """Prints a row for each number of streams, in each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decode", default="nvdec")
    parser.add_argument("--streams", nargs="+", type=int, default=[64], help="ends with what is not sustained")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="how long each number of streams is measured")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = write_street(Path(folder), given.seconds)
        print(*HEAD, sep=" | ")
        for _ in range(given.rounds):
            for count, found in sustained(clip, given.decode, given.streams, given.seconds, ENGINE):
                print(*row(count, given.decode, found), sep=" | ", flush=True)


if __name__ == "__main__":
    main()
