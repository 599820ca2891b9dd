"""The live table of `run` at a terminal: one row a camera."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from edge_app import config
from edge_app.app import App
from edge_app.cli.words import in_words

REFRESH_S = 1.0


class LiveTable:
    """Draws on stderr once a second; the log scrolls above it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._live = Live(console=Console(stderr=True), auto_refresh=False)
        self._drawn = time.monotonic()
        self._frames: dict[str, int] = {}

    @staticmethod
    def fits(settings: config.AppConfig) -> bool:
        """Whether stderr is a terminal that the messages do not use too."""
        messages_here = any(sink.type == "stdout" for sink in settings.publish) and sys.stdout.isatty()
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
            self._live.update(self._table(elapsed), refresh=True)

    def _table(self, elapsed_s: float) -> Table:
        table = Table("camera", "state", "fps", "age p50", "age p99", "dropped", "objects", box=None, pad_edge=False)
        stats = self._app.stats
        for name, state in sorted(self._app.cameras.states().items()):
            frames = stats.total("frames_analysed", camera=name)
            fps = (frames - self._frames.get(name, 0)) / elapsed_s
            self._frames[name] = frames
            ages = stats.percentiles("age", (50, 99), camera=name)
            drops = stats.by("frames_dropped", "reason", camera=name)
            table.add_row(
                name,
                state.state if state.reason is None else f"{state.state}: {state.reason.value}",
                f"{fps:.1f}",
                *(f"{1e3 * age:.0f} ms" for age in ages or ()),
                *([""] * (2 - len(ages))),
                ", ".join(f"{count} {reason}" for reason, count in sorted(drops.items())) or "0",
                self._objects(name),
            )
        return table

    def _objects(self, camera: str) -> str:
        """What the camera's newest frame shows, in words."""
        if camera not in self._app.latest:
            return ""
        _, result = self._app.latest[camera]
        return in_words(result, self._app.detector.labels)
