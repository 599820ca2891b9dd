"""The hand-over of frames from the camera threads to the analysis thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from edge_app.core.errors import TemporaryError
from edge_app.core.frames import PendingFrame


class EndedError(TemporaryError):
    """Every source has ended, and nobody takes frames any more; no camera can be added."""


@dataclass
class _Cell:
    """The frames of one camera that wait."""

    live: bool
    capacity: int
    max_age_s: float
    drop: Callable[[str], None]
    frames: deque[PendingFrame] = field(default_factory=deque)
    since: float = 0.0  # when the camera began to wait; a newer frame in its cell does not send it back in line

    def is_half_empty(self) -> bool:
        return len(self.frames) <= self.capacity // 2

    def clear(self, reason: str) -> None:
        """Drops what waits, and counts it."""
        while self.frames:
            self.frames.popleft()
            self.drop(reason)


class Inbox:
    """One cell per camera between the camera threads and the analysis thread.

    A live camera's newest frame wins: `put` replaces what waits and counts it as dropped. A finite source
    loses nothing: once its cell is full, its `put` waits until half of it is taken, because waking a thread for each
    frame costs as much as decoding a small one. Nobody waits for it: its frames are taken once they fill a batch.
    """

    def __init__(self) -> None:
        self._cells: dict[str, _Cell] = {}
        self._ended: set[str] = set()  # cameras that are still there and send no more frames
        self._told: set[str] = set()  # those of them that `take_ended` has told
        self._removed: set[str] = set()  # cameras of which `take` may still have frames
        self._gone: set[str] = set()  # those of which it had none left when it was last called
        self._held = 0
        self._finished = False
        lock = threading.RLock()
        self._arrived = threading.Condition(lock)  # there is something to take, or nothing more will come
        self._room = threading.Condition(lock)  # a finite source may go on

    def add(self, camera: str, *, live: bool, max_age_s: float, capacity: int, drop: Callable[[str], None]) -> None:
        """Opens a cell; where a live source replaces a finite one, the frames of the latter that wait are dropped.

        Args:
            camera: Its name.
            live: Whether the newest frame wins (one frame waits at most) or nothing is lost.
            max_age_s: A live frame older than this is dropped when its turn comes [s].
            capacity: How many frames of a finite source may wait; of a live camera, one.
            drop: Called with the reason, `queue`, `stale` or `removed`, for every frame dropped here.
        """
        with self._arrived:
            cell = _Cell(live, capacity, max_age_s, drop)
            left = self._cells.get(camera)  # of a finite source that was closed
            if left is not None and live:
                left.clear("removed")
            elif left is not None:
                cell.frames.extend(left.frames)
            self._cells[camera] = cell
            self._ended.discard(camera)
            self._told.discard(camera)

    def close(self, camera: str, *, removed: bool = False) -> None:
        """No more frames come from this camera; those of a finite source that wait are still taken.

        A camera that is removed is not one that has ended: once all are removed, others may be added.
        """
        with self._arrived:
            (self._ended.discard if removed else self._ended.add)(camera)
            if removed:
                self._removed.add(camera)
            cell = self._cells.pop(camera, None)
            if cell is not None and cell.live:
                cell.clear("removed")
            elif cell is not None and cell.frames:
                cell.capacity = 0
                self._cells[camera] = cell
            self._arrived.notify_all()
            self._room.notify_all()

    @property
    def waiting(self) -> bool:
        """Whether there is a frame to take."""
        with self._arrived:
            return self._any_fresh()

    @property
    def next_is_alone(self) -> bool:
        """Whether the frame that would be taken next wants to be alone."""
        with self._arrived:
            line = self._in_line()
            return bool(line) and line[0].frames[0].alone

    @property
    def exhausted(self) -> bool:
        """Whether every camera that is there has ended, and every frame is taken; not while there is no camera."""
        with self._arrived:
            return self._is_exhausted()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Is not exhausted for the block, in which a camera is added or takes the place of another.

        Raises:
            EndedError: It was exhausted, and whoever took its frames has gone.
        """
        with self._arrived:
            if self._finished:
                raise EndedError("every source has ended")
            self._held += 1
        try:
            yield
        finally:
            with self._arrived:
                self._held -= 1
                self._arrived.notify_all()

    def put(self, frame: PendingFrame, timeout_s: float) -> bool:
        """Hands a frame over; False if a finite source found no room within the timeout."""
        with self._arrived:
            cell = self._cells[frame.meta.camera]
            if cell.live and cell.frames:
                cell.clear("queue")
            elif len(cell.frames) >= cell.capacity and not self._room.wait_for(cell.is_half_empty, timeout_s):
                return False
            else:
                cell.since = time.monotonic() if not cell.frames else cell.since
            cell.frames.append(frame)
            self._arrived.notify_all()
            return True

    def take(self, max_frames: int, timeout_s: float) -> list[PendingFrame]:
        """At most one frame per live camera, longest waiting first; finite sources may fill the rest.

        A frame that wants to be alone is. Of finite sources alone it waits for a whole batch, as far as one may come.
        Returns what there is after the timeout: an empty list if nothing came, or nothing more will come.
        """
        with self._arrived:
            self._arrived.wait_for(lambda: self._is_due(max_frames) or self._is_exhausted(), timeout_s)
            self._gone |= {name for name in self._removed if name not in self._cells or self._cells[name].capacity}
            self._removed -= self._gone
            taken: list[PendingFrame] = []
            for cell in self._in_line():
                if len(taken) < max_frames and not (taken and cell.frames[0].alone):
                    taken.append(cell.frames.popleft())
                    cell.since = time.monotonic()
                    max_frames = 1 if taken[0].alone else max_frames
            for cell in self._cells.values():
                while not cell.live and cell.frames and len(taken) < max_frames and not cell.frames[0].alone:
                    taken.append(cell.frames.popleft())
            self._cells = {n: c for n, c in self._cells.items() if c.frames or c.capacity}
            if any(not cell.live and cell.is_half_empty() for cell in self._cells.values()):
                self._room.notify_all()
            return taken

    def take_removed(self) -> set[str]:
        """The cameras that were removed before the last `take`, which had no frame of theirs, each once.

        What it had of that name is of a camera that has taken its place, maybe with frames that a finite one left.
        """
        with self._arrived:
            gone, self._gone = self._gone, set()
            return gone

    def take_ended(self) -> set[str]:
        """The cameras that have ended, and whose frames are all taken, each once."""
        with self._arrived:
            ended = self._ended - self._cells.keys() - self._told
            self._told |= ended
            return ended

    def finish(self) -> bool:
        """Whether it is exhausted, for whoever takes frames and then goes: from then on `held` refuses."""
        with self._arrived:
            self._finished = self._finished or self._is_exhausted()
            return self._finished

    def _in_line(self) -> list[_Cell]:
        """The cells in which a frame waits, longest waiting first."""
        return sorted((cell for cell in self._cells.values() if cell.frames), key=lambda cell: cell.since)

    def _is_exhausted(self) -> bool:
        return not self._cells and bool(self._ended) and not self._held

    def _is_due(self, max_frames: int) -> bool:
        """Whether so many frames wait, or one of a camera, or all that a finite source sends before some are taken."""
        if not self._any_fresh():
            return False
        waiting = [cell for cell in self._cells.values() if cell.frames]
        return sum(len(cell.frames) for cell in waiting) >= max_frames or any(
            cell.live or cell.frames[0].alone or len(cell.frames) >= cell.capacity for cell in waiting
        )

    def _any_fresh(self) -> bool:
        """Drops the frames that are too old; returns whether any are left."""
        now = time.monotonic()
        for cell in self._cells.values():
            if cell.live and cell.frames and now - cell.frames[0].meta.time.mono > cell.max_age_s:
                cell.clear("stale")
        return any(cell.frames for cell in self._cells.values())
