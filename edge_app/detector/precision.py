"""Whether `precision: auto` may be INT8 or is the backend's float precision, for every verb alike.

Four places decide on a precision: the card, by the files that it has (model/card.py); the backend, by its
`float_precision` (detector/backends/); this module, which chooses between that and INT8; and on a CPU the measurement,
which takes INT8 only if it is faster (detector/start.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_app.core.errors import ConfigError, DataError, EdgeAppError, InputError
from edge_app.detector.backend import Backend
from edge_app.detector.variant import Overrides, Variant, read_variant
from edge_app.model import Model, Precision


@dataclass(frozen=True, slots=True)
class PrecisionChoice:
    """The precision that is taken.

    Attributes:
        chosen: The model in it.
        int8: The model in INT8, to be taken instead if it proves faster on this machine.
        refusal: Why `auto` does not take the INT8 that the model has.
    """

    chosen: Variant
    int8: Variant | None = None
    refusal: EdgeAppError | None = None


def automatic_precisions(model: Model, backend: Backend) -> tuple[Precision, ...]:
    """What `auto` may be, best first: INT8 if the model has it and the backend gains by it; the float precision."""
    floats = backend.float_precision(model)
    if floats == "int8" or "int8" not in model.card.files or backend.int8_gain == "none":
        return (floats,)
    return "int8", floats


def choose_precision(
    found: Model, wanted: Precision | Literal["auto"], backend: Backend, overrides: Overrides, *, forced: str
) -> PrecisionChoice:
    """The model in the precision that is wanted, or that `auto` is.

    Args:
        found: The model.
        wanted: What the user says.
        backend: What computes it.
        overrides: What else the user says of it.
        forced: How to force INT8, in words that end the refusal of an INT8 that is not good enough for `auto`.

    Raises:
        EdgeAppError: What `read_variant` raises of the precision that is wanted, or of the one that remains.
    """
    best, *others = (wanted,) if wanted != "auto" else automatic_precisions(found, backend)
    if not others:
        return PrecisionChoice(read_variant(found, best, backend, overrides))
    try:
        int8 = read_variant(found, best, backend, overrides)
        if (qualification := int8.qualification) and (reason := qualification.reason):
            raise ConfigError(f"{qualification.path}: {reason}; {forced}")
    except (ConfigError, DataError, InputError) as refusal:
        return PrecisionChoice(read_variant(found, others[0], backend, overrides), refusal=refusal)
    if backend.int8_gain == "certain":
        return PrecisionChoice(int8)
    return PrecisionChoice(read_variant(found, others[0], backend, overrides), int8)
