"""`edge-app collect`: calibration pictures from live cameras."""

from __future__ import annotations

from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from edge_app.app.config import AppConfig
from edge_app.app.factory import limit_pictures, make_sources
from edge_app.cli.loading import ConfigArgument, load_config
from edge_app.cli.logs import Level, set_up
from edge_app.cli.output import write_lines
from edge_app.cli.signals import stopped_by_signals
from edge_app.collect import Blur, CollectLimits, Collector, PictureFolder, Redact, StopReason, blurring_detector
from edge_app.core.colour import to_bgr
from edge_app.core.errors import UsageError
from edge_app.core.frames import Frame
from edge_app.detector import start_engine
from edge_app.evidence import PrivacyMasks

EXAMPLE = "Example: edge-app collect /etc/edge-app/config.yaml --out calib_data/yard --images 400 --every 200"
MB = 1_000_000


class Format(str, Enum):
    """The format of the pictures."""

    JPG = "jpg"
    PNG = "png"


def main(
    path: ConfigArgument,
    out: Annotated[Path, typer.Option(help="Output folder; an existing one is continued.", show_default=False)],
    images: Annotated[int, typer.Option(min=1, help="End with so many pictures in the folder.")] = 200,
    every: Annotated[
        float, typer.Option(min=0, help="Every so many seconds, keep the most unusual picture of each camera.")
    ] = 5.0,
    hours: Annotated[float, typer.Option(min=0, help="End after so long [h].")] = 24.0,
    max_mb: Annotated[float, typer.Option(min=0.001, help="End before the folder's files take more [MB].")] = 500.0,
    blur: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="Blur what the model finds of it; again for more.")
    ] = None,
    image_format: Annotated[Format, typer.Option("--format", help="JPEG of quality 95, or without loss.")] = Format.JPG,
    log_level: Annotated[Level, typer.Option(help="How much to log.")] = Level.INFO,
) -> None:
    """Keep pictures of the cameras that differ from each other, for calibrating INT8, until there are enough."""
    set_up(log_level.value)
    config = load_config(path)
    cv2.setNumThreads(1)  # its thread pool would compete with a service on the same machine
    limit_pictures(config)
    sources = make_sources(config)
    refuse_own_source(config, out)
    with stopped_by_signals() as stop, ExitStack() as stack:
        redact = redaction(config, blur or [], stack)
        pictures = stack.enter_context(PictureFolder(out, f".{image_format.value}", round(max_mb * MB)))
        collector = Collector(pictures, CollectLimits(images, hours * 3600), every, redact, stop)
        reason = collector.run(config.cameras, sources)
    write_lines([summary(pictures, collector, reason)])


def redaction(config: AppConfig, labels: list[str], stack: ExitStack) -> Redact:
    """The function that prepares a picture for keeping; loads the model only if something is to be blurred."""
    masks, blur = PrivacyMasks(config.privacy), blurring(config, labels, stack) if labels else None

    def redact(frame: Frame) -> tuple[NDArray[np.uint8], int | None]:
        pixels, blurred = (to_bgr(frame.picture), None) if blur is None else blur(frame.picture)
        return masks.hide(frame.meta.camera, pixels), blurred

    return redact


def blurring(config: AppConfig, labels: list[str], stack: ExitStack) -> Blur:
    """What blurs the objects of these labels, with the model loaded."""
    detector = blurring_detector(config.detector, labels)
    single_slot = config.engine.model_copy(update={"slots": 1, "max_batch": 1})
    detector, engine = start_engine(detector, single_slot)
    return Blur(detector, stack.enter_context(engine), labels)


def refuse_own_source(config: AppConfig, out: Path) -> None:
    """Raises UsageError if a camera reads the folder that is to be written."""
    for name, camera in config.cameras.items():
        source = config.base / camera.url
        if out.exists() and source.exists() and source.samefile(out):
            raise UsageError(f"{out}: camera {name} reads this folder")


def summary(pictures: PictureFolder, collector: Collector, reason: StopReason) -> str:
    """One line about what was collected."""
    examined = sum(collector.examined.values())
    size_mb = pictures.bytes / MB
    return (
        f"{pictures.path}: {len(pictures.entries)} pictures, {size_mb:.1f} MB; {reason.value}. This time: "
        f"{examined} frames looked at, {collector.unchanged} times nothing new."
    )
