"""ONNX Runtime's CUDA provider behind the slots: a session, a stream and a CUDA graph a slot, buffers bound once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from edge_app.cuda import Device, Stream, owned
from edge_app.engine.network import LoadNetworks
from edge_app.errors import DataError, DeviceError, EngineError
from edge_app.model import Graph, Tensor

logger = logging.getLogger(__name__)

PROVIDER = "CUDAExecutionProvider"
NO_GRAPH = "-1"  # ONNX Runtime's number for a run that neither captures nor replays

OpenSession = Callable[[Path, int, Stream], Any]


def open_cuda_session(path: Path, ordinal: int, stream: Stream) -> Any:
    """A session on a GPU that computes on our stream and replays graphs, where its model can be captured.

    Args:
        path: The ONNX file.
        ordinal: Number of the GPU.
        stream: Where it computes.

    Raises:
        DeviceError: This ONNX Runtime has no CUDA provider, or cannot load it.
        DataError: The model cannot run on it.
    """
    if PROVIDER not in onnxruntime.get_available_providers():
        raise DeviceError("this ONNX Runtime has no CUDA provider: pip install onnxruntime-gpu in its place")
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # CUDA's libraries may be wheels
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what fails is raised, and said once
    provider = {"device_id": str(ordinal), "user_compute_stream": str(stream.handle), "use_tf32": "0"}
    try:
        session = _open(path, options, provider | {"enable_cuda_graph": "1"})
    except Exception as captured:  # ONNX Runtime's errors have no base class of their own
        try:
            session = _open(path, options, provider)
        except Exception as error:
            raise DataError(f"{path}: ONNX Runtime cannot load it ({_first_line(error)})") from error
        logger.warning("%s runs without a CUDA graph, more slowly: %s", path, _first_line(captured))
    if session.get_providers()[0] != PROVIDER:
        raise DeviceError("ONNX Runtime cannot load its CUDA provider: are CUDA and cuDNN of its versions installed?")
    return session


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
            raise DataError(f"{graph.path}: its outputs' sizes hang on the picture; on a GPU they must be known before")
        streams = [owned(stack, device.stream()) for _ in range(slots)]
        sessions = [open_session(graph.path, ordinal, stream) for stream in streams]
        most = graph.batch or max_batch
        inputs = tuple(Tensor(t.name, (most, *_sides(graph, t)), t.dtype) for t in graph.inputs)
        outputs = probe(sessions[0], inputs)
        return [
            CudaNetwork(session, inputs, outputs, graph.batch, most, stream, ordinal)
            for session, stream in zip(sessions, streams, strict=True)
        ]

    return load


class CudaNetwork:
    """See `Network`."""

    def __init__(
        self,
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
        self._ordinal = ordinal
        self._addresses: dict[str, int] = {}
        self._runs: dict[int, tuple[Any, onnxruntime.RunOptions]] = {}

    def bind(self, addresses: Mapping[str, int]) -> None:
        self._addresses = dict(addresses)

    def enqueue(self, batch: int) -> None:
        if batch not in self._runs:
            self._runs[batch] = self._bound(batch), run_options(str(batch))
        try:
            self._session.run_with_iobinding(*self._runs[batch])
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise EngineError(_first_line(error)) from error

    def _bound(self, batch: int) -> Any:
        """The addresses of inputs and outputs for one size of batch, which has a graph of its own."""
        binding = self._session.io_binding()
        for bind, tensors in ((binding.bind_input, self.inputs), (binding.bind_output, self.outputs)):
            for tensor in tensors:
                shape, address = (batch, *tensor.shape[1:]), self._addresses[tensor.name]
                bind(tensor.name, "cuda", self._ordinal, np.dtype(tensor.dtype), shape, address)
        return binding


def probe(session: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The outputs of a full batch, found by a run on zeros; raises DataError where it fails, or they are not rows."""
    try:
        feed = {tensor.name: np.zeros([int(side or 0) for side in tensor.shape], tensor.dtype) for tensor in inputs}
        arrays = session.run(None, feed, run_options(NO_GRAPH, waits=True))
    except Exception as error:  # ONNX Runtime's errors have no base class of their own
        raise DataError(f"the model fails on a blank picture: {_first_line(error)}") from error
    outputs = [
        Tensor(meta.name, array.shape, array.dtype.name)
        for meta, array in zip(session.get_outputs(), arrays, strict=True)
    ]
    for output in outputs:
        if not output.shape or output.shape[0] != inputs[0].shape[0]:
            raise DataError(f"its output {output} is not a row a picture; export it without NMS inside")
    return tuple(outputs)


def run_options(graph: str, *, waits: bool = False) -> onnxruntime.RunOptions:
    """How to run the graph of that number."""
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("gpu_graph_id", graph)
    options.add_run_config_entry("disable_synchronize_execution_providers", "0" if waits else "1")
    return options


def _open(path: Path, options: onnxruntime.SessionOptions, provider: dict[str, str]) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), options, providers=[(PROVIDER, provider)])


def _sides(graph: Graph, tensor: Tensor) -> tuple[int | None, ...]:
    """All dimensions but the batch; the picture's size may be the card's or the metadata's."""
    if tensor != graph.picture or graph.input_wh is None:
        return tensor.shape[1:]
    width, height = graph.input_wh
    return (height, width, 3) if tensor.channels_last else (3, height, width)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
