"""A model server as a backend: the model is wherever that has it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.core.errors import DataError, EngineAwayError, EngineError
from edge_app.detector.backend import Int8Gain, OpenedEngine, Resolved
from edge_app.engine.config import EngineConfig
from edge_app.engine.kserve.engine import KserveEngine
from edge_app.engine.kserve.server import ModelServer, digest_of, signature_of
from edge_app.model import Model, ModelSignature, Precision
from edge_app.postprocess import Network, RawOutputs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kserve:
    """A server of the KServe v2 protocol, such as NVIDIA Triton; see `Backend`.

    Attributes:
        config: Which server.
        because: As the protocol's.
    """

    config: EngineConfig
    because: str
    fallback: ClassVar[None] = None
    reads_surfaces: ClassVar[bool] = False
    int8_gain: ClassVar[Int8Gain] = "none"  # the server has chosen

    def float_precision(self, model: Model) -> Precision:
        return "server"

    def read(self, model: Model, precision: Precision) -> ModelSignature:
        """What the server says of the model; raises EngineAwayError too."""
        server = ModelServer(self.config)
        try:
            return signature_of(server.describe(), server.address, model.input_wh)
        finally:
            server.close()

    def network(self, signature: ModelSignature) -> Network:
        return _ServedNetwork(self.config)

    def digest(self, signature: ModelSignature) -> str:
        return digest_of(signature)

    def open(self, detector: Resolved, config: EngineConfig, keep_building: Callable[[], bool]) -> OpenedEngine:
        """Raises EngineAwayError too."""
        with ExitStack() as stack:
            server = ModelServer(config)
            stack.callback(server.close)
            try:
                served, signature = server.describe(), detector.signature
                engine = KserveEngine(server, served, signature, detector.input, config, detector.constants)
            except EngineAwayError:
                raise
            except EngineError as error:
                raise DataError(f"{server.address}: the model fails on a blank picture: {error}") from error
            stack.pop_all()
        return OpenedEngine(engine)

    def bare(self, detector: Resolved, config: EngineConfig) -> None:
        return None


class _ServedNetwork:
    """The server, asked with a connection of its own."""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config

    def answer(self, feed: Mapping[str, NDArray[Any]]) -> RawOutputs | None:
        """The outputs; None if the server does not compute them."""
        server = ModelServer(self._config)
        try:
            return server.compute(feed)
        except EngineError as error:
            logger.debug("%s: a test picture: %s", server.address, error)
            return None
        finally:
            server.close()
