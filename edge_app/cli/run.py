"""`edge-app run`: the service."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import cv2  # noqa: F401, before PyAV, which brings a libxcb with which OpenCV's windows hang
import typer

from edge_app import config
from edge_app.app import TICK_S, App
from edge_app.cli.loading import ConfigPath, load_config
from edge_app.cli.logs import Level, set_up
from edge_app.cli.table import LiveTable
from edge_app.errors import UsageError
from edge_app.pictures import Recorder, Window

EXAMPLE = "Example: edge-app run /etc/edge-app/config.yaml"
SHOW_S = 0.04  # from one look at the newest pictures to the next


def main(
    path: ConfigPath,
    log_level: Annotated[Level, typer.Option(help="How much to log.")] = Level.INFO,
    show: Annotated[bool, typer.Option("--show", help="Open a window that shows what is seen; q closes it.")] = False,
    record: Annotated[Path | None, typer.Option(help="Film what is seen, an .mp4 a camera; replaces it.")] = None,
) -> None:
    """Analyse the cameras until SIGTERM or SIGINT, or until every source is a file and all are read."""
    settings = load_config(path)
    set_up(log_level.value)
    app = App(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: app.stop.set())
    with ExitStack() as stack:
        stack.enter_context(app)
        refresh = spectators(app, settings, show, record, stack)
        if not app.stop.is_set():  # told to stop while the model was loaded
            app.run(refresh, SHOW_S if show else TICK_S)
    sys.stdout.flush()


def spectators(
    app: App, settings: config.AppConfig, show: bool, record: Path | None, stack: ExitStack
) -> Callable[[], None]:
    """Those who look on: a film, a window, a table. What the main thread has to do for them again and again."""
    labels = app.detector.labels
    looks: list[Callable[[], None]] = []
    if record is not None:
        cameras = [name for name, camera in settings.cameras.items() if camera.enabled]
        recorder = Recorder(record, cameras, labels)
        refuse_sources(settings, recorder.paths.values())
        app.observe = stack.enter_context(recorder).add
    if show:
        window = stack.enter_context(Window(labels))
        looks.append(lambda: None if window.show(app.latest) else app.stop.set())
    if LiveTable.fits(settings):
        looks.append(stack.enter_context(LiveTable(app)).refresh)

    def refresh() -> None:
        for look in looks:
            look()

    return refresh


def refuse_sources(settings: config.AppConfig, films: Iterable[Path]) -> None:
    """Raises UsageError where a film would replace the file that a camera reads."""
    for film in films:
        for name, camera in settings.cameras.items():
            source = Path(camera.url)
            if film.exists() and source.exists() and film.samefile(source):
                raise UsageError(f"{film}: camera {name} reads this file")
