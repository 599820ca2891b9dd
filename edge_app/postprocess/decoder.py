"""What every detector family is to the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess.candidates import BatchCandidates
from edge_app.postprocess.judgement import Verdict

RawOutputs = tuple[NDArray[Any], ...]
"""A model's raw outputs, in the order of its signature; the first axis is the picture, unless a family differs."""


class OutputDecoder(Protocol):
    """One family's layout, bound to one model."""

    @property
    def family(self) -> str:
        """Its name, as `decoder:` in the configuration gives it."""

    @property
    def classes(self) -> int | None:
        """How many classes the model tells apart, or None if its outputs do not show it."""

    @property
    def from_one(self) -> bool:
        """Whether it numbers classes from 1, with 0 for the background."""

    @property
    def preprocessing(self) -> InputSpec:
        """The family's official preprocessing, for a model without a card."""

    @property
    def constants(self) -> Mapping[str, NDArray[Any]]:
        """What inputs other than the picture are fed, by name: one picture's row, shape (1, …)."""

    @property
    def needs_nms(self) -> bool:
        """Whether the model may find an object more than once, so that its boxes must be suppressed."""

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The boxes whose score is at least `confidence`, of pictures `rows` of the batch."""


@runtime_checkable
class Judging(Protocol):
    """A decoder whose layout has the shape of others': the numbers that a model answers tell whether it is this one."""

    @property
    def plausible(self) -> bool:
        """Whether this row count is plausible; ignored if the family is given."""

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Whether an answer to a picture, the first of its batch, can be of this layout."""


class DecoderFamily(Protocol):
    """A decoder's class, as `recognise.DECODERS` lists it."""

    @property
    def family(self) -> str:
        """Its name, as `decoder:` in the configuration gives it."""

    def recognise(self, signature: ModelSignature, wh: tuple[int, int]) -> OutputDecoder | None:
        """The decoder for a model with an input of that width and height [px], or None if it is of another family."""
