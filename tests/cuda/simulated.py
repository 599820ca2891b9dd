"""A simulated GPU behind the `cuda` protocol; nothing else of the program knows that it is none.

It runs late and out of step, poisons memory, and raises HazardError for reuse in flight, missing waits and leaks, and
RuntimeError in the wrong thread, as the real one does.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edge_app.core.errors import DeviceFaultError, DeviceMemoryError, EngineError
from edge_app.cuda import DeviceBusyError
from tests.cuda.kernel import HostKernel
from tests.cuda.memory import POISON, Block, Memory
from tests.cuda.timeline import HazardError, Operation, Queue, Timeline

TOTAL = 1 << 30
Run = Callable[[Operation], None]


class SimulatedGpu:
    """See `edge_app.cuda.device.Device`.

    Attributes:
        memory_: What is allocated.
        timeline: What is enqueued.
        allocations: How many there have been.
        refused: The allocation of that number does not succeed.
        broken: Names of calls that fail once.
        refuses: Sizes of batches that no library takes.
        lost: Makes every call fail as after a sticky fault.
    """

    name = "simulated GPU"
    compute_capability = (7, 5)

    def __init__(self, library: Path, *, seed: int | None = None, total: int = TOTAL) -> None:
        self.space = Memory(total)
        self.timeline = Timeline(seed)
        self.allocations = 0
        self.refused: int | None = None
        self.broken: set[str] = set()
        self.refuses: set[int] = set()
        self.lost = False
        self.live: dict[object, str] = {}
        self._library = ctypes.CDLL(str(library))
        self._owner: int | None = None
        self._lock = threading.Lock()
        self.default_stream = SimulatedStream(self, self.timeline.queue(), 0)

    @contextmanager
    def current(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise DeviceBusyError("the GPU is in use already")
        try:
            self._owner = threading.get_ident()
            yield
        finally:
            self._owner = None
            self._lock.release()

    def call(self) -> None:
        """Every call of the driver comes by here."""
        if self._owner != threading.get_ident():
            raise RuntimeError("this thread does not have the GPU: it is used inside Device.current")
        if self.lost:
            raise DeviceFaultError(f"{self.name}: the CUDA context is lost: an illegal memory access")

    def _allocate(self, label: str, nbytes: int) -> Block:
        self.call()
        self.allocations += 1
        if self.allocations == self.refused:
            raise DeviceMemoryError(f"{self.name}: {nbytes} bytes asked, 0 free")
        return self.space.allocate(label, nbytes)

    def memory(self, nbytes: int) -> SimulatedMemory:
        if nbytes > self.free_bytes():
            raise DeviceMemoryError(f"{self.name}: {nbytes} bytes asked, {self.free_bytes()} free")
        return SimulatedMemory(self, self._allocate("memory", nbytes))

    def pinned(self, nbytes: int) -> SimulatedPinned:
        return SimulatedPinned(self, self._allocate("pinned memory", nbytes))

    def stream(self) -> SimulatedStream:
        self.call()
        stream = SimulatedStream(self, self.timeline.queue(), 1000 + len(self.timeline.queues))
        self.live[stream] = "stream"
        return stream

    def stream_of(self, handle: int) -> SimulatedStream:
        """What a library makes of a handle."""
        return next(part for part in self.live if isinstance(part, SimulatedStream) and part.handle == handle)

    def event(self) -> SimulatedEvent:
        self.call()
        event = SimulatedEvent(self)
        self.live[event] = "event"
        return event

    def kernel(self, ptx: bytes, name: str) -> SimulatedKernel:
        self.call()
        if f".entry {name}(".encode() not in ptx:
            raise HazardError(f"the PTX has no {name}")
        kernel = SimulatedKernel(self, HostKernel(self._library, name, self.space))
        self.live[kernel] = "kernel"
        return kernel

    def upload(self, address: int, source: np.ndarray, stream: SimulatedStream) -> None:
        self.call()
        self.break_down("upload")
        host, start = self._pinned(source)
        then = source.copy()

        def run(operation: Operation) -> None:
            host.touch(start, start + source.nbytes, operation, writes=False)
            if not np.array_equal(source, then):
                raise HazardError(f"{operation}: the host changed {host.label} in flight")
            self.space.touch(address, source.nbytes, operation, writes=True)[:] = as_bytes(source)

        host.written[start : start + source.nbytes] = True  # the host writes as it likes
        stream.enqueue("upload", run)

    def download(self, target: np.ndarray, address: int, stream: SimulatedStream) -> None:
        self.call()
        self.break_down("download")
        host, start = self._pinned(target)
        as_bytes(target)[:] = POISON

        def run(operation: Operation) -> None:
            host.touch(start, start + target.nbytes, operation, writes=True)
            if not (as_bytes(target) == POISON).all():
                raise HazardError(f"{operation}: the host changed {host.label} in flight")
            as_bytes(target)[:] = self.space.touch(address, target.nbytes, operation, writes=False)

        stream.enqueue("download", run)

    def clear(self, address: int, nbytes: int, stream: SimulatedStream) -> None:
        self.call()
        stream.enqueue("clear", lambda operation: self.space.touch(address, nbytes, operation, writes=True).fill(0))

    def graph(self, stream: SimulatedStream, work: Callable[[], None]) -> SimulatedGraph:
        self.call()
        self.break_down("graph")
        graph = SimulatedGraph(self)
        self.live[graph] = "graph"
        stream.recording = graph.recorded
        try:
            work()
        finally:
            stream.recording = None
        return graph

    def break_down(self, what: str) -> None:
        """Fails, where the test wants it to."""
        if what in self.broken:
            self.broken.remove(what)
            raise EngineError(f"{self.name}: it does not take this {what}")

    def _pinned(self, array: np.ndarray) -> tuple[Block, int]:
        if not array.flags.c_contiguous:
            raise HazardError("a copy of bytes that are not contiguous")
        block, start = self.space.find(array.ctypes.data, array.nbytes)
        if not block.label.startswith("pinned") or block.freed:
            raise HazardError(f"{block.label} is no pinned memory")
        return block, start

    def free_bytes(self) -> int:
        self.call()
        return self.space.total - self.space.used

    def close(self) -> None:
        if self._owner is not None:
            raise HazardError("closed while a thread has it")
        try:
            self._find_what_is_left()
        finally:
            self.forget()

    def forget(self) -> None:
        """Lets go of all memory and work: they refer to each other, and the garbage collector would wait for long."""
        self.space.blocks.clear()
        for queue in self.timeline.queues:
            queue.operations.clear()

    def _find_what_is_left(self) -> None:
        unseen = [q.last for q in self.timeline.queues if q.last and not q.last.is_before(self.timeline.host)]
        self.timeline.finish_all()  # which raises what it would have led to
        if unseen and not self.lost:
            raise HazardError(f"closed before anybody waited for {unseen[0]}")
        left = [block.label for block in self.space.live()] + list(self.live.values())
        if left and not self.lost:
            raise HazardError(f"leaked: {', '.join(left)}")


def as_bytes(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1).view(np.uint8)


class SimulatedMemory:
    def __init__(self, gpu: SimulatedGpu, block: Block) -> None:
        self._gpu = gpu
        self._block = block
        self.address = block.address

    def free(self) -> None:
        self._gpu.call()
        self._block.free(self._gpu.timeline.host)


class SimulatedPinned(SimulatedMemory):
    @property
    def array(self) -> np.ndarray:
        return self._block.raw


class SimulatedResource:
    """What is made and freed."""

    def __init__(self, gpu: SimulatedGpu) -> None:
        self.gpu = gpu

    def free(self) -> None:
        self.gpu.call()
        if self.gpu.live.pop(self, None) is None:
            raise HazardError(f"{type(self).__name__} is freed twice")

    def call(self) -> None:
        self.gpu.call()
        if self not in self.gpu.live and self is not self.gpu.default_stream:
            raise HazardError(f"{type(self).__name__} is used after it was freed")


class SimulatedStream(SimulatedResource):
    def __init__(self, gpu: SimulatedGpu, queue: Queue, handle: int) -> None:
        super().__init__(gpu)
        self.queue = queue
        self.handle = handle
        self.recording: list[tuple[str, Run, int]] | None = None

    def enqueue(self, label: str, run: Run, batch: int = 0) -> Operation | None:
        """Adds work to it, or to the graph that is being recorded; a batch of a network may be refused."""
        if batch in self.gpu.refuses:
            raise EngineError(f"{self.gpu.name}: a batch of {batch} is refused")
        if self.recording is None:
            return self.gpu.timeline.enqueue(self.queue, label, run)
        self.recording.append((label, run, batch))
        return None

    def wait_event(self, event: SimulatedEvent) -> None:
        self.call()
        if self.recording is not None:
            raise HazardError("a wait in a graph")
        self.queue.waits.append(event.recorded())

    def synchronize(self) -> None:
        self.call()
        if self.recording is not None:
            raise HazardError("a wait in a graph")
        if self.queue.last:
            self.gpu.timeline.finish(self.queue.last)

    def free(self) -> None:
        self.gpu.call()
        last = self.queue.last
        if last and not last.is_before(self.gpu.timeline.host):
            raise HazardError(f"a stream is freed before anybody waited for {last}")
        super().free()


class SimulatedEvent(SimulatedResource):
    def __init__(self, gpu: SimulatedGpu) -> None:
        super().__init__(gpu)
        self._operation: Operation | None = None

    def recorded(self) -> Operation:
        self.call()
        if self._operation is None:
            raise HazardError("an event that nothing has recorded")
        return self._operation

    def record(self, stream: SimulatedStream) -> None:
        self.call()
        stream.call()
        self._operation = self.gpu.timeline.enqueue(stream.queue, "event")

    def synchronize(self) -> None:
        self.gpu.timeline.finish(self.recorded())

    def seconds_since(self, earlier: SimulatedEvent) -> float:
        times = []
        for operation in (earlier.recorded(), self.recorded()):
            if operation.finished_at is None or not operation.is_before(self.gpu.timeline.host):
                raise HazardError(f"{operation} has not been passed")
            times.append(operation.finished_at)
        if times[1] < times[0]:
            raise HazardError("the later event was passed first")
        return times[1] - times[0]


class SimulatedKernel(SimulatedResource):
    def __init__(self, gpu: SimulatedGpu, kernel: HostKernel) -> None:
        super().__init__(gpu)
        self._kernel = kernel

    def launch(self, grid, block, argument: np.void, stream: SimulatedStream) -> None:
        self.call()
        self.gpu.break_down("kernel")
        given = np.frombuffer(bytes(memoryview(argument)), np.uint8).copy()  # by value, as a launch takes it
        stream.enqueue("kernel", lambda operation: self._kernel(grid, block, given, operation))


class SimulatedGraph(SimulatedResource):
    def __init__(self, gpu: SimulatedGpu) -> None:
        super().__init__(gpu)
        self.recorded: list[tuple[str, Run, int]] = []

    def launch(self, stream: SimulatedStream) -> None:
        self.call()
        for label, run, batch in self.recorded:
            stream.enqueue(label, run, batch)
