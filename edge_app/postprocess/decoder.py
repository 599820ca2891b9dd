"""What every detector family is to the program, and the steps that families share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edge_app.model import MOST_CLASSES, InputSpec

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes above the threshold, before suppression.

    Attributes:
        xyxy: Corners [model px], float32, shape (n, 4).
        score: Confidence, float32, shape (n,).
        class_id: Best class, int32, shape (n,).
        broken: Rows that held NaN, Inf or a class that the model does not have, and were left out.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]
    broken: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class BatchCandidates:
    """The candidates of several pictures of a batch.

    Attributes:
        candidates: All of them, picture after picture.
        picture: Of which picture each is, 0 for the first, shape (n,).
        broken: Rows of each picture that were left out.
    """

    candidates: Candidates
    picture: NDArray[np.intp]
    broken: Sequence[int]


@runtime_checkable
class DecoderOfMany(Protocol):
    """A decoder that takes many pictures together, in little more time than one."""

    def candidates_of(self, arrays: Arrays, rows: range, confidence: float) -> BatchCandidates:
        """The boxes of pictures `rows` of the batch."""


def finder(decoder: Decoder) -> Callable[[Arrays, range, float], BatchCandidates]:
    """Any decoder's `candidates_of`."""
    return decoder.candidates_of if isinstance(decoder, DecoderOfMany) else partial(_one_by_one, decoder)


def _one_by_one(decoder: Decoder, arrays: Arrays, rows: range, confidence: float) -> BatchCandidates:
    each = [decoder.candidates(arrays, row, confidence) for row in rows]
    together = Candidates(
        np.concatenate([found.xyxy for found in each]),
        np.concatenate([found.score for found in each]),
        np.concatenate([found.class_id for found in each]),
    )
    picture = np.repeat(np.arange(len(each)), [len(found.score) for found in each])
    return BatchCandidates(together, picture, [found.broken for found in each])


class Decoder(Protocol):
    """One family's layout, bound to one model."""

    @property
    def family(self) -> str:
        """Its name, as `decoder:` writes it."""

    @property
    def classes(self) -> int | None:
        """How many classes the model tells apart, or None where its outputs do not show it."""

    @property
    def from_one(self) -> bool:
        """Whether it numbers classes from 1, and 0 is the background's."""

    @property
    def preprocessing(self) -> InputSpec:
        """The family's official preprocessing, for a model without a card."""

    @property
    def constants(self) -> Mapping[str, NDArray[Any]]:
        """What the inputs besides the picture are fed, by name: one picture's row, shape (1, …)."""

    @property
    def suppressed(self) -> bool:
        """Whether the model itself sees to it that an object has one box."""

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The boxes of picture `row` of the batch whose score is at least `confidence`."""


def centre_to_corners(cxcywh: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes of shape (n, 4) from centre and size to corners."""
    return corners(cxcywh[:, :2], cxcywh[:, 2:])


def corners(centre: NDArray[np.float32], size: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes of shape (n, 4) from centre and size, both (n, 2)."""
    half = size / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def likeliest(rows: NDArray[Any], confidence: float) -> NDArray[np.intp]:
    """Of rows (n, 5 + classes), those whose objectness, column 4, alone does not rule them out: nearly none."""
    # Not `>=`: a NaN must come along to be counted.
    return np.flatnonzero(~(rows[:, 4] < confidence))


def best_class(scores: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The greatest of each row of (n, classes), or its NaN, and in which column it is."""
    class_id = scores.argmax(axis=1)
    return scores[np.arange(len(scores)), class_id], class_id


def sound(xyxy: NDArray[Any], score: NDArray[Any], class_id: NDArray[Any], classes: int | None = None) -> Candidates:
    """The rows without NaN, Inf and impossible classes, and how many had one.

    Args:
        xyxy: Corners [model px], shape (n, 4).
        score: Confidence, shape (n,).
        class_id: Class, shape (n,), of any dtype.
        classes: How many classes the model has, or None where that is not known.
    """
    whole = is_sound(xyxy, score, class_id, classes)
    return Candidates(
        xyxy[whole].astype(np.float32, copy=False),
        score[whole].astype(np.float32, copy=False),
        class_id[whole].astype(np.int32),
        len(whole) - int(np.count_nonzero(whole)),
    )


def is_sound(xyxy: NDArray[Any], score: NDArray[Any], class_id: NDArray[Any], classes: int | None) -> NDArray[np.bool_]:
    """Which rows are without, of the same arguments."""
    known = (class_id >= 0) & (class_id < (classes or MOST_CLASSES))
    whole: NDArray[np.bool_] = np.isfinite(xyxy).all(axis=1) & np.isfinite(score) & known
    return whole


def listed(
    xyxy: NDArray[Any], score: NDArray[Any], class_id: NDArray[Any], confidence: float, classes: int | None
) -> Candidates:
    """The rows of at least `confidence`, of a model that lists its detections; rows of score 0 fill its list up."""
    near = np.flatnonzero(~(score < confidence) & (score != 0))
    return sound(xyxy[near], score[near], class_id[near], classes)


def first(count: NDArray[Any], most: int) -> int:
    """How many of `most` rows an output that counts them calls valid: none where it is NaN."""
    number = float(count.reshape(-1)[0])
    return 0 if math.isnan(number) else int(min(max(number, 0), most))
