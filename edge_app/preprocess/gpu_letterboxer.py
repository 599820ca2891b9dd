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
        self._forms: list[object] = [None] * capacity  # of the picture that each row on the GPU describes
        self._letterboxes: dict[int, Letterbox] = {}  # of these, by row
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
        count = len(pictures)
        if self._pixels.reserve(sum(_host_bytes(picture) for picture in pictures)):
            logger.info("buffers for pictures have grown to %.1f MB", self._pixels.nbytes / 2**20)
        used, addresses, forms = 0, [], []
        for row, picture in enumerate(pictures):
            planes, used = self._stage(picture, used)
            addresses.append(planes.addresses)
            form = picture.width, picture.height, picture.format, picture.matrix, picture.full_range, planes.pitches
            forms.append(form)
            if form != self._forms[row]:  # a stream's pictures differ in their addresses alone
                self._describe(row, picture, planes)
        self._addresses[:count] = addresses
        if used:
            self._pixels.upload(0, used, stream)
        described = forms == self._forms[:count]
        self._records.upload(0, count * PICTURE.itemsize if described else self._records.nbytes, stream)
        self._forms[:count] = forms
        if uploaded:
            uploaded.record(stream)
        self._kernel.launch(grid(self._spec, count), BLOCK, self._argument, stream)
        return tuple(self._letterboxes[row] for row in range(count))

    def _describe(self, row: int, picture: Picture, planes: Planes) -> None:
        """Writes that row's record and its neighbours."""
        spec, size = self._spec, (picture.width, picture.height)
        self._forms[row] = None  # until they are uploaded: what comes before that may fail
        letterbox = Letterbox.fit(size, (spec.width, spec.height), spec.letterbox, spec.rounding)
        start = self._neighbours_start + row * self._neighbours_size
        neighbours = self._records.host[start : start + self._neighbours_size].view(NEIGHBOURS)
        neighbours[: letterbox.width] = column_neighbours(picture.width, letterbox.width)
        neighbours[spec.width :][: letterbox.height] = row_neighbours(picture.height, letterbox.height)
        self._pictures[row] = picture_record(picture, letterbox, planes, self._neighbours_addresses(row))
        self._letterboxes[row] = letterbox

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
    if picture.memory == "device":
        return 0
    return sum(plane.data.size for plane in picture.planes if not isinstance(plane.data, int))
