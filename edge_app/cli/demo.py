"""`edge-app demo`: the bundled model on the rendered scene, from any folder, without a camera or a GPU."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from edge_app import demo
from edge_app.analytics.scene import SceneConfig
from edge_app.app.config import AppConfig
from edge_app.app.factory import make_parts
from edge_app.app.start import start
from edge_app.cli.output import object_counts
from edge_app.core.detections import Result
from edge_app.core.errors import AccessError
from edge_app.core.frames import Frame
from edge_app.preview import Annotator, PlacesPainter, Tails, write_picture
from edge_app.synthetic import Settings

EXAMPLE = "Example: edge-app demo --frames 200 --out /tmp/demo"
SEED = 7
EVERY = 10  # frames between two printed lines
PLACES = {
    "zones": {"pavement": {"polygon": [[0.55, 0.5], [0.9, 0.5], [0.9, 0.7], [0.55, 0.7]], "labels": ["person"]}},
    "lines": {"road": {"from": [0.03, 0.65], "to": [0.53, 0.65], "labels": ["bicycle", "car", "truck"]}},
}


def main(
    frames: Annotated[int, typer.Option(min=1, help="Frames of the scene to analyse.")] = 100,
    out: Annotated[Path, typer.Option(help="Folder for the messages and the picture.")] = Path("out"),
) -> None:
    """Run the bundled model on the rendered street; write messages and an annotated picture, print a summary."""
    messages = prepare(out)
    seen: list[Result] = []
    best: list[tuple[Frame, Result, list[NDArray[np.int32]]]] = []
    tails, places = Tails(), PlacesPainter(SceneConfig.model_validate(PLACES))

    def observe(frame: Frame, result: Result) -> None:
        seen.append(result)
        lines = tails.follow(result)
        places.count(result.events)
        if not best or len(result.detections) > len(best[0][1].detections):
            best[:] = [(frame, result, lines)]
        if result.meta.index % EVERY == 0:
            sys.stdout.write(f"frame {result.meta.index:4d}: {object_counts(result, labels)}\n")

    parts = make_parts(scene(frames, messages))
    labels = parts.detector.labels
    with start(parts, keeps=False) as runtime:
        runtime.analyser.tap().subscribe(observe)
        began = time.monotonic()
        runtime.run()
        elapsed = time.monotonic() - began
    frame, result, lines = best[0]
    picture = out / "annotated.png"
    write_picture(picture, Annotator(labels).draw(places.draw(frame.picture.bgr), result.detections, lines))
    summarise(seen, labels)
    print_what_happened(seen)
    model = runtime.analyser.model
    sys.stdout.write(
        f"{len(seen)} frames in {elapsed:.1f} s ({len(seen) / elapsed:.0f} a second) with {model.detector.name} "
        f"on {model.identity.engine}\nmessages: {messages}\npicture:  {picture}\n"
    )


def prepare(out: Path) -> Path:
    """Creates the folder; returns the file for messages, without an earlier run's. Raises AccessError."""
    messages = out / "detections.ndjson"
    try:
        out.mkdir(parents=True, exist_ok=True)
        messages.unlink(missing_ok=True)
    except OSError as error:
        raise AccessError(f"{out}: {error.strerror}") from error
    return messages


def scene(frames: int, messages: Path) -> AppConfig:
    """The configuration of the demo."""
    return AppConfig.model_validate(
        {
            "model": {"name": "traffic"},
            "cameras": {"street": {"url": f"synthetic://street?seed={SEED}&frames={frames}", **PLACES}},
            "track": {},
            "publish": [{"type": "file", "path": messages}],
        }
    )


def print_what_happened(seen: Sequence[Result]) -> None:
    """Prints how many entered the zone and crossed the line."""
    events = Counter((event.type, event.direction) for result in seen for event in result.events)
    sys.stdout.write(
        f"zone pavement: {events['enter', None]} entered, {events['leave', None]} left; "
        f"line road: {events['cross', 'in']} in, {events['cross', 'out']} out\n"
    )


def summarise(seen: Sequence[Result], labels: Sequence[str]) -> None:
    """Prints how many objects were in the scene, and how many of them were found."""
    score = demo.Score(Settings(seed=SEED), labels)
    for result in seen:
        score.add(result)
    table = Table("label", "in the scene", "found", "", box=None, pad_edge=False)
    for label, present in sorted(score.present.items()):
        table.add_row(label, str(present), str(score.found[label]), f"{score.found[label] / present:.0%}")
    Console().print(table)
    sys.stdout.write(f"found {score.found.total()} of {score.present.total()} objects of the scene\n")
