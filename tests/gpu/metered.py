"""A device that counts what it is asked for."""

from __future__ import annotations

from collections import Counter
from typing import Any

from edge_app.cuda import Device


class Metered:
    """Another device's face, which goes by `Device`.

    Attributes:
        counts: How many `allocations` and `launches` there were, and bytes that were `uploaded` and `downloaded`.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self.counts: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def memory(self, nbytes):
        self.counts["allocations"] += 1
        return self._device.memory(nbytes)

    def pinned(self, nbytes):
        self.counts["allocations"] += 1
        return self._device.pinned(nbytes)

    def kernel(self, ptx, name):
        return MeteredKernel(self._device.kernel(ptx, name), self.counts)

    def upload(self, address, source, stream):
        self.counts["uploaded"] += source.nbytes
        self._device.upload(address, source, stream)

    def download(self, target, address, stream):
        self.counts["downloaded"] += target.nbytes
        self._device.download(target, address, stream)


class MeteredKernel:
    def __init__(self, kernel, counts: Counter[str]) -> None:
        self._kernel = kernel
        self._counts = counts
        self.free = kernel.free

    def launch(self, *arguments):
        self._counts["launches"] += 1
        self._kernel.launch(*arguments)
