"""What is kept of events: their documents in a database, their pictures and clips as files beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from edge_app.core import files
from edge_app.core.errors import AccessError
from edge_app.core.metrics import Metrics
from edge_app.core.sqlite_files import transaction, used_bytes
from edge_app.evidence.age_clock import AgeClock, ClockReading
from edge_app.evidence.config import MB, KeepConfig
from edge_app.evidence.database import opened
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.event_rows import EventRows
from edge_app.evidence.inventory import Inventory, delete_drafts, take_inventory
from edge_app.evidence.names import FILE_MODE, FOLDER_MODE, make_folders

SPARE = 0.02  # of the bound, that is made room for at once, so that not every file has to
MOST_DOCUMENTS_BYTES = 200 * MB  # of the database
AT_ONCE = 100  # events that are deleted in one transaction


class NeverFitsError(Exception):
    """A file is larger than all files together may be."""


class Store(Protocol):
    """What writes what is kept; one thread uses it."""

    keep: KeepConfig

    def add(self, document: bytes) -> None:
        """Another document of an event."""

    def put(self, name: str, content: bytes) -> None:
        """A file with this content."""

    def adopt(self, name: str, draft: Path) -> None:
        """A file that was written beside it."""

    def commit(self) -> None:
        """What was added and put is to last."""

    def review(self) -> None:
        """What is too old or too much goes."""

    def close(self) -> None:
        """Nothing more is written."""


class EvidenceStore:
    """Writes the folder, which it holds against other programs. One thread uses it.

    A file has its name before its row is written, and loses it after its row is gone; `__init__` puts in order what a
    kill or a power cut has left in between. Methods raise OSError or sqlite3.Error where the disk takes nothing or the
    database is damaged; what was to be written is then gone.

    Attributes:
        keep: How much is kept; may be replaced.
    """

    def __init__(
        self, folder: Path, keep: KeepConfig, drafts: Drafts, clock_is_true: Callable[[], bool], metrics: Metrics
    ) -> None:
        """Opens the folder, or makes it.

        Args:
            folder: In the state folder.
            keep: How much is kept.
            drafts: Of clips, which have their share of that to themselves.
            clock_is_true: Whether the wall clock is right, by which the time until now may be counted.
            metrics: Where files, bytes and what is deleted are counted.

        Raises:
            AccessError: Another program uses it.
            OSError, sqlite3.Error: It cannot be used.
        """
        self.keep, self._folder, self._drafts, self._metrics = keep, folder, drafts, metrics
        self._documents: list[bytes] = []
        self._files: dict[str, int] = {}  # that are not listed yet: their sizes [bytes] by name
        with ExitStack() as stack:
            folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            folder.chmod(FOLDER_MODE)
            try:
                stack.enter_context(files.locked(folder))
            except BlockingIOError:
                raise AccessError(f"{folder}: another instance uses it; give it another `state_dir`") from None
            delete_drafts(folder, drafts)  # first: they may be what has filled a disk on which no database opens
            self._db = opened(folder)
            stack.callback(self._db.close)
            self._rows = EventRows(self._db)
            self._clock = AgeClock(self._rows.last_clock() or ClockReading(time.time(), 0.0), clock_is_true)
            self._settle(take_inventory(folder, self._db, drafts))
            self._make_room(0)
            self._opened = stack.pop_all()

    def close(self) -> None:
        """Lets go of the folder; what was not committed is not written."""
        self._opened.close()

    def add(self, document: bytes) -> None:
        """Another document of an event, in JSON, with the next commit."""
        self._documents.append(document)

    def put(self, name: str, content: bytes) -> None:
        """Writes a file; it is listed with the next commit.

        Raises:
            NeverFitsError: It never fits.
        """
        self._make_room(len(content))
        with self._replacing(name, len(content)) as path:
            make_folders(self._folder, name)
            files.write(path, content, mode=FILE_MODE)

    def adopt(self, name: str, draft: Path) -> None:
        """Gives a file that was written beside it its name; it is listed with the next commit.

        Raises:
            NeverFitsError: It never fits.
        """
        size = draft.stat().st_size
        self._make_room(size)
        with self._replacing(name, size) as path:
            make_folders(self._folder, name)
            files.adopt(draft, path)

    def commit(self) -> None:
        """Writes what was added and lists what was put; if that fails, what was put is deleted."""
        documents, self._documents = self._documents, []
        put, self._files = self._files, {}
        if not (documents or put):
            return
        reading = self._clock.read()
        try:
            with transaction(self._db):
                for document in documents:
                    self._rows.add(document, reading.now_s)
                self._rows.list_files(put, reading.now_s)
                self._rows.keep_clock(reading)
        except BaseException:
            self._unlink(put)
            raise
        finally:
            self._measure()

    def review(self) -> None:
        """Deletes what is too old or too much; to be called now and then."""
        reading = self._clock.read()
        while numbers := self._rows.untouched_since(reading.now_s - self.keep.max_age_s, AT_ONCE):
            self._forget(numbers, "age")
        while used_bytes(self._db) > MOST_DOCUMENTS_BYTES and (numbers := self._rows.oldest(AT_ONCE)):
            self._forget(numbers, "documents")
        self._make_room(0)
        with transaction(self._db):
            self._rows.keep_clock(reading)

    def _settle(self, found: Inventory) -> None:
        with transaction(self._db):
            self._rows.settle(found, self._clock.read().now_s)
        self._bytes = self._rows.all_bytes()
        self._measure()

    def _make_room(self, size: int) -> None:
        """Deletes the oldest events until a file of that size fits."""
        most = self.keep.max_bytes - self._drafts.most
        if size > most:
            raise NeverFitsError(f"{size / MB:.1f} MB are more than `keep.max_mb` has room for")
        if self._bytes + size <= most:
            return
        while (too_much := self._bytes + size - round(most * (1 - SPARE))) > 0:
            if self._files:
                self.commit()
            if not (numbers := self._rows.in_the_way(too_much, AT_ONCE)):
                break
            self._forget(numbers, "size")

    def _forget(self, numbers: Sequence[int], reason: str) -> None:
        """Deletes events with all that belongs to them: rows first, so that none is listed without its file."""
        gone = self._rows.files_of(numbers)
        with transaction(self._db):
            self._rows.forget(numbers)
        self._unlink(gone)
        self._metrics.count("evidence_deleted", len(numbers), reason=reason)
        self._measure()

    def _unlink(self, put: Mapping[str, int]) -> None:
        for name, size in put.items():
            path = self._folder / name
            path.unlink(missing_ok=True)
            self._bytes -= size
            with suppress(OSError):  # it is not empty
                path.parent.rmdir()
                path.parent.parent.rmdir()

    @contextmanager
    def _replacing(self, name: str, size: int) -> Iterator[Path]:
        """Counts a file that the block writes, perhaps in the place of another."""
        path = self._folder / name
        before = path.stat().st_size if path.exists() else 0
        yield path
        self._files[name] = size
        self._bytes += size - before

    def _measure(self) -> None:
        self._metrics.gauge("evidence_bytes", self._bytes)
