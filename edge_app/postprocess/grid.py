"""The grids of YOLO's cells, and which of them an output of that many rows has."""

from __future__ import annotations

STRIDES = (8, 16, 32)
LARGE_STRIDES = (*STRIDES, 64)  # of the P6 models
POWERS = (2, 4, 8, 16, 32, 64, 128)  # strides that grids may have [px]
ANCHORS = 3  # per cell, unless somebody chose others:
OTHER_ANCHORS = (2, 4, 5, 6)


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


def are_cells(count: int | None, input_wh: tuple[int, int]) -> bool:
    """Whether `count` may be the cells of all grids of a network: its last grid has a stride of 32 or more.

    Three anchors more a cell have the count of grids twice as fine, which no such network has.
    """
    return count is None or ((strides := strides_of(count, input_wh)) is not None and strides[-1] >= STRIDES[-1])


def are_anchors(count: int, input_wh: tuple[int, int]) -> bool:
    """Whether `count` may be anchors: three a cell of any grids, or another number a cell of the usual ones."""
    usual = cells(input_wh), cells(input_wh, LARGE_STRIDES)
    three = count % ANCHORS == 0 and strides_of(count // ANCHORS, input_wh) is not None
    return three or any(count == anchors * each for anchors in OTHER_ANCHORS for each in usual)
