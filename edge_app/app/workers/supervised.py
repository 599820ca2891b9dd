"""A worker by its number: its process is started, and again where it dies."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable

from edge_app.app.config import AppConfig
from edge_app.app.workers.run import WorkerRun
from edge_app.app.workers.wire import Drop, Epochs, Read, Watched
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
from edge_app.core.threads import AWAY_S

logger = logging.getLogger(__name__)

MOST_DEATHS, WITHIN_S = 3, 60.0
ERRORS = {error.exit_code: error for error in (AccessError, ConfigError, DataError, DeviceFaultError, InputError)}


class SupervisedWorker:
    """One of the workers, over all runs of its process; the main thread calls its methods.

    Attributes:
        number: From 0.
        cameras: That it has, each with its epoch in a fleet; they stay over its deaths.
        ended: Those of them that are files, and whose process has ended with them: they are not read again.
        run: Of its process; None between two of them, and where all have ended.
        away: Why it does not analyse now, where its process has died.
        error: Of the first file that could not be read, which has ended nothing else.
    """

    def __init__(self, number: int, start: Callable[[int], WorkerRun]) -> None:
        """`start` starts its process."""
        self.number, self._start = number, start
        self.cameras: dict[str, int | None] = {}
        self.ended: set[str] = set()
        self.run: WorkerRun | None = None
        self.away: EngineStatus | None = None
        self.error: EdgeAppError | None = None
        self._watched: Watched | None = None
        self._looked_mono = 0.0
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)
        self._backoff, self._retry_mono = Backoff(initial_s=0.2, max_s=15.0, stable_s=WITHIN_S), 0.0

    @property
    def to_read(self) -> Epochs:
        """The cameras that its process reads."""
        return {name: epoch for name, epoch in self.cameras.items() if name not in self.ended}

    @property
    def is_over(self) -> bool:
        """Whether all that it had to read has ended, and its process with that."""
        return self.run is None and bool(self.ended) and not self.to_read

    def start(self) -> None:
        """Starts its process, which loads the model."""
        self._watched = None
        self.run = self._start(self.number)

    def begin(self, config: AppConfig) -> None:
        """Has its process begin, if its model is loaded and it has not begun; with this configuration."""
        run = self.run
        if run is None or run.loaded is None or run.began:
            return
        if run.config is not config:  # it has changed while the model was loaded
            run.kill()
            self.start()
            return
        run.begin(self.to_read)
        self.away = None

    def read(self, camera: str, epoch: int | None) -> None:
        """Has its process read one more camera, or one that has another epoch now."""
        self.cameras[camera] = epoch
        self.ended.discard(camera)
        self.send(Read(camera, epoch))

    def drop(self, camera: str) -> None:
        """Has it read a camera no more, if it does."""
        if camera in self.cameras:
            self.forget(camera)
            self.send(Drop(camera))

    def forget(self, camera: str) -> None:
        """It does not have the camera any more, and its process will hear of that."""
        del self.cameras[camera]
        self.ended.discard(camera)

    def send(self, order: object) -> None:
        """Tells its process something, if that has begun; what it is to read, it is told when it begins."""
        if self.run is not None and self.run.began:
            self.run.link.put(order)

    def watch(self, watched: Watched) -> None:
        """Tells its process what is watched, where that has changed."""
        if self.run is not None and self.run.began and watched != self._watched:
            self._watched = watched
            self.send(watched)

    def supervise(self, now: float) -> WorkerRun | None:
        """Looks whether its process lives and answers, and starts another; returns that which has died.

        Args:
            now: The monotonic time [s].

        Raises:
            EdgeAppError: It has died too often.
        """
        run, before_mono, self._looked_mono = self.run, self._looked_mono, now
        if run is not None and now - before_mono > AWAY_S:
            run.heard_mono = max(run.heard_mono, now)
        if run is None:
            if now >= self._retry_mono and not self.is_over:
                self.start()
        elif run.is_gone:
            self.run = None
            if run.ended is None or not run.ended.by_itself:
                self._died(run, now)
                return run
            self.ended |= run.ended.cameras & self.cameras.keys()
            self.error = self.error or (error_of(run.ended.code, run.ended.error) if run.ended.code else None)
        elif run.is_silent(now):
            logger.error("worker %d: no sign of life; it is killed", self.number)
            run.heard_mono = now
            run.kill()
        return None

    def _died(self, run: WorkerRun, now: float) -> None:
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
