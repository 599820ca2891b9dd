"""A real GPU behind the protocol."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.core.errors import DeviceMemoryError
from edge_app.cuda.device import Stream
from edge_app.cuda.driver import Driver
from edge_app.cuda.graph import CudaGraph
from edge_app.cuda.resources import CudaEvent, CudaKernel, CudaMemory, CudaPinned, CudaStream, raw

NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING


class Gpu:
    """One GPU through PyCUDA; see `edge_app.cuda.device.Device` for what each method does."""

    def __init__(self, ordinal: int) -> None:
        """Opens the GPU of that number.

        Raises:
            DeviceError: There is no driver, no PyCUDA, or no such GPU.
        """
        self._driver = Driver(ordinal)
        self.name: str = self._driver.gpu.name()
        self.compute_capability: tuple[int, int] = self._driver.gpu.compute_capability()
        self.default_stream: Stream = CudaStream(self._driver, None)

    def current(self) -> AbstractContextManager[None]:
        return self._driver.current()

    def memory(self, nbytes: int) -> CudaMemory:
        with self._driver.call() as cuda:
            try:
                return CudaMemory(self._driver, cuda.mem_alloc(nbytes))
            except cuda.MemoryError as error:
                raise DeviceMemoryError(
                    f"{self.name}: {nbytes / 2**20:.1f} MB asked, {self.free_bytes() / 2**20:.1f} MB free"
                ) from error

    def pinned(self, nbytes: int) -> CudaPinned:
        with self._driver.call() as cuda:
            try:
                return CudaPinned(self._driver, cuda.pagelocked_empty(nbytes, np.uint8))
            except cuda.MemoryError as error:
                raise DeviceMemoryError(f"the host has no {nbytes / 2**20:.1f} MB of pinned memory") from error

    def stream(self) -> CudaStream:
        with self._driver.call() as cuda:
            return CudaStream(self._driver, cuda.Stream(NON_BLOCKING))

    def event(self) -> CudaEvent:
        with self._driver.call() as cuda:
            return CudaEvent(self._driver, cuda.Event(cuda.event_flags.BLOCKING_SYNC))

    def kernel(self, ptx: bytes, name: str) -> CudaKernel:
        with self._driver.call() as cuda:
            return CudaKernel(self._driver, cuda.module_from_buffer(ptx + b"\0").get_function(name))

    def graph(self, stream: Stream, work: Callable[[], None]) -> CudaGraph:
        return CudaGraph(self._driver, stream, work)

    def upload(self, address: int, source: NDArray[Any], stream: Stream) -> None:
        with self._driver.call() as cuda:
            cuda.memcpy_htod_async(address, source, raw(stream))

    def download(self, target: NDArray[Any], address: int, stream: Stream) -> None:
        with self._driver.call() as cuda:
            cuda.memcpy_dtoh_async(target, address, raw(stream))

    def clear(self, address: int, nbytes: int, stream: Stream) -> None:
        with self._driver.call() as cuda:
            cuda.memset_d8_async(address, 0, nbytes, raw(stream))

    def free_bytes(self) -> int:
        with self._driver.call() as cuda:
            free: int = cuda.mem_get_info()[0]
            return free

    def close(self) -> None:
        self._driver.close()
