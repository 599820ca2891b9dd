"""Keeps the engine busy: one batch computes while another is prepared and the one before is postprocessed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from edge_app.core.errors import EngineError
from edge_app.core.frames import Frame
from edge_app.engine.slot import Outputs, Slot

logger = logging.getLogger(__name__)


class Batches(Protocol):
    """Where frames come from."""

    @property
    def waiting(self) -> bool:
        """Whether a batch is available at once."""

    def __iter__(self) -> Iterator[list[Frame]]:
        """Batches of frames; ends when nothing more will come. At an empty one, what is running is finished."""


def infer(
    batches: Batches, slots: Sequence[Slot], drop: Callable[[Frame, EngineError], None], *, concurrent: bool = False
) -> Iterator[tuple[list[Frame], Outputs]]:
    """Yields each batch with its raw outputs, in order.

    While frames are waiting, a slot computes as the caller handles another's outputs. When none is waiting,
    what is running is finished at once, so an engine faster than the cameras adds no latency. Outputs are the
    slot's own buffers: they are valid until the caller asks for the next ones.

    Args:
        batches: The frames.
        slots: Those of one engine.
        drop: Called with a frame that could not be computed even by itself.
        concurrent: Whether slots compute at the same time. Then all do as the caller handles outputs: while another
            one computes, a slot gets its next batch before the outputs of its last are handled.
    """
    free = deque(slots)
    running: deque[tuple[list[Frame], Slot]] = deque()
    told = False

    def start(frames: list[Frame]) -> None:
        if frames:
            slot = free.popleft()
            slot.submit([frame.picture for frame in frames])
            running.append((frames, slot))

    source = iter(batches)
    for batch in source:
        start(batch)
        while running and not (batch and free and batches.waiting):
            frames, slot = running.popleft()
            try:
                outputs = slot.wait()
            except EngineError as error:
                level, told = logging.DEBUG if told else logging.WARNING, True  # an engine may fail for hours
                logger.log(level, "a batch of %d failed, trying its frames one by one: %s", len(frames), error)
                yield from _one_by_one(frames, slot, drop)
                free.append(slot)
                continue
            free.append(slot)
            if concurrent and running and batches.waiting:
                start(batch := next(source, []))
            yield frames, outputs
            del frames  # before the next ones are converted


def _one_by_one(
    frames: list[Frame], slot: Slot, drop: Callable[[Frame, EngineError], None]
) -> Iterator[tuple[list[Frame], Outputs]]:
    """The outputs of each frame alone."""
    for frame in frames:
        try:
            slot.submit([frame.picture])
            outputs = slot.wait()
        except EngineError as error:
            drop(frame, error)
        else:
            yield [frame], outputs
