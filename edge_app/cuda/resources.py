"""Streams, events, memory and kernels through PyCUDA; see `edge_app.cuda.device` for what each method does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.cuda.device import Event, Stream
from edge_app.cuda.driver import Driver


class CudaMemory:
    def __init__(self, driver: Driver, allocation: Any) -> None:
        self._driver = driver
        self._allocation = allocation
        self.address = int(allocation)

    def free(self) -> None:
        with self._driver.call():
            self._allocation.free()


class CudaPinned:
    def __init__(self, driver: Driver, array: NDArray[np.uint8]) -> None:
        self._driver = driver
        self.array = array

    def free(self) -> None:
        allocation: Any = self.array.base
        with self._driver.call():
            allocation.free()


class CudaStream:
    def __init__(self, driver: Driver, stream: Any) -> None:
        """Wraps PyCUDA's stream, or None for the default stream."""
        self._driver = driver
        self.raw = stream
        self.handle: int = 0 if stream is None else stream.handle

    def wait_event(self, event: Event) -> None:
        with self._driver.call():
            self.raw.wait_for_event(raw(event))

    def synchronize(self) -> None:
        with self._driver.call() as cuda:
            (self.raw or cuda.Context).synchronize()  # PyCUDA has no object for the default stream

    def free(self) -> None:
        with self._driver.call():
            self.raw = None  # PyCUDA destroys an object as soon as nothing refers to it


class CudaEvent:
    def __init__(self, driver: Driver, event: Any) -> None:
        self._driver = driver
        self.raw = event

    def record(self, stream: Stream) -> None:
        with self._driver.call():
            self.raw.record(raw(stream))

    def synchronize(self) -> None:
        with self._driver.call():
            self.raw.synchronize()

    def seconds_since(self, earlier: Event) -> float:
        with self._driver.call():
            milliseconds: float = self.raw.time_since(raw(earlier))
        return milliseconds / 1000

    def free(self) -> None:
        with self._driver.call():
            self.raw = None


class CudaKernel:
    def __init__(self, driver: Driver, function: Any) -> None:
        self._driver = driver
        self._function = function

    def launch(
        self, grid: tuple[int, int, int], block: tuple[int, int, int], argument: np.void, stream: Stream
    ) -> None:
        with self._driver.call():
            self._function(argument, grid=grid, block=block, stream=raw(stream))

    def free(self) -> None:
        with self._driver.call():
            self._function = None  # and with it the module


def raw(resource: Any) -> Any:
    """PyCUDA's own object behind a stream or an event."""
    return resource.raw
