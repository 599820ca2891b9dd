"""PyCUDA, loaded on demand: which thread may call it, in which context, and what its errors mean."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any

from edge_app.core.errors import DeviceError, DeviceFaultError, EdgeAppError, EngineError, on_one_line
from edge_app.cuda.device import DeviceBusyError

SLEEPING_WAIT = 4  # CU_CTX_SCHED_BLOCKING_SYNC


def load_pycuda() -> Any:
    """PyCUDA's driver module; raises DeviceError if it or NVIDIA's driver is missing."""
    try:
        import pycuda.driver
    except ImportError as error:
        wanted = "it wants NVIDIA's driver and pip install 'edge-app[gpu]'"
        raise DeviceError(f"no CUDA: {on_one_line(error)}; {wanted}") from error
    return pycuda.driver


class Driver:
    """The driver with one GPU's primary context, which TensorRT, ONNX Runtime and FFmpeg's NVDEC share.

    Attributes:
        gpu: PyCUDA's device.
    """

    def __init__(self, ordinal: int) -> None:
        """Opens the context of that GPU; raises DeviceError if there is none, or its flags cannot be set."""
        self._cuda = load_pycuda()
        self._libcuda = ctypes.CDLL("libcuda.so.1")
        self._user: int | None = None
        self._lock = threading.Lock()
        try:
            self._cuda.init()
            self.gpu = self._cuda.Device(ordinal)
            # Before the context is retained: FFmpeg refuses to share one that was made with other flags than its own.
            if status := self._libcuda.cuDevicePrimaryCtxSetFlags_v2(ordinal, SLEEPING_WAIT):
                raise DeviceError(f"GPU {ordinal}: its context does not take our flags (CUDA error {status})")
            self._context = self.gpu.retain_primary_context()
        except self._cuda.Error as error:
            raise DeviceError(f"GPU {ordinal}: {error}") from error

    @contextmanager
    def current(self) -> Iterator[None]:
        """Gives the context to this thread for the block: PyCUDA aborts a process that leaves one pushed."""
        if not self._lock.acquire(blocking=False):
            raise DeviceBusyError("the GPU is in use already")
        try:
            self._push()
            self._user = threading.get_ident()
            try:
                yield
            finally:
                self._user = None
                self._cuda.Context.pop()
        finally:
            self._lock.release()

    def _push(self) -> None:
        try:
            self._context.push()
        except self._cuda.Error as error:
            raise DeviceFaultError(f"{self.gpu.name()}: the CUDA context is lost: {error}") from error

    def call(self) -> AbstractContextManager[Any]:
        """PyCUDA's module for the block; its errors become ours."""
        return self  # not a generator, which costs as much as the call itself: a batch makes twenty

    def __enter__(self) -> Any:
        if self._user != threading.get_ident():
            raise RuntimeError("this thread does not have the GPU: it is used inside Device.current")
        return self._cuda

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, self._cuda.Error):
            raise self._translate(error) from error

    def do(self, function: str, *arguments: Any) -> None:
        """Calls a function of the driver that PyCUDA lacks; its error codes become our errors too."""
        with self.call():
            if status := getattr(self._libcuda, function)(*arguments):
                raise self._translate(f"{function} failed: CUDA error {status}")

    def _translate(self, error: object) -> EdgeAppError:
        try:
            self._cuda.Context.synchronize()
        except self._cuda.Error as again:  # a sticky error is still there after it was reported
            return DeviceFaultError(f"{self.gpu.name()}: the CUDA context is lost: {again}")
        return EngineError(f"{self.gpu.name()}: {error}")

    def close(self) -> None:
        """Releases the context, in the thread that opened it."""
        self._context.detach()
        self._libcuda.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))  # `detach` pushed it and left it there
