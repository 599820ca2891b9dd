"""ONNX Runtime behind the slot protocol: one session and one worker thread, buffers bound once."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

from edge_app.core.errors import DataError, EdgeAppError, EngineError, first_line
from edge_app.core.frames import Letterbox, Picture
from edge_app.engine.ort.inputs import Inputs
from edge_app.engine.ort.qdq_to_qlinear import qdq_to_qlinear
from edge_app.engine.ort.source import advice, session_source
from edge_app.engine.slot import Outputs
from edge_app.model import InputSpec, load_onnx

# It quantizes the weights that an INT8 file leaves in floats, to other numbers than the file's.
DISABLED_OPTIMIZERS = ("WeightBiasQuantization",)


def open_session(
    path: Path, threads: int, *, quantized: bool = False, as_written: bool = False
) -> onnxruntime.InferenceSession:
    """A session on the CPU; raises DataError if the model cannot run, else what `load_onnx` raises.

    Args:
        path: The ONNX file.
        threads: Threads of one run; 0 for as many as there are cores.
        quantized: Whether it holds Q/DQ nodes: then what runs is what `qdq_to_qlinear` makes of it.
        as_written: Whether Q/DQ nodes are computed one by one, as the file says, whatever that costs.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # failures are raised, and reported once
    # A spinning idle thread would take the core that decodes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.disable_quant_qdq", str(int(as_written)))
    try:
        model = _converted(load_onnx(path), options) if quantized else session_source(path, options)
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=DISABLED_OPTIMIZERS
        )
    except EdgeAppError:
        raise
    except Exception as error:  # ONNX Runtime's errors have no base class of their own
        raise DataError(f"{path}: ONNX Runtime cannot load it ({first_line(error)}){advice(path)}") from error


def _converted(model: ModelProto, options: onnxruntime.SessionOptions) -> bytes:
    """What `qdq_to_qlinear` makes of the model; if nothing, the model itself, with sums that cannot saturate."""
    converted = qdq_to_qlinear(model)
    if converted is None and _has_zero_points(model):
        options.add_session_config_entry("session.x64quantprecision", "1")
    data: bytes = (converted or model).SerializeToString()
    return data


def _has_zero_points(model: ModelProto) -> bool:
    """Whether each quantizer gives its zero point; without one, ONNX Runtime 1.23 aborts the process at that option."""
    quantizers = (node for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear"))
    return all(node.input[2:] and node.input[2] for node in quantizers)


class OnnxRuntimeEngine:
    """The model on the CPU; leaving the block ends its worker."""

    name = "onnxruntime-cpu"
    concurrent_slots = False

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
        """Loads the model and computes one blank batch, so that a model which cannot run is refused here.

        Args:
            path: The ONNX file.
            spec: Its preprocessing.
            batch: Its fixed batch, to which smaller ones are padded, or None if it may vary.
            max_batch: Pictures in a batch where it may vary.
            slots: One or two.
            threads: Threads of one run; 0 for as many as there are cores.
            constants: What its inputs besides the picture are fed, by name: one picture's row, shape (1, …).
            fixed_outputs: Whether its outputs' shapes are the same whatever the pictures show.
            quantized: Whether it holds Q/DQ nodes.

        Raises:
            DataError: ONNX Runtime cannot load or run it, or the preprocessing does not fit its input.
        """
        self.max_batch = batch or max_batch
        session = open_session(path, threads, quantized=quantized)
        try:
            inputs = [Inputs(session, spec, self.max_batch, constants) for _ in range(slots)]
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self.slots = tuple(OnnxRuntimeSlot(session, self._worker, i, batch, fixed_outputs) for i in inputs)
        blank = Picture.from_bgr(np.zeros((spec.height, spec.width, 3), np.uint8))
        try:
            for slot in self.slots:
                slot.submit([blank])
                slot.wait()
        except EngineError as error:
            self._worker.shutdown()
            raise DataError(f"{path}: the model fails on a blank picture: {error}") from error

    def __enter__(self) -> OnnxRuntimeEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.shutdown(wait=False)


class OnnxRuntimeSlot:
    """One set of input buffers and the outputs of the batch that was computed from them."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        worker: ThreadPoolExecutor,
        inputs: Inputs,
        batch: int | None,
        fixed_outputs: bool,
    ) -> None:
        self._session = session
        self._worker = worker
        self._inputs = inputs
        self._batch = batch
        self._fixed_outputs = fixed_outputs
        self._bindings: dict[int, tuple[Any, tuple[NDArray[Any], ...]]] = {}
        self._letterboxes: tuple[Letterbox, ...] = ()
        self._preprocess_s = 0.0
        self._running: Future[tuple[tuple[NDArray[Any], ...], float]] | None = None

    def submit(self, pictures: Sequence[Picture]) -> None:
        """Letterboxes the pictures into the input here, and lets the worker compute."""
        if self._running is not None:
            raise RuntimeError("submitted twice without waiting")
        if not 0 < len(pictures) <= self._inputs.capacity:
            raise ValueError(f"want 1 to {self._inputs.capacity} pictures, got {len(pictures)}")
        began = time.perf_counter()
        try:
            self._letterboxes = self._inputs.fill(pictures)
        except (MemoryError, cv2.error) as error:
            self._running = Future()
            self._running.set_exception(error)
            return
        self._preprocess_s = time.perf_counter() - began
        self._running = self._worker.submit(self._compute, self._batch or len(pictures))

    def wait(self) -> Outputs:
        """The outputs; of a fixed batch those of the padding too."""
        if self._running is None:
            raise RuntimeError("waited without submitting")
        try:
            arrays, seconds = self._running.result()
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise EngineError(first_line(error) or "there is not enough memory") from error
        finally:
            self._running = None
        return Outputs(arrays=arrays, letterboxes=self._letterboxes, preprocess_s=self._preprocess_s, infer_s=seconds)

    def _compute(self, batch: int) -> tuple[tuple[NDArray[Any], ...], float]:
        """Runs in the worker."""
        began = time.perf_counter()
        if self._fixed_outputs:
            if batch not in self._bindings:
                self._bindings[batch] = self._bind(batch)
            binding, outputs = self._bindings[batch]
            self._session.run_with_iobinding(binding)
        else:
            outputs = tuple(self._session.run(None, self._inputs.feed(batch)))
        return outputs, time.perf_counter() - began

    def _bind(self, batch: int) -> tuple[Any, tuple[NDArray[Any], ...]]:
        """Fixes the addresses of inputs and outputs for one size of batch; the outputs' shapes are found by a run."""
        feed = self._inputs.feed(batch)
        outputs = tuple(np.array(a) for a in self._session.run(None, feed))
        binding = self._session.io_binding()
        for name, source in feed.items():
            binding.bind_input(name, "cpu", 0, source.dtype, source.shape, source.ctypes.data)
        for meta, array in zip(self._session.get_outputs(), outputs, strict=True):
            binding.bind_output(meta.name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        return binding, outputs
