"""The model's input on the GPU: pictures of any sizes and formats are letterboxed into it by one launch a batch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from edge_app.core.frames import Letterbox, Picture
from edge_app.cuda import Device, Event, Staging, Stream, owned
from edge_app.model import InputSpec
from edge_app.preprocess.interpolation import TAP, column_taps, row_taps
from edge_app.preprocess.kernel import BLOCK, PICTURE, batch_argument, described, grid, load_kernel
from edge_app.preprocess.normalisation import output_table

logger = logging.getLogger(__name__)


class GpuLetterboxer:
    """Draws pictures into the rows of a buffer on the GPU; equal to `Letterboxer` bit for bit."""

    def __init__(
        self,
        device: Device,
        spec: InputSpec,
        dtype: np.dtype[Any],
        *,
        address: int,
        capacity: int,
        channels_last: bool,
        stream: Stream,
    ) -> None:
        """Draws into a buffer owned by the caller.

        Args:
            device: The GPU, current.
            spec: The model's preprocessing.
            dtype: float32, float16 or uint8.
            address: Of the buffer, C-contiguous, shape (capacity, 3, height, width) or (capacity, height, width, 3).
            capacity: Pictures in a batch at most.
            channels_last: Which of the two.
            stream: What the table is uploaded on.

        Raises:
            ValueError: The buffer holds bytes and the preprocessing is more than a letterbox.
        """
        table = output_table(spec, dtype)
        self._spec = spec
        self._taps_size = (spec.width + spec.height) * TAP.itemsize  # of one picture
        self._taps_start = capacity * PICTURE.itemsize
        self._sizes: list[tuple[int, int] | None] = [None] * capacity  # whose taps the GPU has
        with ExitStack() as stack:
            self._kernel = owned(stack, load_kernel(device, dtype))
            self._table = owned(stack, Staging(device, table.nbytes))
            self._orders = owned(stack, Staging(device, self._taps_start + capacity * self._taps_size))
            self._pixels = owned(stack, Staging(device))
            self._table.host[:] = table.reshape(-1).view(np.uint8)
            self._table.upload(0, table.nbytes, stream)
            stream.synchronize()
            self._resources = stack.pop_all()
        self._pictures = self._orders.host[: self._taps_start].view(PICTURE)
        self._argument = batch_argument(
            spec, channels_last, pictures=self._orders.address, table=self._table.address, out=address
        )

    @property
    def growths(self) -> int:
        """How often larger pictures than before took new buffers."""
        return self._pixels.growths

    def draw(self, pictures: Sequence[Picture], stream: Stream, uploaded: Event | None = None) -> tuple[Letterbox, ...]:
        """Enqueues the upload of the pictures, the event and the launch; returns where each lies.

        Host pictures are copied here and may go at once. Those on the GPU are read in place: their owners must live
        until the stream has come this far.

        Raises:
            DeviceMemoryError: There is no memory for pictures of this size.
        """
        spec, count = self._spec, len(pictures)
        if self._pixels.reserve(sum(_host_bytes(picture) for picture in pictures)):
            logger.info("buffers for pictures have grown to %.1f MB", self._pixels.nbytes / 2**20)
        boxes = tuple(
            Letterbox.fit((p.width, p.height), (spec.width, spec.height), spec.letterbox, spec.rounding)
            for p in pictures
        )
        changed = [self._lay_out(*pair) for pair in enumerate(zip(pictures, boxes, strict=True))]
        used = 0
        for row, (picture, box) in enumerate(zip(pictures, boxes, strict=True)):
            planes, used = self._stage(picture, used)
            self._pictures[row] = described(picture, box, planes, self._taps_addresses(row))
        if used:
            self._pixels.upload(0, used, stream)
        self._orders.upload(0, self._orders.nbytes if any(changed) else count * PICTURE.itemsize, stream)
        self._sizes[:count] = [(picture.width, picture.height) for picture in pictures]
        if uploaded:
            uploaded.record(stream)
        self._kernel.launch(grid(spec, count), BLOCK, self._argument, stream)
        return boxes

    def _lay_out(self, row: int, drawn: tuple[Picture, Letterbox]) -> bool:
        """Writes the taps of that row where the GPU has others; returns whether they are to be uploaded."""
        picture, box = drawn
        if self._sizes[row] == (picture.width, picture.height):
            return False
        self._sizes[row] = None  # until they are: what comes before that may be refused
        start = self._taps_start + row * self._taps_size
        taps = self._orders.host[start : start + self._taps_size].view(TAP)
        taps[: box.width] = column_taps(picture.width, box.width)
        taps[self._spec.width :][: box.height] = row_taps(picture.height, box.height)
        return True

    def _taps_addresses(self, row: int) -> tuple[int, int]:
        columns = self._orders.address + self._taps_start + row * self._taps_size
        return columns, columns + self._spec.width * TAP.itemsize

    def _stage(self, picture: Picture, used: int) -> tuple[list[tuple[int, int]], int]:
        """Address and pitch of each plane, and how much of the pixels' buffer is used then [bytes]."""
        planes = []
        for plane in picture.planes:
            if isinstance(plane.data, int):
                planes.append((plane.data, plane.pitch))
                continue
            rows = plane.data.reshape(len(plane.data), -1)
            np.copyto(self._pixels.host[used : used + rows.size].reshape(rows.shape), rows)
            planes.append((self._pixels.address + used, rows.shape[1]))
            used += rows.size
        return planes, used

    def free(self) -> None:
        """Gives the buffers back; nothing may be in flight."""
        self._resources.close()


def _host_bytes(picture: Picture) -> int:
    return sum(0 if isinstance(plane.data, int) else plane.data.size for plane in picture.planes)
