"""ONNX Runtime's CUDA provider behind the slots: a session, a stream and a CUDA graph a slot, buffers bound once.

ONNX Runtime keeps graphs and library handles by thread, so a worker thread makes every call that starts work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from edge_app.cuda import Device, Stream, owned
from edge_app.engine.cuda_session import first_line, open_cuda_session, probe, run_options
from edge_app.engine.network import LoadNetworks, Network
from edge_app.errors import DataError, EngineError
from edge_app.model import Graph, Tensor

OpenSession = Callable[[Path, int, Stream], Any]


def cuda_networks(
    graph: Graph, *, ordinal: int, max_batch: int, slots: int, open_session: OpenSession = open_cuda_session
) -> LoadNetworks:
    """What makes a session for each slot.

    Args:
        graph: The model, its picture's size known.
        ordinal: Number of the GPU.
        max_batch: Pictures in a batch where it may vary.
        slots: One or two.
        open_session: Opens a session that computes on the stream.

    Returns:
        A function that raises DataError where the model cannot run, DeviceError where the provider cannot.
    """

    def load(device: Device, stack: ExitStack) -> Sequence[CudaNetwork]:
        if not graph.fixed_outputs:
            raise DataError("its outputs' sizes hang on the picture; on a GPU they must be known before")
        streams = [owned(stack, device.stream()) for _ in range(slots)]
        sessions = [open_session(graph.path, ordinal, stream) for stream in streams]
        most = graph.batch or max_batch
        inputs = tuple(Tensor(t.name, (most, *_sides(graph, t)), t.dtype) for t in graph.inputs)
        worker = ThreadPoolExecutor(1, thread_name_prefix="engine")
        stack.callback(worker.shutdown)
        outputs = worker.submit(probe, sessions[0], inputs).result()
        return [
            owned(stack, CudaNetwork(inputs, outputs, graph.batch, most, stream, session, worker, ordinal))
            for session, stream in zip(sessions, streams, strict=True)
        ]

    return load


@dataclass(eq=False)
class CudaNetwork(Network):
    """A network of ONNX Runtime's.

    Attributes:
        session: One that no other slot uses, opened with the stream.
        worker: The thread that runs it.
        ordinal: Number of the GPU.
        runs: By size of batch, what a run is told.
    """

    session: Any
    worker: ThreadPoolExecutor
    ordinal: int
    runs: dict[int, tuple[Any, onnxruntime.RunOptions]] = field(init=False, default_factory=dict)

    def enqueue(self, batch: int) -> None:
        if batch not in self.runs:
            self.runs[batch] = self._bound(batch), run_options(str(batch))
        try:
            self.worker.submit(self.session.run_with_iobinding, *self.runs[batch]).result()
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise EngineError(first_line(error)) from error

    def _bound(self, batch: int) -> Any:
        """The addresses of inputs and outputs for one size of batch, which has a graph of its own."""
        binding = self.session.io_binding()
        for bind, tensors in ((binding.bind_input, self.inputs), (binding.bind_output, self.outputs)):
            for tensor in tensors:
                shape, address = (batch, *tensor.shape[1:]), self.addresses[tensor.name]
                bind(tensor.name, "cuda", self.ordinal, np.dtype(tensor.dtype), shape, address)
        return binding

    def free(self) -> None:
        self.runs.clear()
        self.session = None


def _sides(graph: Graph, tensor: Tensor) -> tuple[int | None, ...]:
    """All dimensions but the batch; the picture's size may be the card's or the metadata's."""
    if tensor != graph.picture or graph.input_wh is None:
        return tensor.shape[1:]
    width, height = graph.input_wh
    return (height, width, 3) if tensor.channels_last else (3, height, width)
