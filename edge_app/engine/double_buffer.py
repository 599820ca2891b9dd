"""Keeps the engine busy: one batch computes while another is prepared and the one before is decoded."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from edge_app.engine.slot import Outputs, Slot
from edge_app.errors import EngineError
from edge_app.frames import Frame

logger = logging.getLogger(__name__)


class Batches(Protocol):
    """Where frames come from."""

    @property
    def waiting(self) -> bool:
        """Whether a batch can be had at once."""

    def __iter__(self) -> Iterator[list[Frame]]:
        """Batches of frames; ends when nothing will come any more. An empty one gives the caller a breath."""


def infer(
    batches: Batches, slots: Sequence[Slot], drop: Callable[[Frame, EngineError], None]
) -> Iterator[tuple[list[Frame], Outputs]]:
    """Yields each batch with its raw outputs, in order.

    While frames are waiting, one slot computes as the caller handles the other's outputs. When none is waiting,
    what is running is finished at once, so an engine faster than the cameras adds no latency. Outputs are the
    slot's own buffers: they are valid until the caller asks for the next ones.

    Args:
        batches: The frames.
        slots: One or two slots of one engine.
        drop: Called with a frame that could not be computed, alone either.
    """
    free = deque(slots)
    running: deque[tuple[list[Frame], Slot]] = deque()
    for frames in batches:
        if frames:
            slot = free.popleft()
            slot.submit([frame.picture for frame in frames])
            running.append((frames, slot))
        while running and not (free and batches.waiting):
            frames, slot = running.popleft()
            yield from _finish(frames, slot, drop)
            free.append(slot)


def _finish(
    frames: list[Frame], slot: Slot, drop: Callable[[Frame, EngineError], None]
) -> Iterator[tuple[list[Frame], Outputs]]:
    """The outputs of what the slot computes; a batch that fails is tried once more, frame by frame."""
    try:
        yield frames, slot.wait()
    except EngineError as error:
        logger.warning("a batch of %d failed, trying its frames one by one: %s", len(frames), error)
    else:
        return
    for frame in frames:
        try:
            slot.submit([frame.picture])
            outputs = slot.wait()
        except EngineError as error:
            drop(frame, error)
        else:
            yield [frame], outputs
