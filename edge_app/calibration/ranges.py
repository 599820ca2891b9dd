"""Histograms of the magnitudes of tensors over all pictures, and four ways to choose the range of INT8 from one."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_app.calibration.cache import CalibrationCache
from edge_app.calibration.context import ReferenceModel
from edge_app.calibration.work_dir import key_of
from edge_app.detector import Detector
from edge_app.model.report import Method
from edge_app.onnx_graph import OnnxGraph

BINS = 2048
LEVELS = 128  # of magnitude that INT8 tells apart
STEP = 8  # bins from one candidate to the next
PERCENTILE = 99.99
LEAST = 1e-6  # the range of a tensor that is always zero

SAVE_EVERY_S = 5.0

Counts = NDArray[np.int64]


class ActivationHistogram:
    """Counts of the magnitudes of everything that was added.

    Its range doubles when something greater comes, so that one pass over the data is enough.

    Attributes:
        counts: int64, shape (2048,).
        top: Where the last bin ends; 0 until anything but zero was added.
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

Histograms = dict[str, ActivationHistogram]


def observe(
    graph: OnnxGraph,
    tensors: Sequence[str],
    detector: Detector,
    cache: CalibrationCache,
    work_dir: Path,
    progress: Callable[[int], None],
) -> Histograms:
    """Runs the model over all pictures of the cache; returns a histogram of each of the tensors.

    What was counted is saved now and then; a later call with the same detector, tensors and pictures resumes there.

    Args:
        graph: The model.
        tensors: Names of inputs and of nodes' outputs.
        detector: How it is fed.
        cache: The pictures.
        work_dir: For the saved state and the model with more outputs.
        progress: Is told how many pictures are done.
    """
    pictures = [item.sha256 for item in cache.items]
    saved = _SavedHistograms(work_dir / "statistics.npz", key_of(detector.identity, tensors, pictures))
    histograms, done = saved.read(tensors)
    if done == len(cache):
        return histograms
    path = work_dir / "observed.onnx"
    onnx.save(_with_outputs(graph, tensors), path)
    model = ReferenceModel(path, detector)
    inputs = set(graph.inputs)
    made = [tensor for tensor in tensors if tensor not in inputs]
    saved_at = time.monotonic()
    for count, arrays in model.run((cache[index] for index in range(done, len(cache))), made):
        for tensor, values in zip(made, arrays, strict=True):
            histograms[tensor].add(values)
        for tensor in set(tensors) & inputs:
            histograms[tensor].add(model.fed(tensor))
        done += count
        progress(done)
        if time.monotonic() - saved_at > SAVE_EVERY_S:
            saved.write(histograms, done)
            saved_at = time.monotonic()
    saved.write(histograms, done)
    return histograms


def _with_outputs(graph: OnnxGraph, tensors: Sequence[str]) -> onnx.ModelProto:
    """The model with these tensors among its outputs."""
    copy = graph.copy()
    for tensor in tensors:
        copy.add_output(tensor)
    return copy.to_model()


class _SavedHistograms:
    """The counts so far, on the disk."""

    def __init__(self, path: Path, key: str) -> None:
        """The file at `path` counts only if it has the same key."""
        self._path, self._key = path, key

    def read(self, tensors: Sequence[str]) -> tuple[Histograms, int]:
        """The histograms, and over how many pictures; empty ones if there is nothing to go on from."""
        try:
            with np.load(self._path) as saved:
                if str(saved["key"]) == self._key:
                    rows = zip(tensors, saved["counts"], saved["tops"], strict=True)
                    return {name: ActivationHistogram(counts, float(top)) for name, counts, top in rows}, int(
                        saved["done"]
                    )
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            pass
        return {name: ActivationHistogram() for name in tensors}, 0

    def write(self, histograms: Histograms, done: int) -> None:
        """Replaces it."""
        draft = self._path.with_suffix(".draft.npz")
        counts = np.stack([histogram.counts for histogram in histograms.values()])
        tops = np.array([histogram.top for histogram in histograms.values()])
        np.savez(draft, key=self._key, counts=counts, tops=tops, done=done)
        draft.replace(self._path)
