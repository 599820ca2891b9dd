"""What every engine is: a few slots that take pictures and give raw outputs, asynchronously."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from edge_app.core.frames import Letterbox, Picture
from edge_app.model import Thresholds
from edge_app.postprocess import RawOutputs, SelectedCells


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Outputs:
    """The raw outputs of one batch.

    Attributes:
        arrays: The model's outputs in its order and layout, valid until the slot's next `submit`, or the one after
            that if the engine's slots are concurrent: its own buffers.
            A fixed batch that was not full has rows for its padding too, after those of the pictures.
        letterboxes: Where each picture lies in the model's input.
        preprocess_s: Time to fill the input, of the whole batch [s].
        infer_s: Time from the engine's start on this batch to its end [s].
        selected: The cells that the thresholds leave that the engine was told, in place of `arrays`, which mean nothing
            then; None if these are the answer.
        overflowed: Whether they are it because the cells were too many.
    """

    arrays: tuple[NDArray[Any], ...]
    letterboxes: tuple[Letterbox, ...]
    preprocess_s: float
    infer_s: float
    selected: SelectedCells | None = None
    overflowed: bool = False

    @property
    def answer(self) -> RawOutputs | SelectedCells:
        """What the model says of the batch."""
        return self.arrays if self.selected is None else self.selected


class Slot(Protocol):
    """One set of buffers; at most one batch is in it at a time."""

    def submit(self, pictures: Sequence[Picture]) -> None:
        """Starts a batch of 1 to `EngineConfig.max_batch` pictures; does not wait for the result."""

    def wait(self) -> Outputs:
        """Blocks for the result of the last `submit`.

        Raises:
            EngineError: The batch could not be computed; the slot is empty again and may be reused.
        """


class Engine(Protocol):
    """A model that is loaded and warm; leaving its block ends it."""

    def __enter__(self) -> Engine: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def name(self) -> str:
        """What computes: the wire's `model.engine`."""

    @property
    def max_batch(self) -> int:
        """Pictures that one batch may hold."""

    @property
    def concurrent_slots(self) -> bool:
        """Whether its slots compute at the same time, not in turn."""

    def select(self, thresholds: Thresholds | None) -> None:
        """From now on its outputs may be the `selected` cells that these leave; None: they are whole, as at first.

        Called between batches. An engine that computes on the host leaves them whole.
        """

    @property
    def slots(self) -> Sequence[Slot]:
        """Its slots, in the order in which they are used first."""


@runtime_checkable
class Recomputing(Protocol):
    """An engine whose network can be measured by itself."""

    def compute_again(self) -> int:
        """Starts a full batch of what is in its buffers, as early as it can; returns how many pictures that is."""
