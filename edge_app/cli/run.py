"""`edge-app run`: the service."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import cv2  # noqa: F401, before PyAV, which brings a libxcb with which OpenCV's windows hang
import typer

from edge_app.app.config import AppConfig
from edge_app.app.config_file import ConfigFile
from edge_app.app.config_requests import ConfigRequests
from edge_app.app.control import control, control_path
from edge_app.app.factory import make_parts
from edge_app.app.fleet import share_cameras
from edge_app.app.reload import Reloader
from edge_app.app.runtime import TICK_S, Runtime
from edge_app.app.serving import serve
from edge_app.app.start import start
from edge_app.cli.loading import ConfigArgument, load_config, refuse_to_replace
from edge_app.cli.logs import Level, set_up
from edge_app.cli.signals import reloaded_by_signals, stopped_by_signals
from edge_app.cli.table import LiveTable
from edge_app.core.errors import UsageError
from edge_app.evidence import PrivacyMasks
from edge_app.machine import limit_arenas
from edge_app.preview import NewestFrames, Recorder, Window

EXAMPLE = "Example: edge-app run /etc/edge-app/config.yaml"
SHOW_S = 0.04  # between two looks at the newest pictures


def main(
    path: ConfigArgument,
    log_level: Annotated[Level, typer.Option(help="How much to log.")] = Level.INFO,
    show: Annotated[bool, typer.Option("--show", help="Open a window that shows what is seen; q closes it.")] = False,
    record: Annotated[Path | None, typer.Option(help="Record what is seen, one .mp4 per camera; replaces it.")] = None,
) -> None:
    """Analyse the cameras until SIGTERM or SIGINT, or until every source is a file and all are read."""
    set_up(log_level.value)
    limit_arenas()
    file = ConfigFile(path, os.environ, load_config)
    reloader = Reloader(file)
    with reloaded_by_signals(reloader.request), ExitStack() as stack:
        config = load_config(path)
        stop = stack.enter_context(stopped_by_signals())
        if config.workers.count and (show or record is not None):
            raise UsageError("--show and --record want every frame, and workers keep them; leave out `workers`")
        parts = make_parts(config)
        # Fail early, before the model is loaded.
        labels, masks = parts.detector.labels, PrivacyMasks(config.privacy)
        recorder = open_recorder(record, path, config, labels, masks) if record is not None else None
        window = Window(labels, config.cameras, masks) if show else None
        shown = stack.enter_context(serve(config, stop))  # also while an engine is built
        listen(reloader, path, config, stack)
        command = (sys.executable, "-m", "edge_app.cli.worker", log_level.value)
        runtime = stack.enter_context(start(parts, stop, masks=masks, worker_command=command))
        refresh = attach_viewers(runtime, config, recorder, window, stack)
        stack.enter_context(reloader.reloading(runtime))
        shown.show(runtime, ConfigRequests(runtime, file, reloader))
        if not stop.is_set():  # told to stop while the model was loaded
            with share_cameras(runtime):
                runtime.run(refresh, SHOW_S if show else TICK_S)
    sys.stdout.flush()


def listen(reloader: Reloader, path: Path, config: AppConfig, stack: ExitStack) -> None:
    """Reloads the configuration for whoever asks at the socket."""

    def reload(request: Mapping[str, Any]) -> Mapping[str, Any]:
        return reloader.request(dry_run=bool(request["dry_run"])).result().document

    stack.enter_context(control(control_path(config.state_dir, os.environ), path, {"reload": reload}))


def open_recorder(record: Path, path: Path, config: AppConfig, labels: Sequence[str], masks: PrivacyMasks) -> Recorder:
    """Recorder of the enabled cameras; raises UsageError or AccessError if it cannot write there."""
    enabled = {name: camera for name, camera in config.cameras.items() if camera.enabled}
    recorder = Recorder(record, enabled, labels, masks)
    refuse_to_replace(recorder.paths.values(), path, config)
    return recorder


def attach_viewers(
    runtime: Runtime, config: AppConfig, recorder: Recorder | None, window: Window | None, stack: ExitStack
) -> Callable[[], None]:
    """Attaches recorder, window and table; returns what the main thread calls each tick."""
    refreshers: list[Callable[[], None]] = []
    analyser = runtime.analyser
    if recorder is not None:
        analyser.tap().subscribe(stack.enter_context(recorder).add, recorder.wants)
    if window is not None:
        show, newest = stack.enter_context(window).show, NewestFrames()
        analyser.tap().subscribe(newest.put, newest.wants)
        analyser.tap().subscribe_results(window.count)
        refreshers.append(lambda: None if show(newest.of(analyser.statuses())) else runtime.stop.set())
    if LiveTable.fits(config):
        refreshers.append(stack.enter_context(LiveTable(runtime)).refresh)

    def refresh() -> None:
        for refresher in refreshers:
            refresher()

    return refresh
