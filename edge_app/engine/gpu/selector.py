"""Cells that may be detections, selected on the GPU after the network: only those come to the host."""

from __future__ import annotations

import math
from contextlib import ExitStack
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.cuda import Device, Staging, Stream, owned
from edge_app.model import TensorSpec
from edge_app.postprocess.selection import CellLayout, SelectedCells

ROOM = 1024  # cells of a picture, beyond which its whole batch comes down; a crowd has some hundred
BLOCK = (256, 1, 1)  # threads
ENTRIES = {"float32": "select_4_bytes", "float16": "select_2_bytes"}

# The structs of select.cu as NumPy lays them out.
CELL = np.dtype(
    [("cell", "<i4"), ("class_id", "<i4"), ("objectness", "<f4"), ("best", "<f4"), ("box", "<f4", 4)], align=True
)
LIST = np.dtype([("count", "<i4"), ("unused", "<i4", 7), ("cells", CELL, ROOM)], align=True)
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


class CellSelector:
    """Selects the cells of one output as `postprocess.selection.select` does, bit for bit.

    Attributes:
        confidence: What their score must reach, from the next `upload` on; None: nobody wants them selected.
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
        self.confidence: float | None = None
        self._device = device
        self._uploaded: float | None = None
        with ExitStack() as stack:
            self._kernel = owned(stack, device.kernel(ptx(), ENTRIES[output.dtype]))
            self._threshold = owned(stack, Staging(device, 4))
            self._address = owned(stack, device.memory(capacity * LIST.itemsize)).address
            pinned = owned(stack, device.pinned(capacity * LIST.itemsize))
            self._resources = stack.pop_all()
        self._lists = pinned.array.view(LIST)
        # The same as numbers of four bytes: NumPy joins, sorts and picks those in a tenth of the time of structs.
        words = pinned.array.view(np.int32).reshape(capacity, -1)
        self._counts, self._rows = words[:, 0], words[:, WORDS:].reshape(capacity, ROOM, WORDS)
        self._argument = answer(layout, output, address, self._address, self._threshold.address)

    def upload(self, stream: Stream) -> None:
        """Enqueues the copy of the threshold if the GPU has another; nothing selects meanwhile."""
        wanted = math.inf if self.confidence is None else self.confidence
        if wanted != self._uploaded:
            self._threshold.host[:4] = np.array([wanted], np.float32).view(np.uint8)
            self._threshold.upload(0, 4, stream)
            self._uploaded = wanted

    def enqueue(self, batch: int, stream: Stream) -> None:
        """Enqueues the selection from so many pictures, behind the network; it may be recorded."""
        self._device.clear(self._address, batch * LIST.itemsize, stream)
        blocks = -(-int(self._argument["cells"]) // BLOCK[0])
        self._kernel.launch((blocks, batch, 1), BLOCK, self._argument, stream)

    def download(self, batch: int, stream: Stream) -> None:
        """Enqueues the copy of so many pictures' lists to the host."""
        self._device.download(self._lists[:batch], self._address, stream)

    def found(self, pictures: int) -> SelectedCells | None:
        """A copy of what came down of so many pictures; None if one has more cells than there is room for."""
        counts = self._counts[:pictures].tolist()
        if max(counts) > ROOM:
            return None
        rows = np.concatenate([row[:count] for row, count in zip(self._rows, counts, strict=False)])
        picture = np.repeat(np.arange(pictures), counts)
        order = np.argsort(picture * int(self._argument["cells"]) + rows[:, 0])  # threads find them in no order
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


def ptx() -> bytes:
    """The kernel's code."""
    return resources.files("edge_app.engine.gpu").joinpath("select.ptx").read_bytes()
