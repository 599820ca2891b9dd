"""What the program needs of CUDA and nothing more, so that a test can stand in for a GPU.

Work is enqueued on streams and runs later; a stream that needs another's work waits for an event of that stream.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray


class DeviceBusyError(RuntimeError):
    """The GPU is already in use: an internal error, or a thread that is stuck in it."""


class Resource(Protocol):
    """Something that a device made; whoever asked for it frees it."""

    def free(self) -> None:
        """Frees it; nothing in flight may use it."""


ResourceT = TypeVar("ResourceT", bound=Resource)


def owned(stack: ExitStack, resource: ResourceT) -> ResourceT:
    """The resource itself; the stack frees it."""
    stack.callback(resource.free)
    return resource


class Event(Resource, Protocol):
    """A point in a stream."""

    def record(self, stream: Stream) -> None:
        """Moves the event to the end of the stream's work as it is now."""

    def synchronize(self) -> None:
        """Blocks until the stream has reached the event, without using a core."""

    def seconds_since(self, earlier: Event) -> float:
        """Time on the GPU from `earlier` to this event [s]; the streams must have reached both."""


class Stream(Resource, Protocol):
    """A queue of work that the GPU does in order."""

    @property
    def handle(self) -> int:
        """The driver's `CUstream`, for libraries that take one."""

    def wait_event(self, event: Event) -> None:
        """Makes what is enqueued from now on start after the event; returns at once."""

    def synchronize(self) -> None:
        """Blocks until all of its work is done."""


class Memory(Resource, Protocol):
    """Memory on the GPU."""

    @property
    def address(self) -> int:
        """Address of its first byte, a multiple of 256."""


class Pinned(Resource, Protocol):
    """Host memory that the GPU copies from and to asynchronously."""

    @property
    def array(self) -> NDArray[np.uint8]:
        """All of its bytes, shape (n,)."""


class Kernel(Resource, Protocol):
    """A function on the GPU whose only argument is a struct."""

    def launch(
        self, grid: tuple[int, int, int], block: tuple[int, int, int], argument: np.void, stream: Stream
    ) -> None:
        """Enqueues `grid` blocks of `block` threads each."""


class RecordedGraph(Resource, Protocol):
    """Work that was recorded once and is launched as a whole."""

    def launch(self, stream: Stream) -> None:
        """Enqueues it, with the addresses and sizes that it was recorded with."""


class Device(Protocol):
    """One GPU. Only inside `current` may its other methods, except `close`, and those of its resources be called.

    Raises everywhere:
        DeviceMemoryError: There is too little memory; the text says how much was requested and how much is free.
        DeviceFaultError: The context is lost.
        EngineError: The driver refuses a call; the context is still usable.
        RuntimeError: The call is outside `current`, or from another thread than the one inside.
    """

    @property
    def name(self) -> str:
        """The name that the driver gives it."""

    @property
    def compute_capability(self) -> tuple[int, int]:
        """Such as (8, 7)."""

    @property
    def default_stream(self) -> Stream:
        """The stream of code that does not choose one, such as FFmpeg's decoder."""

    def current(self) -> AbstractContextManager[None]:
        """Gives the GPU to this thread for the block; raises DeviceBusyError if it is in use."""

    def memory(self, nbytes: int) -> Memory:
        """Uninitialised memory on the GPU."""

    def pinned(self, nbytes: int) -> Pinned:
        """Uninitialised pinned memory on the host."""

    def stream(self) -> Stream:
        """A stream that does not wait for the default one."""

    def event(self) -> Event:
        """An event that measures time; whoever waits for it sleeps."""

    def kernel(self, ptx: bytes, name: str) -> Kernel:
        """A function of a PTX module, compiled for this GPU by the driver."""

    def graph(self, stream: Stream, work: Callable[[], None]) -> RecordedGraph:
        """Records what `work` enqueues on the stream, without doing it.

        Raises:
            EngineError: Part of the work cannot be recorded; the stream is as it was before.
        """

    def upload(self, address: int, source: NDArray[Any], stream: Stream) -> None:
        """Enqueues a copy of pinned, C-contiguous bytes to the GPU; they must not change until it is done."""

    def download(self, target: NDArray[Any], address: int, stream: Stream) -> None:
        """Enqueues a copy from the GPU to pinned, C-contiguous bytes; they must not be read until it is done."""

    def clear(self, address: int, nbytes: int, stream: Stream) -> None:
        """Enqueues zeros for so many bytes on the GPU."""

    def free_bytes(self) -> int:
        """Free memory on the GPU [bytes]."""

    def close(self) -> None:
        """Releases the context, in the thread that opened it; all of its resources must have been freed."""
