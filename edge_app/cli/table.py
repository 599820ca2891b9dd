"""The live table of `run` at a terminal: what runs, its sinks, and a row per camera, those in trouble first."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge_app.app.config import AppConfig
from edge_app.app.runtime import Runtime
from edge_app.cli.output import object_counts
from edge_app.core.camera_status import CameraStatus
from edge_app.core.detections import Result
from edge_app.publish import SinkStatus

REFRESH_S = 1.0
NON_CAMERA_LINES = 6  # lines that are not cameras: engine, totals, sinks, heads, those left out, and the cursor's
COLUMNS = ("camera", "state", "fps", "age p50", "age p99", "dropped", "objects")
FIGURES = ("fps", "age p50", "age p99")  # which are never cut off
ORDER = {"down": 0, "connecting": 1, "up": 2, "disabled": 3}


class LiveTable:
    """Draws on stderr once a second; the log scrolls above it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._results = runtime, dict[str, Result]()
        runtime.analyser.tap().subscribe_results(lambda result: self._results.update({result.meta.camera: result}))
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False)
        self._drawn = time.monotonic()
        self._frames: dict[str, int] = {}

    @staticmethod
    def fits(config: AppConfig) -> bool:
        """Whether stderr is a terminal that the messages do not use too."""
        messages_here = any(sink.writes_stdout for sink in config.publish) and sys.stdout.isatty()
        return sys.stderr.isatty() and not messages_here

    def __enter__(self) -> LiveTable:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def refresh(self) -> None:
        """Draws the table if it is time."""
        elapsed = time.monotonic() - self._drawn
        if elapsed >= REFRESH_S:
            self._drawn = time.monotonic()
            self._live.update(self._page(elapsed), refresh=True)

    def _page(self, elapsed_s: float) -> Group:
        """As many cameras as the terminal has lines for."""
        health = self._runtime.health()
        states = {name: camera.status for name, camera in health.cameras.items()}
        for removed in self._results.keys() - states.keys():
            self._results.pop(removed, None)
        fps = {name: self._fps(name, elapsed_s) for name in states}
        names = sorted(states, key=lambda name: (ORDER[states[name].state], not states[name].warnings, name))
        shown = names[: max(1, self._console.size.height - NON_CAMERA_LINES)]
        table = Table(box=None, pad_edge=False)
        for head in COLUMNS:
            table.add_column(head, no_wrap=head in FIGURES)
        for name in shown:
            cells = name, *self._row(name, states[name], fps[name])
            table.add_row(*map(_on_one_line, cells))
        running = timedelta(seconds=int(health.uptime_s))
        head = f"{health.cameras_up}, {sum(fps.values()):.1f} fps, {health.answering} for {running}"
        lines: list[RenderableType] = [_on_one_line(head), _on_one_line(f"sinks: {_sinks(health.sinks)}"), table]
        if health.engine.reason is not None:
            lines.insert(0, _on_one_line(f"the engine fails: {health.engine.reason}"))
        if len(names) > len(shown):
            lines.append(Text(f"and {len(names) - len(shown)} more, all {states[names[len(shown)]].state} or better"))
        return Group(*lines)

    def _row(self, name: str, status: CameraStatus, fps: float) -> list[str]:
        metrics = self._runtime.metrics
        ages = metrics.percentiles("age", (50, 99), camera=name)
        drops = metrics.by("frames_dropped", "reason", camera=name)
        return [
            _state(status),
            f"{fps:.1f}",
            *([f"{1e3 * age:.0f} ms" for age in ages] or ["", ""]),
            ", ".join(f"{count} {reason}" for reason, count in sorted(drops.items())) or "0",
            self._objects(name),
        ]

    def _fps(self, name: str, elapsed_s: float) -> float:
        frames = self._runtime.metrics.total("frames_analysed", camera=name)
        before, self._frames[name] = self._frames.get(name, 0), frames
        return (frames - before) / elapsed_s

    def _objects(self, camera: str) -> str:
        """What the camera's newest frame shows, in words."""
        newest = self._results.get(camera)
        return object_counts(newest, self._runtime.analyser.model.detector.labels) if newest else ""


def _on_one_line(text: str) -> Text:
    """No markup, which a label may look like; and one line, whatever it contains."""
    return Text(text, no_wrap=True, overflow="ellipsis")


def _state(status: CameraStatus) -> str:
    """`down: timeout`, `up: frozen_picture`."""
    reasons = [warning.reason for warning in status.warnings] if status.reason is None else [status.reason.value]
    return f"{status.state}: {', '.join(reasons)}" if reasons else status.state


def _sinks(sinks: Mapping[str, SinkStatus]) -> str:
    """`mqtt down: connection refused, file up`: those in trouble first."""
    ordered = sorted(sinks.items(), key=lambda sink: (ORDER[sink[1].state], sink[0]))
    return ", ".join(f"{name} {s.state}: {s.reason}" if s.reason else f"{name} {s.state}" for name, s in ordered)
