"""What every detector family is to the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes above the threshold, before suppression.

    Attributes:
        xyxy: Corners [model px], float32, shape (n, 4).
        score: Confidence, float32, shape (n,).
        class_id: Best class, int32, shape (n,).
        broken: Rows that held NaN or Inf and were left out.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]
    broken: int = 0


class Decoder(Protocol):
    """One family's layout, bound to one model."""

    @property
    def family(self) -> str:
        """Its name, as `decoder:` writes it."""

    @property
    def classes(self) -> int:
        """How many classes the model tells apart."""

    @property
    def preprocessing(self) -> InputSpec:
        """The family's official preprocessing, for a model without a card."""

    def candidates(self, arrays: tuple[NDArray[Any], ...], row: int, confidence: float) -> Candidates:
        """The boxes of picture `row` of the batch whose score is at least `confidence`."""


def centre_to_corners(cxcywh: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes of shape (n, 4) from centre and size to corners."""
    centre, half = cxcywh[:, :2], cxcywh[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)
