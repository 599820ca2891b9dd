"""The sections of the configuration, their bounds and defaults."""

from __future__ import annotations

import os

from pydantic import Field

from edge_app.analytics.config import EventsConfig, TrackConfig
from edge_app.analytics.scene import SceneConfig
from edge_app.app.workers.config import WorkersConfig
from edge_app.capture.config import CameraConfig
from edge_app.config.schedule import TimeZoneName
from edge_app.config.section import ConfigPath, Flag, Name, Section
from edge_app.core.paths import default_state_dir
from edge_app.detector.config import DetectConfig
from edge_app.engine.config import EngineConfig
from edge_app.evidence.config import EvidenceConfig, PrivacyConfig
from edge_app.evidence.describe.config import DescribeConfig
from edge_app.fleet import FleetConfig
from edge_app.machine import LimitsConfig
from edge_app.model.config import ModelConfig
from edge_app.publish.sinks.registry import AnySinkConfig
from edge_app.publish.sinks.stdout import StdoutSinkConfig
from edge_app.web.config import WebConfig


class ShutdownConfig(Section):
    """How the program ends."""

    drain_s: float = Field(default=10.0, ge=0)
    """At the end of files: how long [s] queued messages are still delivered; what is left then is exit code 75."""


class ReloadConfig(Section):
    """When the file is loaded again while the program runs; SIGHUP and `edge-app reload` always do that."""

    watch: Flag = False
    """Whether that also happens when the file has changed."""


class CameraSection(PrivacyConfig, SceneConfig, CameraConfig):
    """A camera, what its picture shows, and what of it nobody is to see."""

    worker: int | None = Field(default=None, ge=0)
    """Number of the worker process that reads it, from 0; null: the one that has the least to do."""


class ConfigSections(Section):
    """All that a file may hold."""

    model: ModelConfig = ModelConfig()
    """The model that looks at the pictures."""
    engine: EngineConfig = EngineConfig()
    """What computes it."""
    cameras: dict[Name, CameraSection] = Field(min_length=1)
    """Cameras by name, made of a-z, 0-9 and _; the name is part of topics, messages and metrics."""
    detect: DetectConfig = DetectConfig()
    """Which detections count."""
    track: TrackConfig | None = None
    """How objects are followed from frame to frame, which gives them a `track_id`; null: only where zones, lines or
    `events` need it."""
    events: EventsConfig | None = None
    """Which events are sent, those of cameras among them; null: those of zones and lines, and where there is `track`
    those of tracks."""
    evidence: EvidenceConfig | None = None
    """What is kept of events: pictures, clips and a database, in the state folder; null: nothing is."""
    describe: DescribeConfig | None = None
    """What a vision language model says of the pictures of events; null: nobody is asked."""
    timezone: TimeZoneName | None = None
    """Where the cameras are, such as Europe/Berlin: when zones and lines are awake, and when a day begins; null: as the
    system has it."""
    publish: tuple[AnySinkConfig, ...] = Field(default=(StdoutSinkConfig(),), min_length=1)
    """Where messages go; without it, to the standard output alone. Two of a type need two names."""
    limits: LimitsConfig = LimitsConfig()
    """What the program may take of the machine."""
    web: WebConfig | None = None
    """Probes, metrics and an API over HTTP; null: nothing listens."""
    workers: WorkersConfig = WorkersConfig()
    """The processes that analyse the cameras, several for many cameras or GPUs."""
    fleet: FleetConfig | None = None
    """The boxes that share these cameras; null: this one reads them all."""
    shutdown: ShutdownConfig = ShutdownConfig()
    """How the program ends."""
    reload: ReloadConfig = ReloadConfig()
    """When the file is loaded again while the program runs."""
    state_dir: ConfigPath = Field(default_factory=lambda: default_state_dir(os.environ))
    """Folder for what outlives the program; $STATE_DIRECTORY, else edge_app in $XDG_STATE_HOME or ~/.local/state."""
