"""What a backend is: what computes a detector, what it requires and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from edge_app.detector.qualification import Int8Qualification
from edge_app.engine.config import EngineConfig
from edge_app.engine.slot import Engine
from edge_app.model import InputSpec, Model, ModelSignature, Precision
from edge_app.postprocess import CellLayout, Network

Int8Gain = Literal["none", "measured", "certain"]


@dataclass(frozen=True, slots=True)
class OpenedEngine:
    """An engine that is warm and has answered what its model was asked.

    Attributes:
        engine: The engine.
        agreement: Its answers to the golden inputs against FP32's, mAP50; None if there was nothing to answer.
    """

    engine: Engine
    agreement: float | None = None


class Resolved(Protocol):
    """What a backend needs to know of a detector."""

    @property
    def name(self) -> str:
        """Of the model's card or file."""

    @property
    def precision(self) -> Precision:
        """What it is computed in."""

    @property
    def signature(self) -> ModelSignature:
        """Its inputs and outputs."""

    @property
    def input(self) -> InputSpec:
        """Its preprocessing."""

    @property
    def constants(self) -> Mapping[str, NDArray[Any]]:
        """What its inputs besides the picture are fed, by name: one picture's row, shape (1, …)."""

    @property
    def layout(self) -> CellLayout | None:
        """Of its outputs' cells, if it is of a family that has some."""

    @property
    def qualification(self) -> Int8Qualification | None:
        """What its INT8 must answer; None if there is nothing."""


class Backend(Protocol):
    """What computes a detector: one object for each library and device, made without loading either.

    A model need not be a file here. The backend of a model server reads the signature from the server, with the
    model's address as its `source`, takes the digest from the model's card, gains nothing by INT8 (which the server
    has chosen), wants BGR on the host, and opens an engine whose slots send requests. Decoder, labels and thresholds
    come from card and configuration, as for a file.
    """

    @property
    def because(self) -> str:
        """Why this one was chosen, in words."""

    @property
    def fallback(self) -> Backend | None:
        """What runs instead if this one, which nobody named, cannot run the model."""

    @property
    def reads_surfaces(self) -> bool:
        """Whether the engine reads a decoder's planes as they are, on the GPU or the host; else it wants BGR."""

    @property
    def int8_gain(self) -> Int8Gain:
        """Whether INT8 beats `float_precision` here: never, on some machines (it must be measured), or always."""

    def float_precision(self, model: Model) -> Precision:
        """What `precision: auto` is if INT8 is not chosen; of a card without FP32 it may be `int8` itself."""

    def read(self, model: Model, precision: Precision) -> ModelSignature:
        """The signature of what would compute the model in that precision.

        Raises:
            ConfigError: The model has no such precision, nor can this backend make it.
            InputError, DataError: The file is missing, or no model that this backend takes.
        """

    def network(self, signature: ModelSignature) -> Network | None:
        """What computes the model once or twice if its layout is not clear; None if nothing can before it is opened."""

    def digest(self, signature: ModelSignature) -> str:
        """The SHA-256 of the model, in hexadecimal: the wire's `model.sha256`."""

    def open(self, detector: Resolved, config: EngineConfig, keep_building: Callable[[], bool]) -> OpenedEngine:
        """Loads the model, which answers a blank picture and its golden inputs; only now is the library imported.

        Args:
            detector: What is to run, which was read for this backend.
            config: How it runs.
            keep_building: Asked again and again while something is built, in another thread.

        Raises:
            StoppedError: The build was cancelled.
            DataError: The model cannot run, or its INT8 answers the golden inputs badly.
            DeviceError: The GPU is not supported.
            AccessError: What was built cannot be kept.
        """

    def bare(self, detector: Resolved, config: EngineConfig) -> Callable[[], int] | None:
        """What only computes a batch as the engine would, for `bench`, and returns how many pictures that is.

        None if no engine of this backend computes without moving pictures too.
        """
