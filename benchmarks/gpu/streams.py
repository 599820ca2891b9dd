"""Measures how many paced 1080p30 streams one process sustains."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.gpu.looping_inbox import street_bgr
from tests.rtsp.clips import write_clip

FPS = 30
START_S = 5  # time for all streams to open
MAX_AGE_MS = 100.0  # p99


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
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
    document: dict[str, Any] = json.loads(done.stdout)["paced"]
    return document


def row(count: int, decode: str, found: dict[str, Any] | str) -> list[str]:
    """A row of the table."""
    if isinstance(found, str):
        return [decode, str(count), found, "", "", ""]
    fps, age = sum(camera["fps"] for camera in found["cameras"].values()), found["age_ms"]
    return [decode, str(count), f"{fps:.0f}", f"{age['p50']:.0f}", f"{age['p99']:.0f}", str(found["dropped"])]
