"""The model's input on the GPU: one launch per batch letterboxes pictures of any size and format into it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from edge_app.core.frames import Letterbox, Picture
from edge_app.cuda import Device, Event, Staging, Stream, owned
from edge_app.model import InputSpec
from edge_app.preprocess.interpolation import NEIGHBOURS, column_neighbours, row_neighbours
from edge_app.preprocess.kernel import BLOCK, PICTURE, Planes, batch_argument, grid, load_kernel, picture_record
from edge_app.preprocess.normalisation import output_table

logger = logging.getLogger(__name__)


class GpuLetterboxer:
    """Letterboxes pictures into the rows of a buffer on the GPU; equal to `Letterboxer` bit for bit."""

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
        """Fills a buffer that the caller owns.

        Args:
            device: The GPU, current.
            spec: The model's preprocessing.
            dtype: float32, float16 or uint8.
            address: The buffer's, C-contiguous, shape (capacity, 3, height, width) or (capacity, height, width, 3).
            capacity: How many pictures a batch has at most.
            channels_last: Whether the buffer has the second of these shapes.
            stream: The stream that uploads the table.

        Raises:
            ValueError: The buffer holds bytes and the preprocessing is more than a letterbox.
        """
        table = output_table(spec, dtype)
        self._spec = spec
        self._neighbours_size = (spec.width + spec.height) * NEIGHBOURS.itemsize  # of one picture [bytes]
        self._neighbours_start = capacity * PICTURE.itemsize
        self._sizes: list[tuple[int, int] | None] = [None] * capacity  # which sizes' neighbours the GPU has
        self._described: list[object] = [None] * capacity  # what each record says but for the planes' addresses
        with ExitStack() as stack:
            self._kernel = owned(stack, load_kernel(device, dtype))
            self._table = owned(stack, Staging(device, table.nbytes))
            self._records = owned(stack, Staging(device, self._neighbours_start + capacity * self._neighbours_size))
            self._pixels = owned(stack, Staging(device))
            self._table.host[:] = table.reshape(-1).view(np.uint8)
            self._table.upload(0, table.nbytes, stream)
            stream.synchronize()
            self._resources = stack.pop_all()
        self._pictures = self._records.host[: self._neighbours_start].view(PICTURE)
        self._addresses = self._pictures["plane"]
        self._argument = batch_argument(
            spec, channels_last, pictures=self._records.address, table=self._table.address, out=address
        )

    @property
    def growths(self) -> int:
        """How often larger pictures than before needed new buffers."""
        return self._pixels.growths

    def enqueue(
        self, pictures: Sequence[Picture], stream: Stream, uploaded: Event | None = None
    ) -> tuple[Letterbox, ...]:
        """Enqueues the upload of the pictures, the event and the launch; returns where each picture lies.

        Host pictures are copied during the call and may be freed after it. Those on the GPU are read in place: their
        owners must live until the stream has got this far.

        Raises:
            DeviceMemoryError: There is no memory for pictures of this size.
        """
        spec, count = self._spec, len(pictures)
        if self._pixels.reserve(sum(_host_bytes(picture) for picture in pictures)):
            logger.info("buffers for pictures have grown to %.1f MB", self._pixels.nbytes / 2**20)
        letterboxes = tuple(
            Letterbox.fit((p.width, p.height), (spec.width, spec.height), spec.letterbox, spec.rounding)
            for p in pictures
        )
        changed = [self._write_neighbours(*item) for item in enumerate(zip(pictures, letterboxes, strict=True))]
        used, addresses = 0, []
        for row, (picture, letterbox) in enumerate(zip(pictures, letterboxes, strict=True)):
            planes, used = self._stage(picture, used)
            self._describe(row, picture, letterbox, planes)
            addresses.append(planes.addresses)
        self._addresses[:count] = addresses
        if used:
            self._pixels.upload(0, used, stream)
        self._records.upload(0, self._records.nbytes if any(changed) else count * PICTURE.itemsize, stream)
        self._sizes[:count] = [(picture.width, picture.height) for picture in pictures]
        if uploaded:
            uploaded.record(stream)
        self._kernel.launch(grid(spec, count), BLOCK, self._argument, stream)
        return letterboxes

    def _write_neighbours(self, row: int, letterboxed: tuple[Picture, Letterbox]) -> bool:
        """Writes the neighbours of that row if the GPU has another size's; returns whether they must be uploaded."""
        picture, letterbox = letterboxed
        if self._sizes[row] == (picture.width, picture.height):
            return False
        self._sizes[row] = None  # until they are uploaded: what comes before that may fail
        start = self._neighbours_start + row * self._neighbours_size
        neighbours = self._records.host[start : start + self._neighbours_size].view(NEIGHBOURS)
        neighbours[: letterbox.width] = column_neighbours(picture.width, letterbox.width)
        neighbours[self._spec.width :][: letterbox.height] = row_neighbours(picture.height, letterbox.height)
        return True

    def _describe(self, row: int, picture: Picture, letterbox: Letterbox, planes: Planes) -> None:
        """Writes that row's record, unless only the addresses are others than the last one's, as a stream's are."""
        described = picture.width, picture.height, picture.format, picture.matrix, picture.full_range, planes.pitches
        if described != self._described[row]:
            self._pictures[row] = picture_record(picture, letterbox, planes, self._neighbours_addresses(row))
            self._described[row] = described

    def _neighbours_addresses(self, row: int) -> tuple[int, int]:
        """Addresses of the columns' and the rows' neighbours on the GPU."""
        columns = self._records.address + self._neighbours_start + row * self._neighbours_size
        return columns, columns + self._spec.width * NEIGHBOURS.itemsize

    def _stage(self, picture: Picture, used: int) -> tuple[Planes, int]:
        """Copies host planes to the staging buffer; returns where all are on the GPU, and the bytes used."""
        addresses, pitches = [0, 0, 0], [0, 0, 0]
        for number, plane in enumerate(picture.planes):
            if isinstance(plane.data, int):
                addresses[number], pitches[number] = plane.data, plane.pitch
                continue
            rows = plane.data.reshape(len(plane.data), -1)
            np.copyto(self._pixels.host[used : used + rows.size].reshape(rows.shape), rows)
            addresses[number], pitches[number] = self._pixels.address + used, rows.shape[1]
            used += rows.size
        return Planes(tuple(addresses), tuple(pitches)), used

    def free(self) -> None:
        """Frees the buffers; nothing may be in flight."""
        self._resources.close()


def _host_bytes(picture: Picture) -> int:
    return sum(0 if isinstance(plane.data, int) else plane.data.size for plane in picture.planes)
