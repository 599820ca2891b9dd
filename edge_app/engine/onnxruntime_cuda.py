"""ONNX Runtime's CUDA provider behind the slots: a session and a stream a slot, buffers bound once.

Its own CUDA graphs belong to the thread that made them, and handing each batch to that thread cost 0.3 ms; ours do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from edge_app.cuda import Device, Stream, owned
from edge_app.engine.cuda_session import first_line, in_half_floats, open_cuda_session, probe, run_options
from edge_app.engine.network import LoadNetworks
from edge_app.engine.recorded import Recorded
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
        outputs = probe(sessions[0], inputs)
        return [
            owned(stack, CudaNetwork(device, session, inputs, outputs, graph.batch, most, stream, ordinal))
            for session, stream in zip(sessions, streams, strict=True)
        ]

    return load


class CudaNetwork:
    """See `Network`."""

    def __init__(
        self,
        device: Device,
        session: Any,
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        batch: int | None,
        max_batch: int,
        stream: Stream,
        ordinal: int,
    ) -> None:
        """Takes a session that no other slot uses, and the stream that it was opened with."""
        self.inputs = inputs
        self.outputs = outputs
        self.batch = batch
        self.max_batch = max_batch
        self.stream = stream
        self._session = session
        self._options = run_options(waits=False)
        self._ordinal = ordinal
        self._addresses: dict[str, int] = {}
        self._bindings: dict[int, Any] = {}
        self._recorded = Recorded(device, stream, self._execute)

    def bind(self, addresses: Mapping[str, int]) -> None:
        self._addresses = dict(addresses)

    def enqueue(self, batch: int) -> None:
        self._recorded.enqueue(batch)

    def _execute(self, batch: int) -> None:
        if batch not in self._bindings:
            self._bindings[batch] = self._bound(batch)
        try:
            self._session.run_with_iobinding(self._bindings[batch], self._options)
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            failure = EngineError(first_line(error))
        else:
            return
        raise failure  # not from the error, whose traceback would hold the session longer than its stream lives

    def _bound(self, batch: int) -> Any:
        """The addresses of inputs and outputs for one size of batch."""
        binding = self._session.io_binding()
        for bind, tensors in ((binding.bind_input, self.inputs), (binding.bind_output, self.outputs)):
            for tensor in tensors:
                shape, address = (batch, *tensor.shape[1:]), self._addresses[tensor.name]
                bind(tensor.name, "cuda", self._ordinal, np.dtype(tensor.dtype), shape, address)
        return binding

    def free(self) -> None:
        """Gives the graphs back and ends the session, while its stream is still there."""
        self._recorded.free()
        self._bindings.clear()
        self._session = None


def _sides(graph: Graph, tensor: Tensor) -> tuple[int | None, ...]:
    """All dimensions but the batch; the picture's size may be the card's or the metadata's."""
    if tensor != graph.picture or graph.input_wh is None:
        return tensor.shape[1:]
    width, height = graph.input_wh
    return (height, width, 3) if tensor.channels_last else (3, height, width)
