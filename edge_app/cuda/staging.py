"""A buffer for copies between host and GPU: pinned memory, and as much memory on the GPU."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from edge_app.cuda.device import Device, Stream, owned


class Staging:
    """A pair of buffers that grows on demand.

    Attributes:
        nbytes: The size of each.
        growths: How often they were replaced by larger ones.
        host: The buffer on the host, uint8, shape (nbytes,).
        address: The address of the buffer on the GPU.
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
        """Makes room for that many bytes; returns whether it took new, uninitialised buffers.

        Nothing may be in flight.

        Raises:
            DeviceMemoryError: There is no room; the old buffers are gone too.
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
        """Frees both; nothing may be in flight."""
        self.host, self.nbytes = np.empty(0, np.uint8), 0
        self._buffers.close()
