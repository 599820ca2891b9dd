"""A session of ONNX Runtime's CUDA provider on a stream of ours, and how it is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnxruntime

from edge_app.core.errors import DataError, DeviceError, first_line
from edge_app.cuda import Stream
from edge_app.engine.ort.source import session_source
from edge_app.model import TensorSpec, load_onnx, read_onnx
from edge_app.onnx_graph.fp16 import cast, is_half

PROVIDER = "CUDAExecutionProvider"
# Trying every algorithm took four times as long to load and found slower ones for FP16.
OPTIONS = MappingProxyType({"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"})
# Channels last is how tensor cores read half floats; of floats it makes convolutions slower.
HALF_OPTIONS = MappingProxyType({**OPTIONS, "prefer_nhwc": "1"})


def open_cuda_session(
    source: Path | bytes, ordinal: int, stream: Stream, options: Mapping[str, str]
) -> tuple[Any, bool]:
    """A session on a GPU that computes on our stream, and whether all of it does: shapes may be computed on the CPU.

    Args:
        source: The ONNX file, or what would be in it.
        ordinal: Number of the GPU.
        stream: Where it computes.
        options: The provider's, beside these two.

    Raises:
        DeviceError: This ONNX Runtime has no CUDA provider, or cannot load it.
        DataError: The model cannot run on it.
    """
    if PROVIDER not in onnxruntime.get_available_providers():
        raise DeviceError("this ONNX Runtime has no CUDA provider: pip install onnxruntime-gpu in its place")
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # CUDA's libraries may be wheels
    session_options = onnxruntime.SessionOptions()
    session_options.log_severity_level = 4  # failures are raised, and reported once
    session_options.enable_mem_pattern = False  # it allocates anew in the second run of a size
    onnxruntime.set_default_logger_severity(4)  # cuDNN reports each plan that it rejects
    provider = {"device_id": str(ordinal), "user_compute_stream": str(stream.handle), **options}
    model = source if isinstance(source, bytes) else session_source(source, session_options)
    for all_of_it in (True, False):
        session_options.add_session_config_entry("session.disable_cpu_ep_fallback", str(int(all_of_it)))
        session_options.intra_op_num_threads = int(all_of_it)  # 0: one per core, for what the CPU computes
        try:
            session = onnxruntime.InferenceSession(model, session_options, providers=[(PROVIDER, provider)])
            break
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            failure = DataError(f"ONNX Runtime cannot load it ({first_line(error)})")
    else:
        raise failure
    if session.get_providers()[0] != PROVIDER:
        raise DeviceError("ONNX Runtime cannot load its CUDA provider: are CUDA and cuDNN of its versions installed?")
    return session, all_of_it


def output_specs(session: Any, inputs: tuple[TensorSpec, ...], stream: Stream) -> tuple[TensorSpec, ...]:
    """The outputs of a full batch, found by a run on zeros, after which the session may be destroyed.

    Args:
        session: Its shapes are known.
        inputs: Of a full batch.
        stream: Where the session computes; is waited for.

    Raises:
        DataError: The run fails, or the outputs are not rows.
    """
    try:
        feed = {tensor.name: np.zeros([int(side or 0) for side in tensor.shape], tensor.dtype) for tensor in inputs}
        arrays = session.run(None, feed, run_options(waits=True))
    except Exception as error:  # ONNX Runtime's errors have no base class of their own
        failure = DataError(f"the model fails on a blank picture: {first_line(error)}")
    else:
        # A run that waits then has the GPU release what was copied from the host, which must not outlive the session.
        stream.synchronize()
        return _checked(session, arrays, inputs)
    raise failure  # not from the error, whose traceback would hold the session longer than its stream lives


def _checked(session: Any, arrays: list[Any], inputs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    outputs = [
        TensorSpec(meta.name, array.shape, array.dtype.name)
        for meta, array in zip(session.get_outputs(), arrays, strict=True)
    ]
    for output in outputs:
        if not output.shape or output.shape[0] != inputs[0].shape[0]:
            raise DataError(f"its output {output} is not one row per picture; export it without NMS inside")
    return tuple(outputs)


def run_options(*, waits: bool) -> onnxruntime.RunOptions:
    """How to run: until the GPU has finished, or no longer than it takes to enqueue."""
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("disable_synchronize_execution_providers", "0" if waits else "1")
    return options


def in_half_floats(path: Path) -> Path | bytes:
    """The model in FP16, as TensorRT gets it: the file, if it is; raises DataError if it cannot be cast."""
    if is_half(read_onnx(path)):
        return path
    try:
        model: bytes = cast(load_onnx(path)).SerializeToString()
    except ValueError as error:
        raise DataError(f"it cannot be cast to FP16: {error}") from error
    return model
