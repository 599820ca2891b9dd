"""`edge-app check`: is the configuration right, and with --probe: does everything that it names answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge_app.app.config_sections import CameraSection
from edge_app.app.factory import Parts, limit_pictures, make_parts
from edge_app.capture import Source, converted, probe_source
from edge_app.cli.loading import ConfigArgument, load_config, refuse_to_replace
from edge_app.cli.options import AsJson
from edge_app.cli.output import write_lines
from edge_app.core.colour import to_bgr
from edge_app.core.errors import AccessError, EdgeAppError, InputError, StreamError, UsageError
from edge_app.core.frames import Picture
from edge_app.detector import Detector, start_engine
from edge_app.engine.config import EngineConfig
from edge_app.evidence import PrivacyMask
from edge_app.evidence.describe import VisionModel
from edge_app.preview import PlacesPainter, write_picture

EXAMPLE = "Example: edge-app check configs/one-camera.yaml --probe"
PROBE_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing that the configuration names; exit code 0 if all is well."""

    what: str
    detail: str
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        return not self.exit_code


class FindingsError(EdgeAppError):
    """Something does not answer; the highest code counts."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(f"{f.what}: {f.detail}" for f in findings))
        self.exit_code = max(f.exit_code for f in findings)


def main(
    path: ConfigArgument,
    probe_all: Annotated[bool, typer.Option("--probe", help="Load the model, open each camera and broker.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --probe: folder for a picture of each camera and its zones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the configuration and its files as `run` would; with --probe, open everything that it names."""
    if out is not None and not probe_all:
        raise UsageError("--out goes with --probe, which opens the cameras")
    config = load_config(path)
    if out is not None:
        refuse_to_replace(map(partial(picture_of, out), config.cameras), path, config)
        _make_folder(out)
    parts = make_parts(config)
    findings = [Finding(str(path), f"{_count(config.cameras, 'camera')}, {_count(config.publish, 'sink')}")]
    findings += look(parts, probe_all, out)
    failed = [finding for finding in findings if not finding.ok]
    if as_json:
        told = [{"what": f.what, "ok": f.ok, "detail": f.detail} for f in findings]
        sys.stdout.write(json.dumps({"ok": not failed, "findings": told}) + "\n")
    else:
        write_lines(f"{'ok  ' if f.ok else 'FAIL'} {f.what}: {f.detail}" for f in findings)
    if failed:
        sys.stdout.flush()
        raise FindingsError(failed)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AccessError(f"{path}: {error.strerror}") from error


def picture_of(out: Path, camera: str) -> Path:
    """The file for the picture of a camera."""
    return out / f"{camera}.jpg"


def look(parts: Parts, probe_all: bool, out: Path | None) -> list[Finding]:
    """Asks at the same time: files always, model, live cameras and sinks if told to; each says what was found."""
    config = parts.config
    questions: dict[str, Callable[[], object]] = {}
    if probe_all:
        questions["model"] = partial(_model, parts.detector, config.engine)
        questions |= {f"sink {sink.name}": sink.probe for sink in config.publish}
        if config.describe is not None:
            questions["describe"] = VisionModel(config.describe).probe
    for name, source in parts.sources.items():
        if config.cameras[name].enabled and (probe_all or not source.live):
            mask = PrivacyMask(config.privacy[name])
            picture = out and picture_of(out, name)
            questions[f"camera {name}"] = partial(_camera, source, config.cameras[name], mask, picture)
    if not questions:
        return []
    limit_pictures(config)
    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(_ask, questions, questions.values()))


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'s' if len(things) != 1 else ''}"


def _ask(what: str, question: Callable[[], object]) -> Finding:
    try:
        return Finding(what, str(question()))
    except EdgeAppError as error:
        return Finding(what, str(error), error.exit_code)


def _camera(source: Source, camera: CameraSection, mask: PrivacyMask, path: Path | None) -> str:
    def draw(picture: Picture) -> None:
        if path is not None:
            upright = converted(picture.on_host, camera.rotate)
            write_picture(path, PlacesPainter(camera).draw(mask.hide(to_bgr(upright))))

    try:
        found = probe_source(source, PROBE_S, draw)
    except StreamError as error:
        if source.live:
            raise
        raise InputError(str(error)) from error
    rate = f"{found.fps:.4g} fps" if found.fps else "fps unknown"
    return f"{found.width}x{found.height}, {found.codec}, {rate}, first picture after {found.first_picture_s:.1f} s"


def _model(detector: Detector, config: EngineConfig) -> str:
    detector, engine = start_engine(detector, config)
    with engine:
        return f"{detector.name}, {detector.precision}, {detector.classes or 'any'} classes, on {engine.name}"
