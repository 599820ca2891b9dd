"""`edge-app run`: the service."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import cv2  # noqa: F401, before PyAV, which brings a libxcb with which OpenCV's windows hang
import typer

from edge_app.app.config import AppConfig
from edge_app.app.runtime import TICK_S, Runtime
from edge_app.cli.loading import ConfigArgument, load_config, refuse_to_replace
from edge_app.cli.logs import Level, set_up
from edge_app.cli.signals import stop_when_told
from edge_app.cli.table import LiveTable
from edge_app.preview import Recorder, Window

EXAMPLE = "Example: edge-app run /etc/edge-app/config.yaml"
SHOW_S = 0.04  # from one look at the newest pictures to the next


def main(
    path: ConfigArgument,
    log_level: Annotated[Level, typer.Option(help="How much to log.")] = Level.INFO,
    show: Annotated[bool, typer.Option("--show", help="Open a window that shows what is seen; q closes it.")] = False,
    record: Annotated[Path | None, typer.Option(help="Film what is seen, an .mp4 a camera; replaces it.")] = None,
) -> None:
    """Analyse the cameras until SIGTERM or SIGINT, or until every source is a file and all are read."""
    settings = load_config(path)
    set_up(log_level.value)
    stop = stop_when_told()
    app = Runtime(settings, stop=stop)
    # What cannot be is refused here, before the model is loaded.
    recorder = film(record, path, settings, app.detector.labels) if record is not None else None
    window = Window(app.detector.labels) if show else None
    with ExitStack() as stack:
        stack.enter_context(app)
        refresh = spectators(app, settings, recorder, window, stack)
        if not app.stop.is_set():  # told to stop while the model was loaded
            app.run(refresh, SHOW_S if show else TICK_S)
    sys.stdout.flush()


def film(record: Path, path: Path, settings: AppConfig, labels: Sequence[str]) -> Recorder:
    """Films of the cameras that run; raises UsageError or AccessError where they cannot be."""
    recorder = Recorder(record, [name for name, camera in settings.cameras.items() if camera.enabled], labels)
    refuse_to_replace(recorder.paths.values(), path, settings)
    return recorder


def spectators(
    app: Runtime, settings: AppConfig, recorder: Recorder | None, window: Window | None, stack: ExitStack
) -> Callable[[], None]:
    """Lets them look on, and a table. What the main thread has to do for them again and again."""
    looks: list[Callable[[], None]] = []
    if recorder is not None:
        app.observe = stack.enter_context(recorder).add
    if window is not None:
        show = stack.enter_context(window).show
        looks.append(lambda: None if show(dict(app.latest)) else app.stop.set())
    if LiveTable.fits(settings):
        looks.append(stack.enter_context(LiveTable(app)).refresh)

    def refresh() -> None:
        for look in looks:
            look()

    return refresh
