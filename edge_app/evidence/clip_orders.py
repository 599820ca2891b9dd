"""What is agreed between the evidence and what makes its clips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_app.core.frames import FrameMeta
from edge_app.core.packets import PacketTap
from edge_app.core.tap import Tap


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOrder:
    """The clip of an event.

    Attributes:
        event_id: The event's id.
        meta: The frame that showed it, and so its camera and time.
        name: The file that it becomes, relative to the folder of the evidence.
    """

    event_id: str
    meta: FrameMeta
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOutcome:
    """What became of an order.

    Attributes:
        order: The order.
        draft: The whole file, beside where it belongs (`draft_of`), with mode `FILE_MODE`; None if there is none.
        start_time, end_time: Capture times of its first and its last frame [s since 1970].
        why: Why it is shorter than it was to be, or not there at all, in words; empty if it is as it was to be.
    """

    order: ClipOrder
    draft: Path | None = None
    start_time: float | None = None
    end_time: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraView:
    """How to see what a camera sends.

    Attributes:
        live: Whether it is live.
        coded: Whether it may send coded packets; if not, clips are made of its analysed frames.
        rotate: Degrees clockwise by which its pictures are turned.
        packets: Where its packets come from.
        frames: Where its analysed frames come from.
    """

    live: bool
    coded: bool
    rotate: int
    packets: PacketTap
    frames: Tap


class ClipMaker(Protocol):
    """Makes clips in threads of its own.

    It is given, when it is made, a callable that takes each `ClipOutcome`, of every order that it took, from any
    thread, and does not block.
    """

    def watch(self, name: str, view: CameraView) -> None:
        """Keeps what a camera shows from now on; one of that name that is watched already is forgotten."""

    def forget(self, name: str) -> None:
        """Keeps nothing of a camera any more; clips of it end with what there is."""

    def order(self, order: ClipOrder) -> bool:
        """Whether it will make that clip; the analysis thread asks and does not wait. What it cannot make it counts."""

    def finish(self) -> None:
        """No more frames come, and no more orders: clips that are being made end with what there is; does not wait."""

    def join(self, timeout_s: float) -> bool:
        """Whether every order has its outcome; waits for that until the timeout [s]."""
