"""A session of ONNX Runtime's on the CPU, in the form in which a model runs."""

from __future__ import annotations

import os
from collections.abc import Container, Sequence
from pathlib import Path

import onnxruntime
from onnx import ModelProto

from edge_app.core.errors import DataError, EdgeAppError, first_line
from edge_app.engine.ort.qdq_to_qlinear import qdq_to_qlinear
from edge_app.engine.ort.source import advice, session_source
from edge_app.model import TensorSpec, load_onnx

# It quantizes the weights that an INT8 file leaves in floats, to other numbers than the file's.
DISABLED_OPTIMIZERS = ("WeightBiasQuantization",)
# What pictures may be fed as: NumPy's names by ONNX Runtime's.
PICTURES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}


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
    (session,) = open_sessions(path, (threads,), quantized=quantized, as_written=as_written)
    return session


def open_sessions(
    path: Path, threads: Sequence[int], *, quantized: bool, as_written: bool = False
) -> list[onnxruntime.InferenceSession]:
    """A session for each of these numbers of threads, of a file that is read once; see `open_session`."""
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # failures are raised, and reported once
    # A spinning idle thread would take the core that decodes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.disable_quant_qdq", str(int(as_written)))
    sessions = []
    try:
        model = _converted(load_onnx(path), options) if quantized else session_source(path, options)
        for count in threads:
            options.intra_op_num_threads = count or cores()
            sessions.append(
                onnxruntime.InferenceSession(
                    model, options, providers=["CPUExecutionProvider"], disabled_optimizers=DISABLED_OPTIMIZERS
                )
            )
    except EdgeAppError:
        raise
    except Exception as error:  # ONNX Runtime's errors have no base class of their own
        raise DataError(f"{path}: ONNX Runtime cannot load it ({first_line(error)}){advice(path)}") from error
    return sessions


def picture_input(session: onnxruntime.InferenceSession, constants: Container[str]) -> TensorSpec:
    """The one input that is no constant; raises DataError if its dtype is not one of `PICTURES`."""
    meta = next(meta for meta in session.get_inputs() if meta.name not in constants)
    if meta.type not in PICTURES:
        raise DataError(f"its input {meta.name} is {meta.type}; want float32, float16 or uint8")
    return TensorSpec(meta.name, tuple(meta.shape), PICTURES[meta.type])


def cores() -> int:
    """How many threads compute where nobody says how many."""
    return os.cpu_count() or 1


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
