"""A network's work as CUDA graphs, one for each size of batch, whichever library it is that computes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from edge_app.cuda import Device, Graph, Stream
from edge_app.errors import EngineError

PLAIN = 2  # runs: what libraries do once must not be recorded, and ONNX Runtime's memory settles with the second
logger = logging.getLogger(__name__)


class Recorded:
    """Does the work plainly the first time of a size, from then on as a graph where it can be recorded."""

    def __init__(self, device: Device, stream: Stream, execute: Callable[[int], None]) -> None:
        """Takes what enqueues a batch of some size on the stream, at addresses that stay; it raises EngineError."""
        self._device = device
        self._stream = stream
        self._execute = execute
        self._graphs: dict[int, Graph | None] = {}

    def enqueue(self, batch: int) -> None:
        """Starts a batch; raises EngineError."""
        if batch not in self._graphs:
            for _ in range(PLAIN):
                self._execute(batch)
            self._graphs[batch] = self._record(batch)
        elif graph := self._graphs[batch]:
            graph.launch(self._stream)
        else:
            self._execute(batch)

    def _record(self, batch: int) -> Graph | None:
        try:
            return self._device.graph(self._stream, lambda: self._execute(batch))
        except EngineError as error:
            logger.info("batches of %d run without a CUDA graph: %s", batch, str(error))
            with suppress(EngineError):
                self._execute(batch)  # CUDA's runtime tells the failure once more
            return None

    def free(self) -> None:
        """Gives the graphs back."""
        for graph in self._graphs.values():
            if graph is not None:
                graph.free()
        self._graphs.clear()
