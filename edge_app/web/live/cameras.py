"""Everybody who watches a camera."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edge_app.web.live.camera import LiveCamera
from edge_app.web.live.rounds import Rounds
from edge_app.web.live.viewer import Viewer
from edge_app.web.program_view import ProgramView

MOST_VIEWERS = 48  # in all: of each of them packets are copied


class LiveCameras:
    """The cameras that are watched; for the loop's thread."""

    def __init__(self, program: ProgramView) -> None:
        self._program = program
        self._watched: dict[str, LiveCamera] = {}
        self._viewers = 0
        self._rounds: Rounds | None = None

    @property
    def is_full(self) -> bool:
        """Whether nobody else can watch."""
        return self._viewers >= MOST_VIEWERS

    @contextmanager
    def watching(self, name: str, viewer: Viewer) -> Iterator[None]:
        """Shows a camera that is there to a viewer, for the duration of the block."""
        if self._rounds is None:
            self._rounds = Rounds()  # here in the loop, which does not run yet when this is made
        if name not in self._watched:
            self._watched[name] = LiveCamera(lambda: self._program.camera(name), self._rounds)
        camera = self._watched[name]
        self._viewers += 1
        camera.join(viewer)
        try:
            yield
        finally:
            self._viewers -= 1
            camera.leave(viewer)
            if not camera.is_watched:
                self._watched.pop(name, None)
