"""A worker by its number: its process is started, and again where it dies."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable

from edge_app.app.workers.run import WorkerRun
from edge_app.app.workers.wire import Watched
from edge_app.core.backoff import Backoff
from edge_app.core.engine_status import EngineStatus
from edge_app.core.errors import (
    AccessError,
    ConfigError,
    DataError,
    DeviceFaultError,
    EdgeAppError,
    InputError,
    TemporaryError,
)

logger = logging.getLogger(__name__)

MOST_DEATHS, WITHIN_S = 3, 60.0
SILENT_S = 30.0  # as long as systemd waits for a sign of life of a program that is one process
ERRORS = {error.exit_code: error for error in (AccessError, ConfigError, DataError, DeviceFaultError, InputError)}


class SupervisedWorker:
    """One of the workers, over all runs of its process; the main thread calls its methods.

    Attributes:
        number: From 0.
        cameras: That it reads, each with its epoch in a fleet; they stay over its deaths.
        run: Of its process; None between two of them.
        is_over: Whether it has ended because all its sources have.
        away: Why it does not analyse now, where its process has died.
    """

    def __init__(self, number: int, start: Callable[[int], WorkerRun]) -> None:
        """`start` starts its process."""
        self.number, self._start = number, start
        self.cameras: dict[str, int | None] = {}
        self.run: WorkerRun | None = None
        self.is_over = False
        self.away: EngineStatus | None = None
        self._watched: Watched | None = None
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)
        self._backoff, self._retry_mono = Backoff(initial_s=0.2, max_s=15.0, stable_s=WITHIN_S), 0.0

    def start(self) -> None:
        """Starts its process, which loads the model."""
        self._watched = None
        self.run = self._start(self.number)

    def begin(self) -> WorkerRun | None:
        """Has its process begin, if its model is loaded and it has not begun; returns it if so."""
        run = self.run
        if run is None or run.loaded is None or run.began:
            return None
        run.begin(self.cameras)
        self.away = None
        return run

    def send(self, order: object) -> None:
        """Tells its process something, if that has begun; what it is to read, it is told when it begins."""
        if self.run is not None and self.run.began:
            self.run.link.put(order)

    def watch(self, watched: Watched) -> None:
        """Tells its process what is watched, where that has changed."""
        if self.run is not None and self.run.began and watched != self._watched:
            self._watched = watched
            self.send(watched)

    def supervise(self) -> WorkerRun | None:
        """Looks whether its process lives and answers, and starts another; returns that which has died.

        Raises:
            EdgeAppError: It has died too often.
        """
        run, now = self.run, time.monotonic()
        if run is None:
            if now >= self._retry_mono:
                self.start()
        elif run.is_gone:
            if run.ended is None or not run.ended.by_itself:
                self._died(run, now)
                return run
            self.is_over = True
        elif run.began and now - run.heard_mono > SILENT_S:
            logger.error("worker %d: no sign of life; it is killed", self.number)
            run.kill()
        return None

    def _died(self, run: WorkerRun, now: float) -> None:
        self.run = None
        self.away = EngineStatus(state="failing", reason=f"worker {self.number}: {run.why}", since=time.time())
        self._deaths.append(now)
        if len(self._deaths) == MOST_DEATHS and now - self._deaths[0] < WITHIN_S:
            code = run.ended.code if run.ended is not None else 0
            raise error_of(code, f"worker {self.number} died {MOST_DEATHS} times in a minute: {run.why}")
        pause_s = self._backoff.pause(now - run.since_mono)
        self._retry_mono = now + pause_s
        logger.warning("worker %d: %s; it is started again in %.1f s", self.number, run.why, pause_s)


def error_of(code: int, text: str) -> EdgeAppError:
    """The error of that exit code, with that text."""
    return ERRORS.get(code, TemporaryError)(text)
