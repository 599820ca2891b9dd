"""CUDA graphs through the driver itself: PyCUDA has none."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from edge_app.cuda.device import Stream
from edge_app.cuda.driver import Driver

THREAD_LOCAL = 1  # CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads do meanwhile is no concern of the recording


class CudaGraph:
    """See `edge_app.cuda.device.Graph`."""

    def __init__(self, driver: Driver, stream: Stream, work: Callable[[], None]) -> None:
        """Records what `work` enqueues on the stream; raises EngineError where that cannot be done."""
        self._driver = driver
        self._executable = ctypes.c_void_p()
        graph = ctypes.c_void_p()
        driver.do("cuStreamBeginCapture_v2", ctypes.c_void_p(stream.handle), THREAD_LOCAL)
        try:
            work()
        finally:  # a stream that is still recording would be of no use
            driver.do("cuStreamEndCapture", ctypes.c_void_p(stream.handle), ctypes.byref(graph))
        try:
            flags = ctypes.c_ulonglong(0)
            driver.do("cuGraphInstantiateWithFlags", ctypes.byref(self._executable), graph, flags)
        finally:
            driver.do("cuGraphDestroy", graph)

    def launch(self, stream: Stream) -> None:
        self._driver.do("cuGraphLaunch", self._executable, ctypes.c_void_p(stream.handle))

    def free(self) -> None:
        self._driver.do("cuGraphExecDestroy", self._executable)
