"""A session of ONNX Runtime's CUDA provider on a stream of ours, and how it is run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from edge_app.cuda import Stream
from edge_app.errors import DataError, DeviceError
from edge_app.model import Tensor

logger = logging.getLogger(__name__)

PROVIDER = "CUDAExecutionProvider"
NO_GRAPH = "-1"  # ONNX Runtime's number for a run that neither captures nor replays


def open_cuda_session(source: Path | bytes, ordinal: int, stream: Stream) -> Any:
    """A session on a GPU that computes on our stream and replays graphs, where its model can be captured.

    Args:
        source: The ONNX file, or what would be in it.
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
        session = _open(source, options, provider | {"enable_cuda_graph": "1"})
    except Exception as captured:  # ONNX Runtime's errors have no base class of their own
        try:
            session = _open(source, options, provider)
        except Exception as error:
            raise DataError(f"ONNX Runtime cannot load it ({first_line(error)})") from error
        logger.warning("the model runs without a CUDA graph, more slowly: %s", first_line(captured))
    if session.get_providers()[0] != PROVIDER:
        raise DeviceError("ONNX Runtime cannot load its CUDA provider: are CUDA and cuDNN of its versions installed?")
    return session


def probe(session: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The outputs of a full batch, found by a run on zeros; raises DataError where it fails, or they are not rows."""
    try:
        feed = {tensor.name: np.zeros([int(side or 0) for side in tensor.shape], tensor.dtype) for tensor in inputs}
        arrays = session.run(None, feed, run_options(NO_GRAPH, waits=True))
    except Exception as error:  # ONNX Runtime's errors have no base class of their own
        raise DataError(f"the model fails on a blank picture: {first_line(error)}") from error
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


def in_half_floats(path: Path) -> bytes:
    """The model in FP16, as TensorRT gets it; raises DataError where it cannot be cast."""
    from edge_app.plans.fp16 import cast

    try:
        model: bytes = cast(onnx.load(path)).SerializeToString()
    except ValueError as error:
        raise DataError(f"it cannot be cast to FP16: {error}") from error
    return model


def _open(
    source: Path | bytes, options: onnxruntime.SessionOptions, provider: dict[str, str]
) -> onnxruntime.InferenceSession:
    model = source if isinstance(source, bytes) else str(source)
    return onnxruntime.InferenceSession(model, options, providers=[(PROVIDER, provider)])


def first_line(error: Exception) -> str:
    """What ONNX Runtime says of an error, without its stack."""
    return str(error).strip().split("\n")[0]
