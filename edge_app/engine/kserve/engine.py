"""A model on a server: slots that send batches, each with a request of its own on its way."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.core.errors import EngineAwayError, EngineError
from edge_app.core.frames import Picture
from edge_app.engine.config import EngineConfig
from edge_app.engine.kserve.buffers import Buffers
from edge_app.engine.kserve.connection import Connection
from edge_app.engine.kserve.region import is_abandoned, remove_abandoned
from edge_app.engine.kserve.server import ModelServer, ServedModel
from edge_app.engine.kserve.slot import KserveSlot
from edge_app.model import InputSpec, ModelSignature, Thresholds

logger = logging.getLogger(__name__)


class KserveEngine:
    """The model on its server; leaving the block ends the connection, and the server lets go of shared memory.

    Frames are dropped while the server is away, and computed again once it is back.
    """

    name = "kserve"
    concurrent_slots = False  # the server may do that; outputs live in buffers of which a slot has one set

    def __init__(
        self,
        server: ModelServer,
        served: ServedModel,
        signature: ModelSignature,
        spec: InputSpec,
        config: EngineConfig,
        constants: Mapping[str, NDArray[Any]],
    ) -> None:
        """Lets the server compute a blank picture for each slot.

        Args:
            server: The model; closed with the engine.
            served, signature: What it says of itself.
            spec: Its preprocessing; one that takes bytes does all but the letterbox by itself.
            config: How it runs.
            constants: What its inputs besides the picture are fed, by name: one picture's row, shape (1, …).

        Raises:
            EngineAwayError, EngineError: The server does not answer, or refuses.
            DataError: The preprocessing does not fit its input.
        """
        self.max_batch = signature.batch or min(config.max_batch, served.max_batch or config.max_batch)
        self._server, self._config, self._constants = server, config, constants
        self._signature, self._spec = signature, _of_bytes(spec) if signature.picture.dtype == "uint8" else spec
        self._connection = Connection(server, served, self._renew)
        self.slots: tuple[KserveSlot, ...] = ()
        with ExitStack() as stack:
            stack.callback(self.close)
            for _ in range(config.slots):
                self.slots += (KserveSlot(server, self._connection, self._buffers(), signature.batch),)
            self._tidy()
            blank = Picture.from_bgr(np.zeros((spec.height, spec.width, 3), np.uint8))
            for slot in self.slots:
                slot.submit([blank])
                slot.wait()
            stack.pop_all()

    def select(self, thresholds: Thresholds | None) -> None:
        """Leaves outputs whole: the server does not know what they mean."""

    def __enter__(self) -> KserveEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends it; a server that is away is not waited for."""
        self._connection.close()
        for slot in self.slots:
            self._let_go(slot.buffers)
        self._server.close()

    def _renew(self) -> None:
        """Other buffers for every slot: a server that was slow may still write into those of its last request."""
        for slot in self.slots:
            before = slot.buffers
            slot.use(self._buffers())
            self._let_go(before)

    def _buffers(self) -> Buffers:
        """Those of one slot, in shared memory if that is wanted and the server has it."""
        if self._config.shared_memory is not False:
            try:
                return self._shared_buffers()
            except EngineAwayError:
                raise
            except (EngineError, OSError) as error:
                if self._config.shared_memory is True:
                    raise EngineError(f"{self._server.address}: no shared memory with it: {error}") from error
                logger.info("%s: pictures are sent, there is no shared memory with it: %s", self._server.address, error)
        return Buffers(self._signature, self._spec, self.max_batch, self._constants, shared=False)

    def _shared_buffers(self) -> Buffers:
        buffers = Buffers(self._signature, self._spec, self.max_batch, self._constants, shared=True)
        try:
            for region in buffers.regions:
                self._server.register(region.name, region.size)
        except EngineError:
            self._let_go(buffers)
            raise
        return buffers

    def _tidy(self) -> None:
        """Takes away from the server what it was shown by processes of ours that were killed."""
        if any(slot.buffers.regions for slot in self.slots):  # it sees our /dev/shm
            remove_abandoned()
            for name in filter(is_abandoned, self._server.regions()):
                self._server.unregister(name)

    def _let_go(self, buffers: Buffers) -> None:
        for region in buffers.regions:
            if self._connection.away is None:
                with suppress(EngineError):
                    self._server.unregister(region.name)
        buffers.remove()


def _of_bytes(spec: InputSpec) -> InputSpec:
    """The same letterbox, without what a model that takes bytes does by itself."""
    return spec.model_copy(update={"scale": 1.0, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)})
