"""A rig: real cameras on a real inbox, and somebody who takes the frames and supervises, as the main loop does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from edge_app.capture import Cameras, DecodeHardware, Source, open_source
from edge_app.capture.config import CameraConfig
from edge_app.core.camera_status import CameraStatus
from edge_app.core.errors import Reason
from edge_app.core.frames import PendingFrame
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import ThreadGroup
from tests.waiting import PATIENCE_S, Stopwatch

FAST = {"initial_s": 0.1, "max_s": 0.4, "jitter": 0.2, "stable_s": 5}


def camera_config(url: str, **settings: object) -> CameraConfig:
    """A camera that tries again at once; on a busy machine a frame may be a while coming."""
    return CameraConfig.model_validate({"url": url, "reconnect": FAST, "stall_timeout_s": 10, **settings})


class Rig:
    """Cameras and everything that they report."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.metrics = Metrics()
        self.stop = threading.Event()
        self.threads = ThreadGroup(self.stop)
        self.states: list[tuple[str, CameraStatus]] = []
        self.pending: list[PendingFrame] = []
        self.cameras = Cameras(self.inbox, self.metrics, self.threads, self._report, capacity=2)

    def _report(self, name: str, state: CameraStatus) -> None:
        self.states.append((name, state))

    def add(self, url: str, name: str = "gate", hardware: DecodeHardware | None = None, **settings: object) -> Source:
        camera = camera_config(url, **settings)
        source = open_source(camera, hardware)
        self.cameras.add(name, source, camera)
        return source

    def until(self, condition: Callable[[], object], within_s: float = PATIENCE_S) -> float:
        """Takes frames and supervises until the condition holds; the seconds that took, as a `Stopwatch` has them."""
        deadline, watch = time.monotonic() + within_s, Stopwatch()
        while not condition():
            assert time.monotonic() < deadline, (self.states, self.threads.error)
            self.pending += self.inbox.take(4, 0.02)
            self.cameras.supervise()
        return watch.read()

    def state(self, name: str = "gate") -> tuple[str, Reason | None]:
        status = self.cameras.statuses()[name]
        return status.state, status.reason

    def is_up(self) -> bool:
        return self.state() == ("up", None)

    def is_down(self, reason: Reason) -> bool:
        return self.state() == ("down", reason)

    def more(self, frames: int) -> Callable[[], bool]:
        """A condition: so many more frames."""
        target = len(self.pending) + frames
        return lambda: len(self.pending) >= target

    def end(self) -> float:
        """Stops the cameras and waits for their threads; the seconds that took, as a `Stopwatch` has them."""
        watch = Stopwatch()
        self.cameras.stop()
        assert self.threads.join(PATIENCE_S) == [], "stuck"
        return watch.read()


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    assert rig.end() < 8
