"""`edge-app snapshot`: what one camera sees now."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from edge_app.app.config import AppConfig
from edge_app.app.factory import make_parts
from edge_app.app.start import start
from edge_app.cli.loading import ConfigArgument, load_config, refuse_to_replace
from edge_app.cli.output import object_counts, write_lines
from edge_app.core.colour import to_bgr
from edge_app.core.detections import Result
from edge_app.core.errors import AccessError, DeviceError, UsageError
from edge_app.core.frames import Frame
from edge_app.preview import Annotator, PlacesPainter, Tails, write_picture

EXAMPLE = "Example: edge-app snapshot configs/one-camera.yaml gate --out gate.jpg"


def main(
    path: ConfigArgument,
    camera: Annotated[str, typer.Argument(help="The camera's name.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The picture, .jpg or .png; else CAMERA.jpg.")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long to wait for a frame [s].")] = 20.0,
) -> None:
    """Take one frame of a camera, analyse it, and write it with its boxes."""
    out = out or Path(f"{camera}.jpg")
    whole = load_config(path)
    config = only(whole, camera)
    refuse_to_replace([out], path, whole)
    check_place(out)
    taken: list[tuple[Frame, Result, list[NDArray[np.int32]]]] = []
    tails, number, places = Tails(), count(1), PlacesPainter(config.cameras[camera])
    tracker = config.analytics(config.cameras[camera]).tracker
    wanted = tracker.confirm_frames if tracker else 1  # in those before it no object has an id
    deadline = time.monotonic() + seconds
    with start(make_parts(config), keeps=False) as runtime:

        def take(frame: Frame, result: Result) -> None:
            taken[:] = [(frame, result, tails.follow(result))]
            if next(number) >= wanted:
                runtime.stop.set()

        def give_up() -> None:
            if time.monotonic() > deadline:
                runtime.stop.set()

        runtime.analyser.tap(camera).subscribe(take)
        runtime.run(give_up)
        why = runtime.health().cameras[camera].status.detail
    if not taken:
        raise DeviceError(f"camera {camera}: no frame within {seconds:g} s{f': {why}' if why else ''}")
    frame, result, lines = taken[0]
    labels = runtime.analyser.model.detector.labels
    pixels = places.draw(runtime.masks.hide(camera, to_bgr(frame.picture)))
    write_picture(out, Annotator(labels).draw(pixels, result.detections, lines))
    write_lines([f"{out}: {object_counts(result, labels)}"])


def only(config: AppConfig, name: str) -> AppConfig:
    """The configuration of one camera that publishes nothing."""
    if name not in config.cameras:
        raise UsageError(f"there is no camera {name}; there are {', '.join(config.cameras)}")
    camera = config.cameras[name].model_copy(update={"enabled": True})
    return config.model_copy(update={"cameras": {name: camera}, "publish": ()})


def check_place(path: Path) -> None:
    """Raises UsageError or AccessError where there can be no picture."""
    if not cv2.haveImageWriter(str(path)):
        raise UsageError(f"{path}: want a name that ends with .jpg or .png")
    if path.is_symlink():
        raise AccessError(f"{path}: is a link, which is not followed")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise AccessError(f"{path}: cannot be written")
