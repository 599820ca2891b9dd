"""The thread that writes evidence; nobody else waits for the disk, or for a picture to be encoded."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

import cv2

from edge_app.core.engine_status import EngineStatus, EngineStatusLog
from edge_app.core.errors import AccessError
from edge_app.core.metrics import Metrics
from edge_app.evidence.config import KeepConfig
from edge_app.evidence.jobs import Job, JobQueue
from edge_app.evidence.store import NeverFitsError, Store

logger = logging.getLogger(__name__)

EVIDENCE_THREAD = "evidence"
AT_ONCE = 20  # jobs in one transaction
TICK_S = 0.5
RETRY_S = 2.0  # after a disk that took nothing
REVIEW_S = 60.0  # how often we look for what is too old
CALM_S = 60.0  # without a failure: a full disk takes something now and then
FAILS = "evidence: it cannot be kept: %s"
WELL = "evidence: it is kept again; the disk failed %d times"


class EvidenceKeeper:
    """A bounded queue of what is to be written, and `run`, a thread of its own.

    It sends no heartbeat: a disk that hangs is no reason to end the program. What the disk does not take is dropped and
    counted, and that is told once.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        metrics: Metrics,
        on_written: Callable[[], object] = lambda: None,
    ) -> None:
        """Opens the store.

        Args:
            open_store: Opens it, also anew where it has failed.
            metrics: Counts what was written and what was dropped.
            on_written: Called when something was, in the thread of `run`; must not block.

        Raises:
            AccessError: Another program uses it, or this one may not.
        """
        self._open_store, self._metrics, self._on_written = open_store, metrics, on_written
        self._jobs, self._ended = JobQueue(metrics), threading.Event()
        self._store: Store | None = None
        self._keep: KeepConfig | None = None
        self._retry_mono, self._review_mono = 0.0, 0.0
        self._status = EngineStatusLog(fails=FAILS, well=WELL, calm_s=CALM_S)
        try:
            self._store = open_store()
        except PermissionError as error:
            raise AccessError(f"{error.filename}: {error.strerror}; `state_dir` is where evidence is kept") from error
        except (OSError, sqlite3.Error) as error:
            self._failed(error)

    def put(self, job: Job, keep_waiting: Callable[[], bool] = lambda: False) -> bool:
        """Whether there is room for it, which is waited for while `keep_waiting`; what finds none is counted."""
        return self._jobs.put(job, keep_waiting)

    def use(self, keep: KeepConfig) -> None:
        """From the next look on, so much is kept."""
        self._keep, self._review_mono = keep, 0.0

    @property
    def status(self) -> EngineStatus:
        """Whether the disk takes it; `failing` until something was kept again. Any thread may ask."""
        return self._status.current

    @property
    def is_idle(self) -> bool:
        """Whether everything is written."""
        return self._jobs.is_idle

    def close(self) -> None:
        """Makes `run` return once everything is written; nothing more is taken."""
        self._jobs.close()

    def join(self, timeout_s: float) -> bool:
        """Whether `run` has returned; waits for that until the timeout [s]."""
        return self._ended.wait(timeout_s)

    def run(self) -> None:
        """Writes until it is closed."""
        try:
            while not self._jobs.is_over:
                if jobs := self._jobs.take(AT_ONCE, TICK_S):
                    self._work(jobs)
                self._review()
        finally:
            self._close_store()
            self._ended.set()

    def _work(self, jobs: Sequence[Job]) -> None:
        written = self._write(jobs)
        for job in jobs:
            self._count(job, job in written)
            job.done(job in written)
        self._jobs.done(jobs)
        if written:
            self._on_written()

    def _count(self, job: Job, written: bool) -> None:
        if written:
            self._metrics.count("evidence_written", kind=job.kind)
        else:
            self._metrics.count("evidence_dropped", kind=job.kind, reason="disk")

    def _write(self, jobs: Sequence[Job]) -> list[Job]:
        """Writes what the disk takes, up to the first that it does not; returns that."""
        if (store := self._store or self._open()) is None:
            return []
        written: list[Job] = []
        failures: list[Exception] = []
        try:
            for job in jobs:
                written += [job] if _fits(job, store) else []
        except (OSError, sqlite3.Error) as error:
            failures.append(error)
        try:
            store.commit()
        except (OSError, sqlite3.Error) as error:
            failures.append(error)
            written = []
        if failures:
            self._failed(failures[0])
        elif written:
            self._status.computed()
        return written

    def _review(self) -> None:
        if time.monotonic() < self._review_mono or (store := self._store or self._open()) is None:
            return
        self._review_mono = time.monotonic() + REVIEW_S
        try:
            store.keep = self._keep or store.keep
            store.review()
        except (OSError, sqlite3.Error) as error:
            self._failed(error)

    def _open(self) -> Store | None:
        """The store; None if it cannot be opened, or could not a moment ago."""
        if time.monotonic() < self._retry_mono:
            return None
        try:
            self._store = self._open_store()
        except (OSError, sqlite3.Error, AccessError) as error:  # another program may have taken it meanwhile
            self._failed(error)
        return self._store

    def _failed(self, error: Exception) -> None:
        """Closes the store, which puts itself in order when it is opened again."""
        self._close_store()
        self._retry_mono = time.monotonic() + RETRY_S
        self._status.failed(_words(error))

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def _fits(job: Job, store: Store) -> bool:
    """Writes it; false if it is larger than everything may be, or a picture that cannot be coded."""
    try:
        job.write(store)
    except (NeverFitsError, cv2.error) as error:
        logger.warning("evidence: a %s is not kept: %s", job.kind, error)
        return False
    return True


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
