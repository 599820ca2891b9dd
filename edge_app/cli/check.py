"""`edge-app check`: is the configuration right, and with --probe: does everything that it names answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge_app import config, publish
from edge_app.capture import open_source, probe
from edge_app.cli.loading import ConfigPath, load_config
from edge_app.engine import load_detector
from edge_app.errors import DeviceError, EdgeAppError

EXAMPLE = "Example: edge-app check configs/one-camera.yaml --probe"
PROBE_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing that the configuration names."""

    what: str
    ok: bool
    detail: str


def main(
    path: ConfigPath,
    probe_all: Annotated[bool, typer.Option("--probe", help="Load the model, open each camera and broker.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check the configuration; with --probe open all that it names and say what was found."""
    settings = load_config(path)
    findings = [Finding(str(path), True, f"{_count(settings.cameras, 'camera')}, {_count(settings.publish, 'sink')}")]
    if probe_all:
        findings += probe_everything(settings)
    if as_json:
        sys.stdout.write(json.dumps({"ok": all(f.ok for f in findings), "findings": [*map(asdict, findings)]}) + "\n")
    else:
        sys.stdout.writelines(f"{'ok  ' if f.ok else 'FAIL'} {f.what}: {f.detail}\n" for f in findings)
    failed = [f"{f.what}: {f.detail}" for f in findings if not f.ok]
    if failed:
        sys.stdout.flush()
        raise DeviceError("; ".join(failed))


def probe_everything(settings: config.AppConfig) -> list[Finding]:
    """Asks model, cameras and sinks at the same time; each answers or says why not."""
    questions: dict[str, Callable[[], object]] = {"model": partial(_model, settings)}
    for name, camera in settings.cameras.items():
        if camera.enabled:
            questions[f"camera {name}"] = partial(_camera, camera, settings.base)
    for sink in settings.publish:
        questions[f"sink {sink.name}"] = partial(publish.probe, sink)
    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(_ask, questions, questions.values()))


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'s' if len(things) != 1 else ''}"


def _ask(what: str, question: Callable[[], object]) -> Finding:
    try:
        return Finding(what, True, str(question()))
    except EdgeAppError as error:
        return Finding(what, False, str(error))


def _camera(camera: config.Camera, base: Path) -> str:
    found = probe(open_source(camera, base), PROBE_S)
    rate = f"{found.fps:.4g} fps" if found.fps else "fps unknown"
    return f"{found.width}x{found.height}, {found.codec}, {rate}, first picture after {found.first_picture_s:.1f} s"


def _model(settings: config.AppConfig) -> str:
    with ExitStack() as stack:
        detector = load_detector(settings, stack)
        return f"{detector.name}, {detector.precision}, {len(detector.labels)} labels, on {detector.engine.name}"
