"""Bytes that go from the host to the GPU or back: pinned memory, and as much of the GPU's."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from edge_app.cuda.device import Device, Stream, owned


class Staging:
    """A pair of buffers that grows when it must.

    Attributes:
        nbytes: How much each holds.
        growths: How often they were made anew.
        host: The host's side, uint8, shape (nbytes,).
        address: The GPU's side.
    """

    def __init__(self, device: Device, nbytes: int = 0) -> None:
        """Makes both; raises DeviceMemoryError."""
        self._device = device
        self._buffers = ExitStack()
        self.nbytes = self.address = 0
        self.growths = -1
        self.host: NDArray[np.uint8] = np.empty(0, np.uint8)
        self.reserve(max(nbytes, 1))

    def reserve(self, nbytes: int) -> bool:
        """Makes room for so many bytes; returns whether that took new buffers, which hold nothing yet.

        Nothing may be in flight.

        Raises:
            DeviceMemoryError: There is no room; there is none for the old content either then.
        """
        if nbytes <= self.nbytes:
            return False
        self.free()  # first, since there may not be room for both
        with ExitStack() as stack:
            memory = owned(stack, self._device.memory(nbytes))
            pinned = owned(stack, self._device.pinned(nbytes))
            self._buffers = stack.pop_all()
        self.host, self.address, self.nbytes = pinned.array, memory.address, nbytes
        self.growths += 1
        return True

    def upload(self, start: int, stop: int, stream: Stream) -> None:
        """Enqueues the copy of these bytes from the host to the GPU."""
        self._device.upload(self.address + start, self.host[start:stop], stream)

    def download(self, start: int, stop: int, stream: Stream) -> None:
        """Enqueues the copy of these bytes from the GPU to the host."""
        self._device.download(self.host[start:stop], self.address + start, stream)

    def free(self) -> None:
        """Gives both back; nothing may be in flight."""
        self.host, self.nbytes = np.empty(0, np.uint8), 0
        self._buffers.close()
