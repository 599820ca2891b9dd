"""One slot on the CPU: its buffers, bound once, and into which runs a batch is divided."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from edge_app.core.errors import EngineError, first_line
from edge_app.core.frames import Letterbox, Picture
from edge_app.engine.inputs import Inputs
from edge_app.engine.ort.inference_threads import InferenceThreads, Work
from edge_app.engine.slot import Outputs
from edge_app.postprocess import RawOutputs


class OnnxRuntimeSlot:
    """One set of input buffers and the outputs of the batch that was computed from them."""

    def __init__(self, inference: InferenceThreads, inputs: Inputs, batch: int | None, fixed_outputs: bool) -> None:
        """Computes with `inference` what is in `inputs`; see `OnnxRuntimeEngine` for the others."""
        self._inference = inference
        self._inputs = inputs
        self._batch = batch
        self._binds = fixed_outputs
        self._outputs: RawOutputs = ()  # a row for each picture, once their shapes are known
        self._bindings: dict[tuple[InferenceSession, int, int], Any] = {}
        self._letterboxes: tuple[Letterbox, ...] = ()
        self._preprocess_s = 0.0
        self._rows = 0
        self._unbound: RawOutputs | None = None  # outputs that are not rows of our own
        self._running: Work | None = None

    @property
    def splits(self) -> bool:
        """Whether the pictures of a batch can be computed one by one; known after the first batch."""
        return bool(self._outputs) and self._batch in (None, 1)

    def split(self) -> None:
        """From now on pictures are computed one by one, with one thread or with all."""
        self._batch = 1

    def submit(self, pictures: Sequence[Picture]) -> None:
        """Letterboxes the pictures into the input here, and lets the threads compute."""
        if self._running is not None:
            raise RuntimeError("submitted twice without waiting")
        if not 0 < len(pictures) <= self._inputs.capacity:
            raise ValueError(f"want 1 to {self._inputs.capacity} pictures, got {len(pictures)}")
        began = time.perf_counter()
        try:
            self._letterboxes = self._inputs.fill(pictures)
        except (MemoryError, cv2.error) as error:
            self._running = Work.failed(error)
            return
        self._preprocess_s = time.perf_counter() - began
        self._unbound = None
        self._running = self._start(len(pictures))

    def _start(self, count: int) -> Work:
        if not self.splits:
            self._rows = self._batch or count
            whole = partial(self._compute, 0, self._rows)
            busy = self._inference.are_busy_with(1)
            return self._inference.compute_alone([whole]) if busy else self._inference.compute_together([whole])
        self._rows = count
        each = [partial(self._compute, row, row + 1) for row in range(count)]
        if self._inference.are_busy_with(count):
            return self._inference.compute_alone(each)
        if self._batch is not None:
            return self._inference.compute_together(each)
        return self._inference.compute_together([partial(self._compute, 0, count)], width=count)

    def wait(self) -> Outputs:
        """The outputs; of a fixed batch those of the padding too."""
        if self._running is None:
            raise RuntimeError("waited without submitting")
        try:
            seconds = self._running.wait()
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise EngineError(first_line(error) or "there is not enough memory") from error
        finally:
            self._running = None
        arrays = self._unbound or tuple(array[: self._rows] for array in self._outputs)
        return Outputs(arrays=arrays, letterboxes=self._letterboxes, preprocess_s=self._preprocess_s, infer_s=seconds)

    def _compute(self, start: int, stop: int, session: InferenceSession) -> None:
        """Runs in an inference thread: these rows."""
        key = session, start, stop
        if binding := self._bindings.get(key):
            session.run_with_iobinding(binding)
            return
        feed = self._inputs.feed(start, stop)
        answer = tuple(session.run(None, feed))
        if self._binds and self._keep(answer, start, stop):
            self._bindings[key] = self._bind(session, feed, start, stop)
        else:
            self._unbound = answer

    def _keep(self, answer: RawOutputs, start: int, stop: int) -> bool:
        """Copies the outputs of the first run of these rows to where all others will be; False if they are no rows."""
        rows = stop - start
        if not all(array.ndim and len(array) == rows for array in answer):
            return False
        if not self._outputs:
            self._outputs = tuple(np.empty((self._inputs.capacity, *a.shape[1:]), a.dtype) for a in answer)
        if [array.shape[1:] for array in answer] != [array.shape[1:] for array in self._outputs]:
            return False
        for target, array in zip(self._outputs, answer, strict=True):
            target[start:stop] = array
        return True

    def _bind(self, session: InferenceSession, feed: dict[str, NDArray[Any]], start: int, stop: int) -> Any:
        """Fixes the addresses of the inputs and outputs of these rows."""
        binding = session.io_binding()
        for name, source in feed.items():
            binding.bind_input(name, "cpu", 0, source.dtype, source.shape, source.ctypes.data)
        for meta, whole in zip(session.get_outputs(), self._outputs, strict=True):
            array = whole[start:stop]
            binding.bind_output(meta.name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        return binding
