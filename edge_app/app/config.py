"""The configuration as a whole: its sections, their bounds and defaults."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, SecretStr, ValidationInfo, field_validator, model_validator

from edge_app.analytics.analytics import AnalyticsConfig
from edge_app.analytics.config import EventsConfig, TrackConfig
from edge_app.analytics.scene import Areas, SceneConfig
from edge_app.app.workers.config import WorkersConfig
from edge_app.capture.config import CameraConfig
from edge_app.capture.sources.address import redacted
from edge_app.config import load, schema_of
from edge_app.config.issue import Keys, dotted
from edge_app.config.schedule import TimeZoneName, time_zone
from edge_app.config.section import ConfigPath, Flag, Name, Section, secrets_of, wrong
from edge_app.core.errors import ConfigError, EdgeAppError
from edge_app.core.paths import default_state_dir
from edge_app.core.redaction import HIDDEN, Redactor
from edge_app.detector import DetectorConfig
from edge_app.detector.config import DetectConfig
from edge_app.engine.config import EngineConfig
from edge_app.evidence.config import EvidenceConfig, PrivacyConfig
from edge_app.evidence.describe.config import DescribeConfig
from edge_app.evidence.names import EVIDENCE
from edge_app.fleet import FleetConfig
from edge_app.machine import LimitsConfig
from edge_app.model.config import ModelConfig
from edge_app.publish.pictures import EventPictures
from edge_app.publish.sinks.registry import AnySinkConfig
from edge_app.publish.sinks.stdout import StdoutSinkConfig
from edge_app.web.config import WebConfig

SECRET = str(SecretStr("any"))  # what pydantic writes for each


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


class AppConfig(Section):
    """The whole file."""

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
        return dict.fromkeys([*self._variables, *self._secrets()], HIDDEN) | shown

    def cautions(self, path: Path) -> Iterator[str]:
        """What is allowed and unwise, of the file at `path`."""
        if path.stat().st_mode & stat.S_IROTH and any(map(self._in_clear, self._secrets())):
            yield "everybody here may read it, and it holds a password: chmod o-r it, or write ${NAME} for the password"
        for index, sink in enumerate(self.publish):
            yield from (f"publish[{index}]: {caution}" for caution in sink.cautions())
        for name, section in (("describe", self.describe), ("web", self.web)):
            if section is not None:
                yield from (f"{name}: {caution}" for caution in section.cautions())

    def shown(self) -> dict[str, Any]:
        """All of it as JSON has it, defaults too, with nothing that must not be shown."""
        hide = Redactor(self.secrets).hide

        def masked(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: masked(each) for key, each in value.items()}
            if isinstance(value, list):
                return [masked(each) for each in value]
            if not isinstance(value, str):
                return value
            return HIDDEN if value == SECRET else hide(redacted(value) if "://" in value else value)

        document: dict[str, Any] = masked(self.model_dump(mode="json", by_alias=True))
        return document

    def _secrets(self) -> Iterator[str]:
        yield from secrets_of(self)
        for sink in self.publish:
            yield from sink.secret_parts()
        if self.describe is not None:
            yield from self.describe.secret_parts()

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
    def privacy(self) -> dict[str, Areas]:
        """What nobody is to see in the pictures of each camera."""
        everywhere = self.evidence.privacy if self.evidence is not None else ()
        return {name: everywhere + camera.privacy for name, camera in self.cameras.items()}

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
            blamed = type(error)(self._complain(keys, str(error)))
            if isinstance(blamed, ConfigError):
                blamed.complaints = ((dotted(keys), str(error)),)
            raise blamed from None

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
        self._tell_sinks()

    def of_worker(self, number: int) -> AppConfig:
        """What the worker process of that number runs: with its own GPU, or its share of cores, disk and questions."""
        changed: dict[str, Any] = {"engine": self.workers.engine(self.engine, number)}
        if self.evidence is not None:
            keep = self.evidence.keep
            share = keep.model_copy(update={"max_mb": keep.max_mb / self.workers.count})
            changed["evidence"] = self.evidence.model_copy(update={"keep": share})
        if self.describe is not None:
            often = max(1, self.describe.max_per_minute // self.workers.count)
            changed["describe"] = self.describe.model_copy(update={"max_per_minute": often})
        return self.model_copy(update=changed)

    @property
    def beside_workers(self) -> AppConfig:
        """The same for the process that sees no picture: it makes no evidence, and keeps what is made of it."""
        if self.evidence is None:
            return self
        snapshots = self.evidence.snapshots.model_copy(update={"types": ()})
        evidence = self.evidence.model_copy(update={"snapshots": snapshots, "clips": None})
        return self.model_copy(update={"evidence": evidence, "describe": None})

    def __getstate__(self) -> dict[Any, Any]:
        """For a worker process; where keys stand in the file, only the process knows that has read it."""
        state = super().__getstate__()
        private = {**state["__pydantic_private__"], "_complain": _without_place}
        return {**state, "__pydantic_private__": private}

    def keeping(self, other: AppConfig, keys: Iterable[str]) -> AppConfig:
        """The same with these sections of another one."""
        kept = self.model_copy(update={key: getattr(other, key) for key in keys})
        kept._tell_sinks()
        return kept

    def _tell_sinks(self) -> None:
        """What of other sections they need."""
        address = self.web.address if self.web is not None else None
        for sink in self.publish:
            sink.use_time_zone(self.time_zone)
            sink.use_box(None if self.fleet is None else self.fleet.box)
            sink.use_pictures(EventPictures(self.state_dir / EVIDENCE, address))

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
    def _there_is_a_model(self) -> AppConfig:
        if self.model.name is None and self.model.onnx is None and self.engine.backend != "kserve":
            raise wrong("want name or onnx", "model")
        return self

    @model_validator(mode="after")
    def _workers_that_are_named_are_there(self) -> AppConfig:
        for name, camera in self.cameras.items():
            if camera.worker is not None and camera.worker >= max(1, self.workers.count):
                raise wrong(
                    f"there is no such worker: `workers` has {self.workers.count or 1}", "cameras", name, "worker"
                )
        return self

    @model_validator(mode="after")
    def _what_needs_tracks_has_them(self) -> AppConfig:
        needs = next(
            (f"camera {name} has" for name, camera in self.cameras.items() if camera.zones or camera.lines), None
        )
        if self.track is not None and self.track.tracker == "none" and (needs or self.events is not None):
            what = f"{needs} zones or lines" if needs else "there is `events`"
            raise wrong(f"want a tracker: {what}, which need tracks", "track", "tracker")
        return self

    @model_validator(mode="after")
    def _what_is_measured_is_told(self) -> AppConfig:
        silent = self.events is None and (self.track is None or self.track.tracker == "none")
        for name, camera in self.cameras.items():
            if silent and camera.ground is not None and not (camera.zones or camera.lines):
                raise wrong(
                    "no event would tell a speed; want `events`, `track`, a zone or a line", "cameras", name, "ground"
                )
        return self

    @model_validator(mode="after")
    def _what_is_described_has_pictures(self) -> AppConfig:
        if self.describe is None:
            return self
        if self.evidence is None:
            raise wrong("needs `evidence`, whose pictures it describes", "describe")
        pictured = self.evidence.snapshots.types
        for index, kind in enumerate(self.describe.types):
            if kind not in pictured:
                raise wrong(f"has no picture; want {kind} in evidence.snapshots.types", "describe", "types", index)
        return self

    @model_validator(mode="after")
    def _what_is_told_if_it_is_verified_is_verified(self) -> AppConfig:
        for index, sink in enumerate(self.publish):
            if sink.wants_verified and (self.describe is None or self.describe.verify is None):
                raise wrong("nothing would be; want `describe.verify`", "publish", index, sink.type, "verified")
        return self

    @model_validator(mode="after")
    def _what_is_linked_is_served(self) -> AppConfig:
        if self.web is None or self.web.address is None:
            why = "there is no `web`" if self.web is None else "`web.host` is no name; want one in `web.hosts`"
            for index, sink in enumerate(self.publish):
                if sink.links_pictures:
                    raise wrong(f"nobody could ask for it: {why}", "publish", index, sink.type, "picture")
        return self

    @model_validator(mode="after")
    def _sinks_of_a_fleet_do_not_disturb_each_other(self) -> AppConfig:
        for index, sink in enumerate(self.publish):
            if self.fleet is not None and (key := sink.for_one_box) is not None:
                raise wrong("is for one box, and there is `fleet`", "publish", index, sink.type, key)
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


def load_config(path: Path, environ: Mapping[str, str], content: bytes | None = None) -> AppConfig:
    """The configuration in `path`, or that it would be with this content; `environ` fills its variables.

    Raises:
        ConfigError: It holds a mistake; the text is the line `FILE:LINE:COLUMN: key: what is wrong`.
        InputError: There is no such file.
        AccessError: It may not be read.
    """
    return load(AppConfig, path, environ, {"state_dir": default_state_dir(environ)}, content)


def config_schema() -> str:
    """The configuration's JSON Schema as a document, with descriptions, bounds and defaults."""
    return json.dumps(schema_of(AppConfig, "edge_app configuration"), indent=2, ensure_ascii=False)
