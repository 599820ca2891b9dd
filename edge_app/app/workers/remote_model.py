"""The model that answers in the workers."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.app.loaded_model import identity_of
from edge_app.detector import Detector
from edge_app.publish import ModelIdentity


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """What is known of it here.

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
