"""The grids of YOLO's cells."""

from __future__ import annotations

STRIDES = (8, 16, 32)
LARGE_STRIDES = (*STRIDES, 64)  # of the P6 models


def cells(input_wh: tuple[int, int], strides: tuple[int, ...] = STRIDES) -> int:
    """How many cells all grids of an input of that size [px] have."""
    width, height = input_wh
    return sum((width // stride) * (height // stride) for stride in strides)
