"""Measures eight RTSP cameras at their own pace: throughput and frame age by batch size and slots.

    python benchmarks/many_cameras.py [--cameras 8] [--fps 10] [--seconds 30] [--precision auto]

Needs the RTSP server of the tests (`make test` sets it up).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.synthetic import Settings, Street
from tests.rtsp.clips import write_clip
from tests.rtsp.fixtures import Server

VARIANTS = [(8, 2), (8, 1), (4, 2), (1, 2), (1, 1)]  # max_batch, slots
CLIP_S = 20


def bench(folder: Path, cameras: dict[str, Any], engine: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The result of `edge-app bench --paced` with these cameras and the bundled model."""
    config = folder / "config.yaml"
    publish = [{"type": "file", "path": "messages.ndjson"}]
    config.write_text(
        yaml.safe_dump({"model": {"name": "traffic"}, "engine": engine, "cameras": cameras, "publish": publish})
    )
    command = [sys.executable, "-m", "edge_app", "bench", str(config), "--paced", "--seconds", str(seconds), "--json"]
    document: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return document


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--precision", default="auto")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        street = Street(Settings(seed=7, fps=given.fps))
        pictures = (street.render(index)[0] for index in range(CLIP_S * given.fps))
        server = Server([write_clip(folder / "street.mp4", pictures, fps=given.fps)], fps=given.fps)
        server.start()
        try:
            cameras = {f"c{n}": {"url": server.url} for n in range(given.cameras)}
            print(f"{given.cameras} cameras, {given.fps} fps, 640x360 H.264 over RTSP")
            print("precision  max_batch  slots  fps mean  fps least  age p50  p99 ms  dropped")
            for max_batch, slots in VARIANTS:
                engine = {"max_batch": max_batch, "slots": slots, "precision": given.precision}
                document = bench(folder, cameras, engine, given.seconds)
                found = document["paced"]
                rates = [camera["fps"] for camera in found["cameras"].values()]
                age = found["age_ms"]
                print(
                    f"{document['precision']:9}  {max_batch:9}  {slots:5}  {sum(rates) / len(rates):8.2f}"
                    f"  {min(rates):9.2f}  {age['p50']:7.0f}  {age['p99']:6.0f}  {found['dropped']:7}",
                    flush=True,
                )
        finally:
            server.kill()


if __name__ == "__main__":
    main()
