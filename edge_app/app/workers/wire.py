"""What the main process and a worker tell each other, beside messages for the sinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.core.camera_status import CameraHealth, CameraStatus
from edge_app.core.detections import Result
from edge_app.core.engine_status import EngineStatus
from edge_app.core.frames import Frame
from edge_app.core.metrics_changes import MetricsChanges
from edge_app.detector import Detector
from edge_app.evidence.jobs import JobKind

if TYPE_CHECKING:
    from edge_app.app.config import AppConfig

Epochs = Mapping[str, int | None]
"""Cameras, each with its epoch in a fleet."""


# To a worker.


@dataclass(frozen=True, slots=True)
class Prepare:
    """Loads the model."""

    config: AppConfig
    number: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Reads these cameras."""

    cameras: Epochs


@dataclass(frozen=True, slots=True)
class Read:
    """Reads one more camera, or one that has another epoch now."""

    camera: str
    epoch: int | None


@dataclass(frozen=True, slots=True)
class Drop:
    """Reads a camera no more."""

    camera: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Runs this configuration from now on, and reads these cameras; the answer is `Reloaded` of that number."""

    number: int
    config: AppConfig
    cameras: Epochs


@dataclass(frozen=True, slots=True)
class Watched:
    """Cameras of which somebody wants packets, frames or results; None: the results of all."""

    packets: frozenset[str]
    frames: frozenset[str]
    results: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a `Keep`: why it could not be kept, or nothing."""

    number: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends, in order."""


# Of a worker.


@dataclass(frozen=True, slots=True)
class Building:
    """It builds an engine, and says so again, or something else, within this time [s]."""

    within_s: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """What answers the frames."""

    detector: Detector
    engine: str


@dataclass(frozen=True, slots=True)
class Reloaded:
    """It runs the new configuration; or why it runs the one before, with the error's exit code."""

    number: int
    model: Loaded
    code: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A camera is this from now on."""

    camera: str
    status: CameraStatus


@dataclass(frozen=True, slots=True)
class Report:
    """How everything is, several times a second.

    Attributes:
        cameras: By name.
        engine: What computes.
        describing: What describes pictures, if there is something.
        metrics: What was counted and measured since the last report.
        drafts: Of clips that are being written.
    """

    cameras: Mapping[str, CameraHealth]
    engine: EngineStatus
    describing: EngineStatus | None
    metrics: MetricsChanges
    drafts: frozenset[Path]


@dataclass(frozen=True, slots=True)
class ToKeep:
    """Something of an event: its document, or a file by its name, with its content or as a draft beside it."""

    kind: JobKind
    name: str = ""
    content: bytes = b""
    draft: Path | None = None


@dataclass(frozen=True, slots=True)
class Keep:
    """All of it is to be kept, and the answer is `Kept`."""

    number: int
    what: Sequence[ToKeep]


@dataclass(frozen=True, slots=True)
class SeenPacket:
    """A coded packet of a camera that is watched; times as of `CodedPacket`, `connection` tells streams apart."""

    camera: str
    connection: int
    codec: str
    extradata: bytes | None
    orientation: int
    data: bytes
    pts: int | None
    dts: int | None
    time_base: tuple[int, int] | None
    is_key: bool
    wall: float
    timeline_s: float


@dataclass(frozen=True, slots=True)
class PacketsEnded:
    """No more packets come of a connection."""

    camera: str
    why: str


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A frame of a camera that is watched."""

    frame: Frame
    result: Result


@dataclass(frozen=True, slots=True)
class SeenResult:
    """What was found in a frame of a camera that is watched."""

    result: Result


@dataclass(frozen=True, slots=True)
class RunEnded:
    """It has ended.

    Attributes:
        code: Of its error; 0 if there was none.
        error: In words.
        cameras: That it had, if it has ended by itself, because all of their sources have.
    """

    code: int = 0
    error: str = ""
    cameras: frozenset[str] = frozenset()

    @property
    def by_itself(self) -> bool:
        """Whether nothing is to be started again."""
        return bool(self.cameras)
