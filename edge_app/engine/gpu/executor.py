"""A model on a GPU, as a slot uses it: whichever library computes it, its work is replayed as CUDA graphs."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from edge_app.core.errors import EngineError
from edge_app.cuda import Device, RecordedGraph, Stream
from edge_app.model import TensorSpec

PLAIN = 2  # runs: what libraries do once must not be recorded, and ONNX Runtime's memory settles with the second
logger = logging.getLogger(__name__)


@dataclass(eq=False)
class GpuExecutor(ABC):
    """A model that computes for one slot.

    Attributes:
        inputs, outputs: Its tensors; the first dimension is the pictures of a batch, all others are known.
        batch: Its fixed batch, or None if it may vary.
        max_batch: Pictures in a batch at most.
        device: The GPU.
        stream: Where it computes.
        recordable: Whether all of its work is on the stream; what the CPU does between would be missing in a graph.
        addresses: The slot's buffers by the tensors' names.
        follow: Enqueues on the stream what is done with the outputs of so many pictures.
        graphs: By size of batch; None if its work cannot be recorded.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    batch: int | None
    max_batch: int
    device: Device
    stream: Stream
    recordable: bool
    addresses: Mapping[str, int] = field(init=False, default_factory=dict)
    follow: Callable[[int], None] = field(init=False, default_factory=lambda: _nothing)
    graphs: dict[int, RecordedGraph | None] = field(init=False, default_factory=dict)

    def bind(self, addresses: Mapping[str, int], follow: Callable[[int], None] | None = None) -> None:
        """Takes the slot's buffers, which stay where they are, and what follows each batch."""
        self.addresses = dict(addresses)
        self.follow = follow or _nothing

    def enqueue(self, batch: int) -> None:
        """Starts the first rows of the buffers on the stream and does not wait for them; raises EngineError.

        The first time of a size it is done plainly, from then on as a graph if it can be recorded.
        """
        if batch not in self.graphs:
            for _ in range(PLAIN):
                self._run(batch)
            self.graphs[batch] = self._record(batch) if self.recordable else None
        elif graph := self.graphs[batch]:
            graph.launch(self.stream)
        else:
            self._run(batch)

    def _run(self, batch: int) -> None:
        self._execute(batch)
        self.follow(batch)

    def _record(self, batch: int) -> RecordedGraph | None:
        try:
            return self.device.graph(self.stream, lambda: self._run(batch))
        except EngineError as error:
            logger.info("batches of %d run without a CUDA graph: %s", batch, str(error))
            with suppress(EngineError):
                self._execute(batch)  # CUDA's runtime tells the failure once more
            return None

    def free(self) -> None:
        """Gives the graphs back and lets go of what the library has made, while the stream is still there."""
        for graph in self.graphs.values():
            if graph is not None:
                graph.free()
        self.graphs.clear()
        self._let_go()

    @abstractmethod
    def _execute(self, batch: int) -> None:
        """Lets the library enqueue a batch; raises EngineError if it refuses."""

    @abstractmethod
    def _let_go(self) -> None:
        """Drops the library's objects."""


def _nothing(batch: int) -> None:
    """Nobody looks at the outputs on the GPU."""


# Makes an executor for each slot, on a device that is current; what the stack gets is freed after the slots.
LoadExecutors = Callable[[Device, ExitStack], Sequence[GpuExecutor]]
