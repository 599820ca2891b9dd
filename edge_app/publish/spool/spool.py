"""The thread that keeps on the disk what a sink has not taken; the sink's own thread never waits for the disk."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from edge_app.core import files
from edge_app.core.errors import AccessError
from edge_app.core.metrics import Metrics
from edge_app.core.sqlite_files import set_aside
from edge_app.machine import ClockJumps
from edge_app.publish.disk_orders import BATCH, NOTHING, DiskWork
from edge_app.publish.messages import Message
from edge_app.publish.queue import MessageQueue
from edge_app.publish.spool.config import SpoolConfig
from edge_app.publish.spool.file import Row, SpoolFile, Stored
from edge_app.publish.spool.folder import FOLDER_MODE, spool_file, why_it_fails

logger = logging.getLogger(__name__)

RETRY_S = 2.0  # after a disk that took nothing
PUT_OFF_S = 0.1  # until the next turn then
STRIKES = 3  # for a file that cannot be used although its folder can
LAST_S = 0.5  # at the end, for the sink's thread to say what has arrived
REVIEW_S = 60.0  # how often we look for what is too old
DROPPED_AT_ONCE = 50
PASSING = ("full", "locked")  # as SQLite calls what has nothing to do with the file
FILLED = 0.95  # of a spool, by what finite sources send
GAUGES = "spool_bytes", "spool_free_bytes"


class Spool:
    """Moves messages between a queue and its file. `run` is a thread of its own.

    It sends no heartbeat: a disk that hangs is no reason to end the program.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        config: SpoolConfig,
        queue: MessageQueue,
        *,
        metrics: Metrics,
        sent: threading.Event,
    ) -> None:
        """Takes possession of the file, which `run` opens.

        Args:
            name: The sink's.
            folder: Where all spools are; it is made.
            config: What is written, and how much of it is kept.
            queue: Of the sink.
            metrics: Counts what was dropped.
            sent: Set when the sink's thread has ended.

        Raises:
            AccessError: The folder cannot be made or used, or another instance uses the file.
        """
        self._name, self._path, self._config = name, spool_file(folder, name), config
        self._queue, self._metrics = queue, metrics
        self._file: SpoolFile | None = None
        self._held = ExitStack()
        self._told, self._failures, self._retry_mono = False, 0, 0.0
        self._review_mono = 0.0
        self._jumps = ClockJumps()
        self._sent, self._ended = sent, threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            folder.chmod(FOLDER_MODE)
            lock = self._path.with_suffix(".lock")
            os.close(files.open_to_write(lock, os.O_RDWR, 0o600))
            self._held.enter_context(files.locked(lock))
        except BlockingIOError:
            raise AccessError(f"{self._path}: another instance uses this spool; give it another `state_dir`") from None
        except OSError as error:
            raise AccessError(
                f"{folder}: {error.strerror}; `state_dir` is where spools are, `spool: false` none"
            ) from error

    @property
    def thread_name(self) -> str:
        return f"spool {self._name}"

    def run(self) -> None:
        """Works until the queue is closed, and then writes all that was not sent."""
        try:
            while self._turn() or not self._queue.closed:
                pass
            self._sent.wait(LAST_S)
            while self._turn():
                pass
        finally:
            self._close()
            for gauge in GAUGES:
                self._metrics.forget_gauge(gauge, sink=self._name)
            self._held.close()
            self._ended.set()

    def join(self, timeout_s: float) -> bool:
        """Whether `run` has returned; waits for that until the timeout."""
        return self._ended.wait(timeout_s)

    def _turn(self) -> bool:
        """Writes and reads what is due; False if there was nothing to write, or it could not be written."""
        if self._file is not None and not self._file.is_there:
            self._close()
            self._without_file()
            logger.warning("%s: spool: the file was deleted; a new one begins", self._name)
        rests = time.monotonic() < self._retry_mono
        if self._file is None and not rests and not self._tried(self._open):
            return False
        work = self._queue.disk_work(self._config.commit_ms / 1e3)
        file = self._file
        written = file is not None and not rests and self._tried(partial(self._write, file, work))
        if not written:
            self._put_off(work)
            work = NOTHING
        if file is not None and file is self._file:
            steps = (self._load, self._review, self._measure)
            if all(self._tried(partial(step, file)) for step in steps) and written:
                self._failures = 0
        return bool(work.write or work.forget)

    def _tried(self, do: Callable[[], object]) -> bool:
        """Whether the disk did that."""
        try:
            do()
        except (OSError, sqlite3.DatabaseError) as error:
            self._failed(error)
            return False
        return True

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        self._file = file = SpoolFile(self._path)
        waiting = file.count()
        if waiting:
            logger.info("%s: %d messages of an earlier session are sent first", self._name, waiting)
        with self._queue.backlog() as backlog:
            backlog.opened(waiting)

    def _write(self, file: SpoolFile, work: DiskWork) -> None:
        if not (work.write or work.forget or work.refused):
            return
        with file.transaction():
            file.forget(work.forget)
            file.write(Row(entry.place, entry.message) for entry in work.write if not entry.gone)
            file.refuse(work.refused)
            dropped = self._keep_within_size(file)
        with self._queue.backlog() as backlog:
            backlog.done(work)
        self._drop(dropped, "spool_full")
        if self._told:
            self._told = False
            logger.info("%s: spool: the disk takes messages again", self._name)

    def _load(self, file: SpoolFile) -> None:
        with self._queue.backlog() as backlog:
            after, limit = backlog.to_load()
        if limit:
            self._heed_clock(file)
            found = file.load(after, limit)
            now = time.time()
            oldest = now - self._config.max_age_s
            damaged = [each.place for each in found if each.message is None]
            too_old = [each.place for each in found if each.message is not None and each.written < oldest]
            lost = {*damaged, *too_old}
            if lost:
                with file.transaction():
                    file.forget(lost)
            with self._queue.backlog() as backlog:
                backlog.loaded([_entry(each, lost, now) for each in found], limit)
            self._count(len(damaged), "spool_damaged")
            self._count(len(too_old), "spool_age")

    def _keep_within_size(self, file: SpoolFile) -> Sequence[int]:
        """Deletes what was refused, then the oldest detections, then the oldest events, what is new among them."""
        most, deleted = self._config.max_mb * 1e6, list[int]()
        if file.used_bytes > most:
            file.forget_refused()
        while file.used_bytes > most and (places := file.oldest(DROPPED_AT_ONCE)):
            file.forget(places)
            deleted += places
        return deleted

    def _review(self, file: SpoolFile) -> None:
        """Deletes what is too old, at most so much that what is new need not wait, and gives space back."""
        if time.monotonic() < self._review_mono:
            return
        self._heed_clock(file)
        if places := file.older(self._config.max_age_s, BATCH):
            with file.transaction():
                file.forget(places)
            self._drop(places, "spool_age")
        elif not file.shrink():
            self._review_mono = time.monotonic() + REVIEW_S

    def _measure(self, file: SpoolFile) -> None:
        """Says how much there is, and how much more can come until something has to go: a finite source waits then."""
        used, disk = file.used_bytes, os.statvfs(self._path.parent)
        for gauge, value in zip(GAUGES, (used, disk.f_bavail * disk.f_frsize), strict=True):
            self._metrics.gauge(gauge, value, sink=self._name)
        room = FILLED * self._config.max_mb * 1e6 - used
        with self._queue.backlog() as backlog:
            backlog.disk_room = room - backlog.unwritten_bytes

    def _heed_clock(self, file: SpoolFile) -> None:
        """What the clock jumps by is no age."""
        if jump_s := self._jumps.unheeded_s:
            file.trust_clock(jump_s)
            self._jumps.heed(jump_s)

    def _drop(self, places: Sequence[int], reason: str) -> None:
        """Forgets and counts what was deleted from the disk; what the sink has got hold of is not lost."""
        self._count(self._queue.let_go(places) if places else 0, reason)

    def _count(self, dropped: int, reason: str) -> None:
        if dropped:
            self._metrics.count("publish_dropped", dropped, sink=self._name, reason=reason)

    def _put_off(self, work: DiskWork) -> None:
        with self._queue.backlog() as backlog:
            backlog.full_disk(work)
        self._queue.pause(PUT_OFF_S)

    def _failed(self, error: Exception) -> None:
        """Goes on in memory alone; a file that is damaged, or fails again and again, is set aside."""
        if time.monotonic() < self._retry_mono:
            return
        self._retry_mono = time.monotonic() + RETRY_S
        self._failures += not any(word in str(error) for word in PASSING)
        passing = isinstance(error, sqlite3.OperationalError | OSError)
        if (not passing or self._failures >= STRIKES) and why_it_fails(self._path.parent) is None:
            with suppress(OSError):  # nor can it be renamed
                self._set_aside(error)
                return
        if self._file is None:
            self._without_file()
        if not self._told:
            self._told = True
            why = "no space on the disk" if "full" in str(error) else why_it_fails(self._path.parent) or str(error)
            logger.warning("%s: spool: %s; messages wait in memory only", self._name, why)

    def _set_aside(self, error: Exception) -> None:
        """Keeps the file for whoever wants to know, and begins a new one at the next turn."""
        self._close()
        self._without_file()
        aside = set_aside(self._path)
        logger.warning("%s: spool: %s; it is damaged and kept as %s, and a new one begins", self._name, error, aside)
        self._retry_mono = self._failures = 0

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _without_file(self) -> None:
        self._count(self._queue.no_disk(), "spool_damaged")


def _entry(stored: Stored, lost: Collection[int], now: float) -> tuple[int, Message | None, float]:
    """What the backlog is told of it: its place, its message unless that is lost, and how long it has waited [s]."""
    message = None if stored.place in lost else stored.message
    return stored.place, message, max(0.0, now - stored.written)
