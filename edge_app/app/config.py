"""The configuration as a whole: its sections, their bounds and defaults."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from edge_app.analytics.analytics import AnalyticsConfig
from edge_app.analytics.config import EventsConfig, TrackConfig
from edge_app.analytics.scene import SceneConfig
from edge_app.analytics.schedule import TimeZoneName, time_zone
from edge_app.capture.config import CameraConfig
from edge_app.capture.sources.address import redacted
from edge_app.config import load, schema_of
from edge_app.config.issue import Keys, dotted
from edge_app.config.section import ConfigPath, Name, Section, secrets_of, wrong
from edge_app.core.errors import ConfigError, EdgeAppError
from edge_app.core.paths import default_state_dir
from edge_app.core.redaction import HIDDEN
from edge_app.detector import DetectorConfig
from edge_app.detector.config import DetectConfig
from edge_app.engine.config import EngineConfig
from edge_app.model.config import ModelConfig
from edge_app.publish.sinks import AnySinkConfig
from edge_app.publish.sinks.stdout import StdoutSinkConfig


class ShutdownConfig(Section):
    """How the program ends."""

    drain_s: float = Field(default=10.0, ge=0)
    """At the end of files: how long [s] queued messages are still delivered; what is left then is exit code 75."""


class CameraSection(SceneConfig, CameraConfig):
    """A camera, and what its picture shows."""


class AppConfig(Section):
    """The whole file."""

    model: ModelConfig
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
    timezone: TimeZoneName | None = None
    """Where the cameras are, such as Europe/Berlin: when zones and lines are awake, and when a day begins; null: as the
    system has it."""
    publish: tuple[AnySinkConfig, ...] = Field(default=(StdoutSinkConfig(),), min_length=1)
    """Where messages go; without it, to the standard output alone. Two of a type need two names."""
    shutdown: ShutdownConfig = ShutdownConfig()
    """How the program ends."""
    state_dir: ConfigPath = Field(default_factory=lambda: default_state_dir(os.environ))
    """Folder for what outlives the program; $STATE_DIRECTORY, else edge_app in $XDG_STATE_HOME or ~/.local/state."""

    _base: Path = PrivateAttr(default_factory=Path)
    _complain: Callable[[Keys, str], str] = PrivateAttr(default_factory=lambda: _without_place)
    _variables: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def base(self) -> Path:
        """The folder of the file; its relative paths were resolved against it."""
        return self._base

    @property
    def secrets(self) -> dict[str, str]:
        """What must not be shown, and what may be instead: passwords, values of variables, the cameras' URLs."""
        shown: dict[str, str] = {}
        for url in (camera.url for camera in self.cameras.values() if "://" in camera.url):
            # Whole, as libraries show it, and without its host, as it is requested.
            shown |= {url: redacted(url), _target(url): _target(redacted(url))}
        return dict.fromkeys([*self._variables, *secrets_of(self)], HIDDEN) | shown

    def cautions(self, path: Path) -> Iterator[str]:
        """What is allowed and unwise, of the file at `path`."""
        if path.stat().st_mode & stat.S_IROTH and any(self._in_clear(secret) for secret in secrets_of(self)):
            yield "everybody here may read it, and it holds a password: chmod o-r it, or write ${NAME} for the password"
        for index, sink in enumerate(self.publish):
            yield from (f"publish[{index}]: {caution}" for caution in sink.cautions())

    def _in_clear(self, secret: str) -> bool:
        return not any(value in secret for value in self._variables)

    @property
    def time_zone(self) -> tzinfo | None:
        """Where the cameras are; None: as the system has it."""
        return time_zone(self.timezone)

    def analytics(self, scene: SceneConfig) -> AnalyticsConfig:
        """What the analytics of a camera that shows this scene are made from."""
        return AnalyticsConfig(track=self.track, events=self.events, scene=scene, time_zone=self.time_zone)

    @property
    def detector(self) -> DetectorConfig:
        """What the detector is made from."""
        return DetectorConfig(self.model, self.engine, self.detect, self.base, self.state_dir, self.blame)

    @contextmanager
    def blame(self, *keys: str | int, of: tuple[type[EdgeAppError], ...] = (ConfigError,)) -> Iterator[None]:
        """Puts the file, the place and the key before an error of the block, which only the parts could find.

        Args:
            keys: The way to the value that is to blame.
            of: Kinds of errors that it is to blame for; each stays what it is.
        """
        try:
            yield
        except of as error:
            raise type(error)(self._complain(keys, str(error))) from None

    @model_validator(mode="before")
    @classmethod
    def _state_dir_of_the_loader(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, dict) and info.context:
            return {"state_dir": str(info.context["state_dir"]), **value}
        return value

    def model_post_init(self, context: Any) -> None:
        """Remembers what the loader alone knows: the folder of the file, and where its keys stand."""
        self._base = (context or {}).get("base", self._base)
        self._complain = (context or {}).get("complain", self._complain)
        self._variables = (context or {}).get("variables", self._variables)

    @field_validator("cameras")
    @classmethod
    def _one_is_enabled(cls, cameras: dict[str, CameraConfig]) -> dict[str, CameraConfig]:
        if not any(camera.enabled for camera in cameras.values()):
            raise wrong("none of them is enabled")
        return cameras

    @field_validator("publish")
    @classmethod
    def _nothing_is_overwritten(cls, sinks: tuple[AnySinkConfig, ...], info: ValidationInfo) -> Any:
        cameras: Mapping[str, CameraConfig] = info.data.get("cameras", {})
        used = {path: f"camera {name} reads" for name, camera in cameras.items() if (path := camera.path)}
        if this_file := (info.context or {}).get("file"):
            used[this_file] = "is the configuration"
        for index, sink in enumerate(sinks):
            for path, what in used.items():
                if (written := sink.file) and written.exists() and path.exists() and written.samefile(path):
                    raise wrong(f"want another file than this one, which {what}", index, *sink.file_location)
        return sinks

    @model_validator(mode="after")
    def _what_needs_tracks_has_them(self) -> AppConfig:
        needs = next(
            (f"camera {name} has" for name, camera in self.cameras.items() if camera.zones or camera.lines), None
        )
        if self.track is not None and self.track.tracker == "none" and (needs or self.events is not None):
            what = f"{needs} zones or lines" if needs else "there is `events`"
            raise wrong(f"want a tracker: {what}, which need tracks", "track", "tracker")
        return self

    @field_validator("publish")
    @classmethod
    def _sinks_differ(cls, sinks: tuple[AnySinkConfig, ...]) -> tuple[Any, ...]:
        names: set[str] = set()
        paths: set[Path | None] = set()
        for index, sink in enumerate(sinks):
            if sink.name in names:
                raise wrong(f"a second sink named {sink.name}; give it another `name`", index)
            if sink.file in paths:
                raise wrong("another sink writes this file", index)
            names.add(sink.name)
            paths |= {sink.file} if sink.file else set()
        return sinks


def _target(url: str) -> str:
    """Path and query of a URL."""
    return re.sub(r"^[^:]*://[^/?#]*", "", url)


def _without_place(keys: Keys, words: str) -> str:
    """A complaint about a configuration that came from no file."""
    return f"{dotted(keys)}: {words}"


def load_config(path: Path, environ: Mapping[str, str]) -> AppConfig:
    """The configuration in `path`; `environ` fills its variables.

    Raises:
        ConfigError: It holds a mistake; the text is the line `FILE:LINE:COLUMN: key: what is wrong`.
        InputError: There is no such file.
        AccessError: It may not be read.
    """
    return load(AppConfig, path, environ, {"state_dir": default_state_dir(environ)})


def config_schema() -> str:
    """The configuration's JSON Schema as a document, with descriptions, bounds and defaults."""
    return json.dumps(schema_of(AppConfig, "edge_app configuration"), indent=2, ensure_ascii=False)
