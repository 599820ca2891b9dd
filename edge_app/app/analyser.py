"""What analyses cameras: this process itself, or worker processes."""

from __future__ import annotations

from typing import Protocol

from edge_app.app.config_sections import CameraSection
from edge_app.capture import Source
from edge_app.core.camera_status import CameraHealth, CameraStatus
from edge_app.core.engine_status import EngineStatus
from edge_app.core.packets import PacketTap
from edge_app.core.tap import Tap
from edge_app.detector import Detector
from edge_app.publish import ModelIdentity


class AnsweringModel(Protocol):
    """The model that answers frames, wherever it is loaded."""

    @property
    def detector(self) -> Detector:
        """In the precision and on the backend that were chosen."""
        ...

    @property
    def identity(self) -> ModelIdentity:
        """What messages say of it."""
        ...


class Analyser(Protocol):
    """Frames of its cameras in, messages out. One thread adds, removes and supervises its cameras."""

    @property
    def model(self) -> AnsweringModel:
        """What answers the frames."""
        ...

    @property
    def has_pictures(self) -> bool:
        """Whether this process has the pictures, so that evidence is made in it."""
        ...

    @property
    def engine_status(self) -> EngineStatus:
        """How the engine is doing; of several the first that fails. Any thread may ask."""
        ...

    @property
    def describing(self) -> EngineStatus | None:
        """How the model that describes pictures is doing; None where there is none. Any thread may ask."""
        ...

    @property
    def error(self) -> BaseException | None:
        """Of a file among the cameras that could not be read, which has ended nothing else."""
        ...

    def add(self, name: str, source: Source, config: CameraSection) -> None:
        """Starts a camera, unless its configuration disables it.

        Raises:
            EndedError: The analysis has ended with its last source: nobody would analyse the camera's frames.
        """
        ...

    def remove(self, name: str) -> None:
        """Ends a camera, whose last status is `disabled`; its subscribers stay, for another one of that name."""
        ...

    def tap(self, camera: str | None = None) -> Tap:
        """Where a camera's frames can be watched, whether it is there already or not; None: those of all cameras."""
        ...

    def packet_tap(self, camera: str) -> PacketTap:
        """Where a camera's coded packets can be had, whether it is there already or not."""
        ...

    def worker_of(self, camera: str) -> int | None:
        """The number of the worker process that reads it; None where this process does. Any thread may ask."""
        ...

    def statuses(self) -> dict[str, CameraStatus]:
        """How each camera is doing; any thread may ask."""
        ...

    def health(self) -> dict[str, CameraHealth]:
        """The same, with what comes of their frames; any thread may ask."""
        ...

    def start(self) -> None:
        """Begins to analyse; cameras of finite sources must have been added, because it ends with the last of them."""
        ...

    def supervise(self) -> None:
        """Finds what is silent, stuck or dead; to be called several times a second.

        Raises:
            EdgeAppError: A worker process has died too often.
        """
        ...

    def join(self, timeout_s: float) -> bool:
        """Waits for the analysis to end, for at most that long [s]; returns whether it has."""
        ...

    def stop_cameras(self) -> None:
        """Ends all cameras without waiting for their threads; what finite sources have captured is still analysed."""
        ...

    def close(self) -> None:
        """Ends what computes the model, once the analysis has ended."""
        ...
