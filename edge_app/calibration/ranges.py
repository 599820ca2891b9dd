"""From what a tensor held to the range that INT8 spans: a histogram of magnitudes, and four ways to cut it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge_app.model.report import Method

BINS = 2048
LEVELS = 128  # of magnitude that INT8 tells apart
STEP = 8  # bins from one candidate to the next
PERCENTILE = 99.99
LEAST = 1e-6  # the range of a tensor that is always zero

Counts = NDArray[np.int64]


class ActivationHistogram:
    """Counts of the magnitudes of everything that it was shown.

    Its range doubles when something greater comes, so that one pass over the data does.

    Attributes:
        counts: int64, shape (2048,).
        top: Where the last bin ends; 0 before there was anything but zero.
    """

    def __init__(self, counts: Counts | None = None, top: float = 0.0) -> None:
        self.counts = np.zeros(BINS, np.int64) if counts is None else counts
        self.top = top

    def add(self, values: NDArray[np.float32]) -> None:
        """Counts every finite value."""
        magnitudes = np.abs(values).ravel()
        greatest = float(magnitudes.max(initial=0.0))
        if not np.isfinite(greatest):
            magnitudes = magnitudes[np.isfinite(magnitudes)]
            greatest = float(magnitudes.max(initial=0.0))
        if greatest == 0.0 and self.top == 0.0:
            return
        self.top = self.top or max(greatest, LEAST)
        while greatest > self.top:
            self.counts = np.concatenate([self.counts.reshape(-1, 2).sum(axis=1), np.zeros(BINS // 2, np.int64)])
            self.top *= 2
        bins = np.minimum(magnitudes * np.float32(BINS / self.top), BINS - 1).astype(np.int32)
        self.counts += np.bincount(bins, minlength=BINS)

    def range(self, method: Method) -> float:
        """The greatest magnitude that is to be told apart; what is above it is cut to it."""
        if not self.counts.any():
            return LEAST
        return max(METHODS[method](self.counts) * self.top / BINS, LEAST)


def _all(counts: Counts) -> int:
    """Everything."""
    return int(np.flatnonzero(counts)[-1]) + 1


def _percentile(counts: Counts) -> int:
    """All but the greatest 0.01 %."""
    return int(np.searchsorted(np.cumsum(counts), counts.sum() * PERCENTILE / 100)) + 1


def _candidates(counts: Counts) -> range:
    return range(LEVELS, _all(counts) + STEP, STEP)


def _mse(counts: Counts) -> int:
    """The least mean squared error of what is rounded and what is cut."""
    centres, weights = np.arange(BINS) + 0.5, counts.astype(np.float64)

    def error(end: int) -> float:
        scale = end / (LEVELS - 1)
        rounded = np.minimum(np.rint(centres / scale), LEVELS - 1) * scale
        return float(weights @ (centres - rounded) ** 2)

    return min(_candidates(counts), key=error, default=_all(counts))


def _entropy(counts: Counts) -> int:
    """The least Kullback-Leibler divergence between what was and what 128 levels can say of it.

    Source: S. Migacz, "8-bit Inference with TensorRT", GTC 2017. The first bin, full of ReLU's zeros, counts like its
    neighbour.
    """
    weights = counts.astype(np.float64)
    weights[0] = weights[1]

    def divergence(end: int) -> float:
        true = weights[:end].copy()
        starts = np.minimum(np.arange(LEVELS) * (end // LEVELS), end)
        sums = np.add.reduceat(true, starts)
        filled = np.add.reduceat(true > 0, starts, dtype=np.int64)
        widths = np.diff(starts, append=end)
        said = np.repeat(sums / np.maximum(filled, 1), widths) * (true > 0)
        true[-1] += weights[end:].sum()
        some = true > 0
        p, q = true[some] / true.sum(), said[some] / max(said.sum(), 1e-12)
        return float((p * np.log(p / np.maximum(q, 1e-12))).sum())

    return min(_candidates(counts), key=divergence, default=_all(counts))


METHODS: dict[Method, Callable[[Counts], int]] = {
    "mse": _mse,
    "entropy": _entropy,
    "percentile": _percentile,
    "max": _all,
}
