"""Which input of a session takes pictures."""

from __future__ import annotations

from collections.abc import Container

import onnxruntime

from edge_app.core.errors import DataError
from edge_app.model import TensorSpec

DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}


def picture_of(session: onnxruntime.InferenceSession, constants: Container[str]) -> TensorSpec:
    """The one input that is no constant; raises DataError if its dtype is not one of these."""
    meta = next(meta for meta in session.get_inputs() if meta.name not in constants)
    if meta.type not in DTYPES:
        raise DataError(f"its input {meta.name} is {meta.type}; want float32, float16 or uint8")
    return TensorSpec(meta.name, tuple(meta.shape), DTYPES[meta.type])
