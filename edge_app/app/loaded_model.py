"""A model that answers: what it is, and the engine that computes it, in this process or in workers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_app.detector import Detector, start_engine
from edge_app.engine import Engine
from edge_app.engine.config import EngineConfig
from edge_app.publish import ModelIdentity

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What answers frames in this process.

    Attributes:
        detector: In the precision and on the backend that were chosen.
        engine: Warm.
    """

    detector: Detector
    engine: Engine

    @property
    def identity(self) -> ModelIdentity:
        """What messages say of it."""
        return identity_of(self.detector, self.engine.name)

    def close(self) -> None:
        """Ends the engine, which nobody uses any more."""
        self.engine.__exit__(None, None, None)

    def operated_as(self, other: Detector) -> LoadedModel:
        """The same at the thresholds and for the classes of the other, which was read of the same model."""
        return replace(self, detector=self.detector.operated_as(other))


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """What is known here of the model that answers in the workers.

    Attributes:
        detector: As the first worker has it.
        engine: What computes it there.
    """

    detector: Detector
    engine: str

    @property
    def identity(self) -> ModelIdentity:
        """What messages say of it."""
        return identity_of(self.detector, self.engine)


def identity_of(detector: Detector, engine: str) -> ModelIdentity:
    """What messages say of a detector that an engine of that name computes."""
    return ModelIdentity(name=detector.name, sha256=detector.sha256, engine=engine, precision=detector.precision)


def load_model(detector: Detector, config: EngineConfig, keep_building: Callable[[], bool]) -> LoadedModel:
    """Loads the detector, or what runs in its place, which answers a blank batch; raises as `start_engine`."""
    model = LoadedModel(*start_engine(detector, config, keep_building))
    detector = model.detector
    because = detector.backend.because
    logger.info("model %s, %s, on %s: %s", detector.name, detector.precision, model.engine.name, because)
    return model
