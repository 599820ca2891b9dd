"""The table that turns a byte into the model's number; the CPU and the CUDA kernel use the same one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec


def normalisation_table(spec: InputSpec) -> NDArray[np.float32]:
    """``(byte * scale - mean) / std`` for every byte, shape (3, 256), channels in the model's order.

    Computed in float64 and rounded once, so that every device holds the same bits.
    """
    mean, std = np.array(spec.mean)[:, None], np.array(spec.std)[:, None]
    table: NDArray[np.float32] = ((np.arange(256.0) * spec.scale - mean) / std).astype(np.float32)
    return table
