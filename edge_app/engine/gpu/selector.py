"""Cells that may be detections, selected on the GPU after the network and thinned: only those come to the host."""

from __future__ import annotations

import math
from contextlib import ExitStack
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.cuda import Device, Staging, Stream, owned
from edge_app.model import TensorSpec, Thresholds
from edge_app.postprocess.selection import CellLayout, SelectedCells

ROOM = 1024  # cells of a picture, beyond which its whole batch comes down; a crowd has some hundred
BLOCK = (256, 1, 1)  # threads
NOTHING = (math.inf, 1.0)  # thresholds that leave none
ENTRIES = {"float32": "select_4_bytes", "float16": "select_2_bytes"}

# The structs of select.cu and thin.cu as NumPy lays them out.
CELL = np.dtype(
    [
        ("cell", "<i4"),
        ("class_id", "<i4"),
        ("objectness", "<f4"),
        ("best", "<f4"),
        ("box", "<f4", 4),
        ("fate", "<i4"),
    ],
    align=True,
)
DROPPED = 2  # a cell's fate
LIST = np.dtype([("count", "<i4"), ("unused", "<i4", 8), ("cells", CELL, ROOM)], align=True)
WORDS = CELL.itemsize // 4  # of a cell, and of what is before a list's first one
ANSWER = np.dtype(
    [
        ("numbers", "<u8"),
        ("lists", "<u8"),
        ("confidence", "<u8"),
        ("picture_stride", "<i8"),
        ("strides", "<i4", 2),
        ("cells", "<i4"),
        ("classes", "<i4"),
        ("objectness", "<i4"),
        ("room", "<i4"),
    ],
    align=True,
)
THINNING = np.dtype([("lists", "<u8"), ("iou", "<u8"), ("grid", "<u8"), ("room", "<i4")], align=True)


class CellSelector:
    """Selects the cells of one output as `postprocess.selection.select` does, bit for bit, without those that must go.

    Attributes:
        thresholds: What leaves them, from the next `upload` on; None: nobody wants them selected.
    """

    def __init__(self, device: Device, layout: CellLayout, output: TensorSpec, address: int, capacity: int) -> None:
        """Makes room for so many pictures' lists; raises DeviceMemoryError.

        Args:
            device: The GPU, current.
            layout: Where the output has what.
            output: Its shape and dtype, one of ENTRIES.
            address: Where it is on the GPU.
            capacity: Pictures in a batch at most.
        """
        self.thresholds: Thresholds | None = None
        self._device = device
        self._uploaded: tuple[float, float] | None = None
        with ExitStack() as stack:
            self._select = owned(stack, device.kernel(ptx("select"), ENTRIES[output.dtype]))
            self._thin = [owned(stack, device.kernel(ptx("thin"), name)) for name in ("mark_sure", "drop_others")]
            self._limits = owned(stack, Staging(device, 8))
            self._grid = None if layout.grid is None else owned(stack, staged(device, layout.grid))
            self._address = owned(stack, device.memory(capacity * LIST.itemsize)).address
            pinned = owned(stack, device.pinned(capacity * LIST.itemsize))
            self._resources = stack.pop_all()
        self._lists = pinned.array.view(LIST)
        # The same as numbers of four bytes: NumPy joins, sorts and picks those in a tenth of the time of structs.
        words = pinned.array.view(np.int32).reshape(capacity, -1)
        self._counts, self._rows = words[:, 0], words[:, WORDS:].reshape(capacity, ROOM, WORDS)
        self._argument = answer(layout, output, address, self._address, self._limits.address)
        self._cells = int(self._argument["cells"])
        self._thinning = thinning(self._address, self._limits.address + 4, self._grid)

    def upload(self, stream: Stream) -> None:
        """Enqueues the copy of the thresholds if the GPU has others; nothing selects meanwhile."""
        wanted = NOTHING if self.thresholds is None else (self.thresholds.confidence, self.thresholds.nms_iou)
        if wanted == self._uploaded:
            return
        if self._grid is not None and self._uploaded is None:
            self._grid.upload(0, self._grid.nbytes, stream)
        self._limits.host[:8] = np.array(wanted, np.float32).view(np.uint8)
        self._limits.upload(0, 8, stream)
        self._uploaded = wanted

    def enqueue(self, batch: int, stream: Stream) -> None:
        """Enqueues the selection from so many pictures, behind the network; it may be recorded."""
        self._device.clear(self._address, batch * LIST.itemsize, stream)
        blocks = -(-self._cells // BLOCK[0])
        self._select.launch((blocks, batch, 1), BLOCK, self._argument, stream)
        for kernel in self._thin:
            kernel.launch((ROOM // BLOCK[0], batch, 1), BLOCK, self._thinning, stream)

    def download(self, batch: int, stream: Stream) -> None:
        """Enqueues the copy of so many pictures' lists to the host."""
        self._device.download(self._lists[:batch], self._address, stream)

    def found(self, pictures: int) -> SelectedCells | None:
        """A copy of what came down of so many pictures; None if one has more cells than there is room for."""
        counts = self._counts[:pictures].tolist()
        if max(counts) > ROOM:
            return None
        rows = np.concatenate([row[:count] for row, count in zip(self._rows, counts, strict=False)])
        (left,) = (rows[:, -1] != DROPPED).nonzero()
        rows, picture = rows.take(left, 0), np.repeat(np.arange(pictures), counts).take(left)
        order = np.argsort(picture * self._cells + rows[:, 0])  # threads find them in no order
        cells = rows.take(order, 0).view(CELL)[:, 0]
        return SelectedCells(
            picture=picture,
            cell=cells["cell"].astype(np.intp),
            box=cells["box"],
            objectness=cells["objectness"],
            best=cells["best"],
            class_id=cells["class_id"].astype(np.intp),
        )

    def free(self) -> None:
        """Gives everything back; nothing may be in flight."""
        self._resources.close()


def can_select(layout: CellLayout, output: TensorSpec) -> bool:
    """Whether the kernel reads such an output, one row for each picture."""
    numbers = output.shape[1 if layout.columns else 2] if len(output.shape) == 3 else None
    return output.dtype in ENTRIES and numbers == layout.first_class + layout.classes


def answer(layout: CellLayout, output: TensorSpec, address: int, lists: int, confidence: int) -> np.void:
    """The kernel's one argument: where everything is on the GPU, and how the output is laid out."""
    _, rows, columns = (int(side or 0) for side in output.shape)
    argument: NDArray[Any] = np.zeros(1, ANSWER)
    argument["numbers"], argument["lists"], argument["confidence"] = address, lists, confidence
    argument["picture_stride"] = rows * columns
    argument["strides"] = (1, columns) if layout.columns else (columns, 1)
    argument["cells"] = columns if layout.columns else rows
    argument["classes"], argument["objectness"], argument["room"] = layout.classes, layout.objectness, ROOM
    batch: np.void = argument[0]
    return batch


def staged(device: Device, array: NDArray[np.float32]) -> Staging:
    """A pair of buffers, of which the host's has the array."""
    staging = Staging(device, array.nbytes)
    staging.host[:] = array.reshape(-1).view(np.uint8)
    return staging


def thinning(lists: int, iou: int, grid: Staging | None) -> np.void:
    """The one argument of the kernels that thin lists."""
    argument: NDArray[Any] = np.zeros(1, THINNING)
    argument["lists"], argument["iou"], argument["room"] = lists, iou, ROOM
    argument["grid"] = 0 if grid is None else grid.address
    batch: np.void = argument[0]
    return batch


def ptx(name: str) -> bytes:
    """The code of kernels."""
    return resources.files("edge_app.engine.gpu").joinpath(f"{name}.ptx").read_bytes()
