"""ONNX Runtime's CUDA provider behind the slots: a session and a stream for each slot, buffers bound once.

Its own CUDA graphs belong to the thread that made them, so that each batch would have to be handed to it; ours do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnxruntime

from edge_app.core.errors import DataError, EngineError, first_line
from edge_app.cuda import Device, Stream, owned
from edge_app.engine.gpu.executor import GpuExecutor, LoadExecutors
from edge_app.engine.ort.cuda_session import (
    HALF_OPTIONS,
    OPTIONS,
    in_half_floats,
    open_cuda_session,
    output_specs,
    run_options,
)
from edge_app.model import ModelSignature, TensorSpec

# Of a run that does not wait ONNX Runtime keeps what it has copied from the host, until the next one that does.
KEPT = 100
# By `engine.slots`: two keep the GPU busy, while a third gets its next batch.
SLOTS = MappingProxyType({1: 1, 2: 3})
OpenSession = Callable[[Path | bytes, int, Stream, Mapping[str, str]], tuple[Any, bool]]


def cuda_executors(
    signature: ModelSignature,
    *,
    ordinal: int,
    max_batch: int,
    slots: int,
    half: bool = False,
    open_session: OpenSession = open_cuda_session,
) -> LoadExecutors:
    """What makes a session for each slot.

    Args:
        signature: The model, its picture's size known.
        ordinal: Number of the GPU.
        max_batch: Pictures in a batch where it may vary.
        slots: How many.
        half: Whether it computes in FP16; inputs, outputs and the decoding of boxes stay as they are.
        open_session: Opens a session that computes on the stream with the provider's options, and tells whether all of
            it does.

    Returns:
        A function that raises DataError if the model cannot run, DeviceError if the provider cannot.
    """

    def load(device: Device, stack: ExitStack) -> Sequence[CudaExecutor]:
        if not signature.fixed_outputs:
            raise DataError("the sizes of its outputs depend on the picture; on a GPU they must be known beforehand")
        if len(signature.picture.shape) == 3:
            raise DataError(f"its input {signature.picture} has no batch axis, which a GPU's engine wants")
        streams = [owned(stack, device.stream()) for _ in range(slots)]
        source = in_half_floats(signature.path) if half else signature.path
        options = HALF_OPTIONS if half else OPTIONS
        sessions = [open_session(source, ordinal, stream, options) for stream in streams]
        most = signature.batch or max_batch
        inputs = tuple(TensorSpec(t.name, (most, *_sides(signature, t)), t.dtype) for t in signature.inputs)
        outputs = output_specs(sessions[0][0], inputs, streams[0])
        return [
            owned(
                stack,
                CudaExecutor(inputs, outputs, signature.batch, most, device, stream, recordable, session, ordinal),
            )
            for (session, recordable), stream in zip(sessions, streams, strict=True)
        ]

    return load


@dataclass(eq=False)
class CudaExecutor(GpuExecutor):
    """An executor of ONNX Runtime's.

    Attributes:
        session: One that no other slot uses, opened with the stream.
        ordinal: Number of the GPU.
        enqueues, waits: How it is run: no longer than it takes to enqueue, or until the GPU has finished.
        bindings: By size of batch, the addresses of inputs and outputs.
        kept: Runs since one that waited.
    """

    session: Any
    ordinal: int
    enqueues: onnxruntime.RunOptions = field(init=False, default_factory=partial(run_options, waits=False))
    waits: onnxruntime.RunOptions = field(init=False, default_factory=partial(run_options, waits=True))
    bindings: dict[int, Any] = field(init=False, default_factory=dict)
    kept: int = field(init=False, default=0)

    def _execute(self, batch: int) -> None:
        if batch not in self.bindings:
            self.bindings[batch] = self._bound(batch)
        # Before there is a graph of this size, the run may be the one that is recorded, and a wait cannot be.
        waits = self.kept + 1 >= KEPT and batch in self.graphs
        self.kept = 0 if waits else self.kept + 1
        try:
            self.session.run_with_iobinding(self.bindings[batch], self.waits if waits else self.enqueues)
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            failure = EngineError(first_line(error))
        else:
            return
        raise failure  # not from the error, whose traceback would hold the session longer than its stream lives

    def _bound(self, batch: int) -> Any:
        """The addresses of inputs and outputs for one size of batch."""
        binding = self.session.io_binding()
        for bind, tensors in ((binding.bind_input, self.inputs), (binding.bind_output, self.outputs)):
            for tensor in tensors:
                shape, address = (batch, *tensor.shape[1:]), self.addresses[tensor.name]
                bind(tensor.name, "cuda", self.ordinal, np.dtype(tensor.dtype), shape, address)
        return binding

    def _let_go(self) -> None:
        self.bindings.clear()
        with suppress(DataError):
            # With something kept, or being released, a session's end aborts the process.
            output_specs(self.session, self.inputs, self.stream)
        self.session = None


def _sides(signature: ModelSignature, tensor: TensorSpec) -> tuple[int | None, ...]:
    """All dimensions but the batch; the picture's size may be the card's or the metadata's."""
    if tensor != signature.picture or signature.input_wh is None:
        return tensor.shape[1:]
    width, height = signature.input_wh
    return (height, width, 3) if tensor.channels_last else (3, height, width)
