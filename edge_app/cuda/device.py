"""What the program needs of CUDA and nothing more, so that a test can be a GPU too.

Work is enqueued on streams and runs later; what one stream shall see of another's work goes through an event.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray


class DeviceBusyError(RuntimeError):
    """The GPU is in use already: a bug of ours, or a thread that is stuck in it."""


class Resource(Protocol):
    """What a device makes is freed by who asked for it."""

    def free(self) -> None:
        """Gives it back; nothing in flight uses it."""


PartT = TypeVar("PartT", bound=Resource)


def owned(stack: ExitStack, part: PartT) -> PartT:
    """The part, which the stack frees."""
    stack.callback(part.free)
    return part


class Event(Resource, Protocol):
    """A point in a stream."""

    def record(self, stream: Stream) -> None:
        """Moves the event to the end of what the stream has to do now."""

    def synchronize(self) -> None:
        """Blocks until the stream has come to the point, without taking a core."""

    def seconds_since(self, earlier: Event) -> float:
        """Time on the GPU from one event to this one [s]; both have been passed."""


class Stream(Resource, Protocol):
    """Work in order."""

    @property
    def handle(self) -> int:
        """The driver's `CUstream`, for the libraries that take one."""

    def wait_event(self, event: Event) -> None:
        """What is enqueued from now on starts after the event; the caller goes on at once."""

    def synchronize(self) -> None:
        """Blocks until all of it is done."""


class Memory(Resource, Protocol):
    """Memory of the GPU."""

    @property
    def address(self) -> int:
        """Of its first byte, a multiple of 256."""


class Pinned(Resource, Protocol):
    """Memory of the host that the GPU copies from and to while the host goes on."""

    @property
    def array(self) -> NDArray[np.uint8]:
        """All of its bytes, shape (n,)."""


class Kernel(Resource, Protocol):
    """A function on the GPU that takes one struct."""

    def launch(
        self, grid: tuple[int, int, int], block: tuple[int, int, int], argument: np.void, stream: Stream
    ) -> None:
        """Enqueues it over `grid` blocks of `block` threads."""


class RecordedGraph(Resource, Protocol):
    """Work that was recorded once and is launched as one."""

    def launch(self, stream: Stream) -> None:
        """Enqueues it; the addresses and sizes are those of when it was recorded."""


class Device(Protocol):
    """One GPU. All but the properties and `close` may be called only inside `current`, as may the parts' methods.

    Raises everywhere:
        DeviceMemoryError: There is too little memory; the text says how much was asked and what is free.
        DeviceFaultError: The context is lost.
        EngineError: The driver refuses a call, and would take the next.
        RuntimeError: Called outside `current`, or by another thread than the one inside.
    """

    @property
    def name(self) -> str:
        """As the driver says it."""

    @property
    def compute_capability(self) -> tuple[int, int]:
        """Such as (8, 7)."""

    @property
    def default_stream(self) -> Stream:
        """The stream of those who asked for none, such as FFmpeg's decoder."""

    def current(self) -> AbstractContextManager[None]:
        """Gives the GPU to this thread for the block; raises DeviceBusyError where it is in use."""

    def memory(self, nbytes: int) -> Memory:
        """Memory of the GPU, with nothing sensible in it."""

    def pinned(self, nbytes: int) -> Pinned:
        """Memory of the host, with nothing sensible in it."""

    def stream(self) -> Stream:
        """A stream that does not wait for the default one."""

    def event(self) -> Event:
        """An event that measures time and whose waiters sleep."""

    def kernel(self, ptx: bytes, name: str) -> Kernel:
        """A function of a module, made for this GPU by the driver."""

    def graph(self, stream: Stream, work: Callable[[], None]) -> RecordedGraph:
        """Records what `work` enqueues on the stream, without doing it.

        Raises:
            EngineError: Something of it cannot be recorded; the stream is as it was before.
        """

    def upload(self, address: int, source: NDArray[Any], stream: Stream) -> None:
        """Enqueues a copy of pinned, C-contiguous bytes to the GPU; they stay as they are until it is done."""

    def download(self, target: NDArray[Any], address: int, stream: Stream) -> None:
        """Enqueues a copy from the GPU to pinned, C-contiguous bytes; nobody looks at them until it is done."""

    def free_bytes(self) -> int:
        """Memory that is left on the GPU [bytes]."""

    def close(self) -> None:
        """Gives the context back, in the thread that opened it; everything of it has been freed."""
