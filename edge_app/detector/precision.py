"""Whether `precision: auto` may be INT8 or is the backend's float precision, for `run` and `build` alike.

Four places decide on a precision: the card, by the files that it has (model/files.py); the backend, by its
`float_precision` (detector/backends/); this module, which chooses between that and INT8; and on a CPU the measurement,
which takes INT8 only if it is faster (detector/start.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from edge_app.core.errors import ConfigError, DataError, EdgeAppError, InputError
from edge_app.detector.backend import Backend
from edge_app.detector.qualification import Int8Qualification
from edge_app.model import Model, Precision


class Variant(Protocol):
    """A model that was read in one precision."""

    @property
    def qualification(self) -> Int8Qualification | None:
        """That its INT8 agrees with FP32; None if it is floating-point."""


V = TypeVar("V", bound=Variant)


@dataclass(frozen=True, slots=True)
class PrecisionChoice(Generic[V]):
    """What `auto` came to.

    Attributes:
        chosen: What is taken.
        int8: The model in INT8, to be taken instead if it proves faster on this machine.
        refusal: Why INT8, which the model has, is not taken.
    """

    chosen: V
    int8: V | None = None
    refusal: EdgeAppError | None = None


def candidates(model: Model, backend: Backend) -> tuple[Precision, ...]:
    """What `auto` may be, best first: INT8 if the model has it and the backend gains by it; the float precision."""
    floats = backend.float_precision(model)
    if floats == "int8" or "int8" not in model.card.files or backend.int8_gain == "none":
        return (floats,)
    return "int8", floats


def choose_precision(model: Model, backend: Backend, read: Callable[[Precision], V], forced: str) -> PrecisionChoice[V]:
    """The model in the precision that `auto` is.

    Args:
        model: The model.
        backend: What computes it.
        read: Reads it in one precision.
        forced: How to force INT8, in words that end the refusal of an INT8 that is not good enough for `auto`.

    Raises:
        EdgeAppError: What `read` raises of the precision that remains.
    """
    best, *others = candidates(model, backend)
    if not others:
        return PrecisionChoice(read(best))
    try:
        int8 = read(best)
        if (qualification := int8.qualification) and (reason := qualification.reason):
            raise ConfigError(f"{qualification.path}: {reason}; {forced}")
    except (ConfigError, DataError, InputError) as refusal:
        return PrecisionChoice(read(others[0]), refusal=refusal)
    return PrecisionChoice(int8) if backend.int8_gain == "certain" else PrecisionChoice(read(others[0]), int8)
