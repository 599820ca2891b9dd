"""CUDA graphs through the driver itself, since PyCUDA lacks them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from edge_app.core.errors import EngineError
from edge_app.cuda.device import Stream
from edge_app.cuda.driver import Driver

HOST_NODE = 3  # CU_GRAPH_NODE_TYPE_HOST
THREAD_LOCAL = 1  # CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: the recording ignores what other threads do meanwhile


class CudaGraph:
    """See `edge_app.cuda.device.RecordedGraph`."""

    def __init__(self, driver: Driver, stream: Stream, work: Callable[[], None]) -> None:
        """Records what `work` enqueues on the stream; raises EngineError if that is impossible."""
        self._driver = driver
        self._executable = ctypes.c_void_p()
        graph = ctypes.c_void_p()
        driver.do("cuStreamBeginCapture_v2", ctypes.c_void_p(stream.handle), THREAD_LOCAL)
        try:
            work()
        finally:  # a stream that is still recording would be useless
            driver.do("cuStreamEndCapture", ctypes.c_void_p(stream.handle), ctypes.byref(graph))
        try:
            self._refuse_host_calls(graph)
            flags = ctypes.c_ulonglong(0)
            driver.do("cuGraphInstantiateWithFlags", ctypes.byref(self._executable), graph, flags)
        finally:
            driver.do("cuGraphDestroy", graph)

    def _refuse_host_calls(self, graph: ctypes.c_void_p) -> None:
        """Raises EngineError for a graph that would repeat a call to the host that was meant for one time only."""
        count, kind = ctypes.c_size_t(), ctypes.c_int()
        self._driver.do("cuGraphGetNodes", graph, None, ctypes.byref(count))
        nodes = (ctypes.c_void_p * count.value)()
        self._driver.do("cuGraphGetNodes", graph, nodes, ctypes.byref(count))
        for node in nodes:
            self._driver.do("cuGraphNodeGetType", ctypes.c_void_p(node), ctypes.byref(kind))
            if kind.value == HOST_NODE:
                raise EngineError("it calls the host")

    def launch(self, stream: Stream) -> None:
        self._driver.do("cuGraphLaunch", self._executable, ctypes.c_void_p(stream.handle))

    def free(self) -> None:
        self._driver.do("cuGraphExecDestroy", self._executable)
