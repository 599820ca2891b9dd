"""The grids of YOLO's cells, and which of them an output of that many rows has."""

from __future__ import annotations

STRIDES = (8, 16, 32)
POWERS = (2, 4, 8, 16, 32, 64, 128)  # strides that grids may have [px]


def cells(input_wh: tuple[int, int], strides: tuple[int, ...] = STRIDES) -> int:
    """How many cells all grids of an input of that size [px] have."""
    width, height = input_wh
    return sum((width // stride) * (height // stride) for stride in strides)


def strides_of(count: int, input_wh: tuple[int, int]) -> tuple[int, ...] | None:
    """The strides of two or more grids, each twice the one before, that have `count` cells in all, or None.

    No two such sets have the same count: each grid has at least four times the cells of the next, so all that follow it
    have fewer together than it has alone.
    """
    fine = [stride for stride in POWERS if stride <= min(input_wh)]
    for first in range(len(fine)):
        for last in range(first + 2, len(fine) + 1):
            strides = tuple(fine[first:last])
            if cells(input_wh, strides) == count:
                return strides
    return None
