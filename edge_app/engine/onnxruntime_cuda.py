"""ONNX Runtime's CUDA provider behind the slots: a session, a stream and a CUDA graph a slot, buffers bound once.

ONNX Runtime keeps graphs and library handles by thread, so a worker thread makes every call that starts work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from edge_app.cuda import Device, Stream, owned
from edge_app.engine.cuda_session import first_line, in_half_floats, open_cuda_session, probe, run_options
from edge_app.engine.network import LoadNetworks
from edge_app.errors import DataError, EngineError
from edge_app.model import Graph, Tensor

OpenSession = Callable[[Path | bytes, int, Stream], Any]


def cuda_networks(
    graph: Graph,
    *,
    ordinal: int,
    max_batch: int,
    slots: int,
    half: bool = False,
    open_session: OpenSession = open_cuda_session,
) -> LoadNetworks:
    """What makes a session for each slot.

    Args:
        graph: The model, its picture's size known.
        ordinal: Number of the GPU.
        max_batch: Pictures in a batch where it may vary.
        slots: One or two.
        half: Whether it computes in FP16; inputs, outputs and the decoding of boxes stay as they are.
        open_session: Opens a session that computes on the stream.

    Returns:
        A function that raises DataError where the model cannot run, DeviceError where the provider cannot.
    """

    def load(device: Device, stack: ExitStack) -> Sequence[CudaNetwork]:
        if not graph.fixed_outputs:
            raise DataError("its outputs' sizes hang on the picture; on a GPU they must be known before")
        streams = [owned(stack, device.stream()) for _ in range(slots)]
        source = in_half_floats(graph.path) if half else graph.path
        sessions = [open_session(source, ordinal, stream) for stream in streams]
        most = graph.batch or max_batch
        inputs = tuple(Tensor(t.name, (most, *_sides(graph, t)), t.dtype) for t in graph.inputs)
        worker = ThreadPoolExecutor(1, thread_name_prefix="engine")
        stack.callback(worker.shutdown)
        outputs = worker.submit(probe, sessions[0], inputs).result()
        return [
            owned(stack, CudaNetwork(session, worker, inputs, outputs, graph.batch, most, stream, ordinal))
            for session, stream in zip(sessions, streams, strict=True)
        ]

    return load


class CudaNetwork:
    """See `Network`."""

    def __init__(
        self,
        session: Any,
        worker: ThreadPoolExecutor,
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        batch: int | None,
        max_batch: int,
        stream: Stream,
        ordinal: int,
    ) -> None:
        """Takes a session that no other slot uses, the stream that it was opened with, and the thread that runs it."""
        self.inputs = inputs
        self.outputs = outputs
        self.batch = batch
        self.max_batch = max_batch
        self.stream = stream
        self._session = session
        self._worker = worker
        self._ordinal = ordinal
        self._addresses: dict[str, int] = {}
        self._runs: dict[int, tuple[Any, onnxruntime.RunOptions]] = {}

    def bind(self, addresses: Mapping[str, int]) -> None:
        self._addresses = dict(addresses)

    def enqueue(self, batch: int) -> None:
        if batch not in self._runs:
            self._runs[batch] = self._bound(batch), run_options(str(batch))
        try:
            self._worker.submit(self._session.run_with_iobinding, *self._runs[batch]).result()
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise EngineError(first_line(error)) from error

    def _bound(self, batch: int) -> Any:
        """The addresses of inputs and outputs for one size of batch, which has a graph of its own."""
        binding = self._session.io_binding()
        for bind, tensors in ((binding.bind_input, self.inputs), (binding.bind_output, self.outputs)):
            for tensor in tensors:
                shape, address = (batch, *tensor.shape[1:]), self._addresses[tensor.name]
                bind(tensor.name, "cuda", self._ordinal, np.dtype(tensor.dtype), shape, address)
        return binding

    def free(self) -> None:
        """Ends the session, while its stream is still there."""
        self._runs.clear()
        self._session = None


def _sides(graph: Graph, tensor: Tensor) -> tuple[int | None, ...]:
    """All dimensions but the batch; the picture's size may be the card's or the metadata's."""
    if tensor != graph.picture or graph.input_wh is None:
        return tensor.shape[1:]
    width, height = graph.input_wh
    return (height, width, 3) if tensor.channels_last else (3, height, width)
