"""The table that turns a byte into the model's number; the CPU and the CUDA kernel share it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec

DTYPES = ("float32", "float16", "uint8")


def normalisation_table(spec: InputSpec) -> NDArray[np.float32]:
    """``(byte * scale - mean) / std`` for every byte, shape (3, 256), channels in the model's order.

    Computed in float64 and rounded once, so that every device holds the same bits.
    """
    mean, std = np.array(spec.mean)[:, None], np.array(spec.std)[:, None]
    table: NDArray[np.float32] = ((np.arange(256.0) * spec.scale - mean) / std).astype(np.float32)
    return table


def is_plain(spec: InputSpec) -> bool:
    """Whether the model's number is the byte."""
    return bool((normalisation_table(spec) == np.arange(256)).all())


def output_table(spec: InputSpec, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The table in the dtype of the model's input, shape (3, 256).

    Raises:
        ValueError: The dtype is not one of `DTYPES`, or it is uint8 and the preprocessing changes bytes.
    """
    if dtype.name not in DTYPES:
        raise ValueError(f"the model takes {dtype}; want {', '.join(DTYPES)}")
    if dtype == np.uint8 and not is_plain(spec):
        raise ValueError("the model takes bytes: scale must be 1, mean 0 and std 1")
    return normalisation_table(spec).astype(dtype)
