"""Random pictures of every format, on the host and on the GPU, for the tests of the kernel and of the slots."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from edge_app.core.frames import Picture, Plane
from edge_app.cuda import Device, Staging, owned


def random_picture(rng: np.random.Generator, size, form="bgr", matrix="bt601", full_range=False, padding=0) -> Picture:
    """A host picture of that size [px] and format; its rows are padded by so many bytes."""
    width, height = size
    half_width, half_height = (width + 1) // 2, (height + 1) // 2
    shapes = {
        "bgr": [(height, 3 * width)],
        "nv12": [(height, width), (half_height, 2 * half_width)],
        "i420": [(height, width), (half_height, half_width), (half_height, half_width)],
    }[form]
    planes = []
    for rows, row_bytes in shapes:
        padded = rng.integers(0, 256, (rows, row_bytes + padding), np.uint8)
        data = padded[:, :row_bytes]
        planes.append(Plane(data.reshape(rows, width, 3) if form == "bgr" else data, padded.strides[0]))
    return Picture(width, height, form, tuple(planes), matrix, full_range)


class Surfaces:
    """A decoder's surfaces: pictures of the host, put on the GPU by its default stream. Leaving frees them."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._stack = ExitStack()

    def put(self, picture: Picture, owner: object = None) -> Picture:
        """The same picture on the GPU; the copy may still be under way, as a decoder's work is."""
        planes = []
        for plane in picture.planes:
            staging = owned(self._stack, Staging(self._device, plane.pitch * len(plane.data)))
            rows = staging.host.reshape(-1, plane.pitch)
            flat = plane.data.reshape(len(plane.data), -1)
            rows[:, : flat.shape[1]] = flat
            staging.upload(0, staging.nbytes, self._device.default_stream)
            planes.append(Plane(staging.address, plane.pitch))
        return replace(picture, planes=tuple(planes), memory="device", owner=owner)

    def free(self) -> None:
        self._stack.close()
