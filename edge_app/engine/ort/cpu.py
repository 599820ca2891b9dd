"""ONNX Runtime on the CPU behind the slot protocol: two sessions of one model, and the threads that run them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.core.errors import DataError, EngineError
from edge_app.core.frames import Picture
from edge_app.engine.inputs import Inputs
from edge_app.engine.ort.inference_threads import InferenceThreads
from edge_app.engine.ort.session import cores, open_sessions, picture_input
from edge_app.engine.ort.slot import OnnxRuntimeSlot
from edge_app.model import InputSpec, Thresholds

logger = logging.getLogger(__name__)


class OnnxRuntimeEngine:
    """The model on the CPU; leaving the block ends its threads.

    Attributes:
        max_batch: Pictures in a batch at most; of a model that takes one at a time, one for each thread.
        slots: One or two.
    """

    name = "onnxruntime-cpu"
    concurrent_slots = False  # their outputs are valid until their next batch

    def __init__(
        self,
        path: Path,
        spec: InputSpec,
        *,
        batch: int | None,
        max_batch: int,
        slots: int,
        threads: int,
        constants: Mapping[str, NDArray[Any]] = MappingProxyType({}),
        fixed_outputs: bool = True,
        quantized: bool = False,
    ) -> None:
        """Loads the model and computes blank batches, so that a model which cannot run is refused here.

        Args:
            path: The ONNX file.
            spec: Its preprocessing.
            batch: Its fixed batch, to which smaller ones are padded, or None if it may vary.
            max_batch: Pictures in a batch where the model does not fix that.
            slots: One or two.
            threads: Threads that compute; 0 for as many as there are cores.
            constants: What its inputs besides the picture are fed, by name: one picture's row, shape (1, …).
            fixed_outputs: Whether its outputs' shapes are the same whatever the pictures show.
            quantized: Whether it holds Q/DQ nodes.

        Raises:
            DataError: ONNX Runtime cannot load or run it, or the preprocessing does not fit its input.
        """
        self._inference = inference = open_threads(path, threads, quantized=quantized)
        most = min(max_batch, inference.count) if batch == 1 else batch or max_batch
        try:
            picture = picture_input(inference.together, constants)
            inputs = [Inputs(picture, spec, most, constants) for _ in range(slots)]
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        self.slots = tuple(OnnxRuntimeSlot(inference, each, batch, fixed_outputs) for each in inputs)
        try:
            self._warm_up(spec)
        except EngineError as error:
            inference.stop()
            raise DataError(f"{path}: the model fails on a blank picture: {error}") from error
        splits = self.slots[0].splits
        self.max_batch = most if splits else batch or most
        if splits and batch is None and not self._takes_batches(spec, most):
            logger.info("%s: it computes one picture at a time, though its file says that a batch may vary", path)
            for slot in self.slots:
                slot.split()

    def _warm_up(self, spec: InputSpec) -> None:
        """Each slot computes a blank picture."""
        for slot in self.slots:
            slot.submit([blank(spec)])
            slot.wait()

    def _takes_batches(self, spec: InputSpec, most: int) -> bool:
        """Whether as many pictures as may be computed in one run can be: fewer than threads."""
        if (count := min(most, self._inference.count - 1)) < 2:
            return True
        slot = self.slots[0]
        try:
            slot.submit([blank(spec)] * count)
            return all(len(array) == count for array in slot.wait().arrays)
        except EngineError:
            return False

    def select(self, thresholds: Thresholds | None) -> None:
        """Leaves outputs whole: they are on the host, where reading them costs less than the copy of a selection."""

    def __enter__(self) -> OnnxRuntimeEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inference.stop()


def open_threads(path: Path, threads: int, *, quantized: bool) -> InferenceThreads:
    """Threads that compute a model, by the arguments of `OnnxRuntimeEngine`; raises as `open_session`."""
    threads = threads or cores()
    sessions = open_sessions(path, (threads,) if threads == 1 else (threads, 1), quantized=quantized)
    return InferenceThreads(sessions[0], sessions[-1], threads)


def blank(spec: InputSpec) -> Picture:
    """A black picture of the model's own size."""
    return Picture.from_bgr(np.zeros((spec.height, spec.width, 3), np.uint8))
