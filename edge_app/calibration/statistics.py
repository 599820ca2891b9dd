"""What the tensors that are to be quantized hold, over all pictures: the model is run with them as outputs."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from edge_app.calibration.cache import CalibrationCache
from edge_app.calibration.checkpoint import key_of
from edge_app.calibration.ranges import ActivationHistogram
from edge_app.calibration.reference_model import ReferenceModel
from edge_app.calibration.subject import Subject

SAVE_EVERY_S = 5.0
Histograms = dict[str, ActivationHistogram]


def observe(
    model: onnx.ModelProto,
    tensors: Sequence[str],
    subject: Subject,
    album: CalibrationCache,
    folder: Path,
    progress: Callable[[int], None],
) -> Histograms:
    """Histograms of the tensors over all pictures of the album.

    What was counted is saved now and then; a later call with the same subject, tensors and pictures goes on from there.

    Args:
        model: The model, its nodes named.
        tensors: Names of inputs and of nodes' outputs.
        subject: How it is fed.
        album: The pictures.
        folder: For the saved state and the model with more outputs.
        progress: Is told how many pictures are done.
    """
    pictures = [item.sha256 for item in album.items]
    saved = _State(folder / "statistics.npz", key_of(subject.identity, tensors, pictures))
    histograms, done = saved.read(tensors)
    if done == len(album):
        return histograms
    path = folder / "observed.onnx"
    onnx.save(_showing(model, tensors), path)
    network = ReferenceModel(path, subject)
    inputs = {value.name for value in model.graph.input}
    made = [tensor for tensor in tensors if tensor not in inputs]
    saved_at = time.monotonic()
    for count, arrays in network.run((album[index] for index in range(done, len(album))), made):
        for tensor, values in zip(made, arrays, strict=True):
            histograms[tensor].add(values)
        for tensor in set(tensors) & inputs:
            histograms[tensor].add(network.fed(tensor))
        done += count
        progress(done)
        if time.monotonic() - saved_at > SAVE_EVERY_S:
            saved.write(histograms, done)
            saved_at = time.monotonic()
    saved.write(histograms, done)
    return histograms


def _showing(model: onnx.ModelProto, tensors: Sequence[str]) -> onnx.ModelProto:
    """A copy that has these tensors among its outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    known = {value.name for value in (*copy.graph.input, *copy.graph.output)}
    copy.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in tensors if name not in known)
    return copy


class _State:
    """What was counted so far, on the disk."""

    def __init__(self, path: Path, key: str) -> None:
        """State at `path` counts only if it has the same key."""
        self._path, self._key = path, key

    def read(self, tensors: Sequence[str]) -> tuple[Histograms, int]:
        """The histograms, and over how many pictures; empty ones where there is nothing to go on from."""
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
