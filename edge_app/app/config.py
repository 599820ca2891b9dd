"""The configuration as a whole: what its sections say together."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, SecretStr, ValidationInfo, field_validator, model_validator

from edge_app.analytics.analytics import AnalyticsConfig
from edge_app.analytics.scene import Areas, SceneConfig
from edge_app.app.config_rules import check_sections
from edge_app.app.config_sections import ConfigSections
from edge_app.capture.config import CameraConfig
from edge_app.capture.sources.address import redacted
from edge_app.config import load, schema_of
from edge_app.config.issue import Keys, dotted
from edge_app.config.schedule import time_zone
from edge_app.config.section import secrets_of, wrong
from edge_app.core.errors import ConfigError, EdgeAppError
from edge_app.core.paths import default_state_dir
from edge_app.core.redaction import HIDDEN, Redactor
from edge_app.detector import DetectorConfig
from edge_app.evidence.names import EVIDENCE
from edge_app.publish.pictures import EventPictures
from edge_app.publish.sinks.registry import AnySinkConfig

SECRET = str(SecretStr("any"))  # what pydantic writes for each


class AppConfig(ConfigSections):
    """The whole file."""

    _base: Path = PrivateAttr(default_factory=Path)
    _describe_issue: Callable[[Keys, str], str] = PrivateAttr(default_factory=lambda: _without_place)
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
            blamed = type(error)(self._describe_issue(keys, str(error)))
            if isinstance(blamed, ConfigError):
                blamed.issues = ((dotted(keys), str(error)),)
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
        self._describe_issue = (context or {}).get("describe_issue", self._describe_issue)
        self._variables = (context or {}).get("variables", self._variables)
        self._share_with_sinks()

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
        none, clips = {"types": ()}, self.evidence.clips
        snapshots = self.evidence.snapshots.model_copy(update=none)
        clips = clips and clips.model_copy(update=none)  # the workers' drafts have their share
        evidence = self.evidence.model_copy(update={"snapshots": snapshots, "clips": clips})
        return self.model_copy(update={"evidence": evidence, "describe": None})

    def __getstate__(self) -> dict[Any, Any]:
        """For a worker process; where keys stand in the file, only the process knows that has read it."""
        state = super().__getstate__()
        private = {**state["__pydantic_private__"], "_describe_issue": _without_place}
        return {**state, "__pydantic_private__": private}

    def keeping(self, other: AppConfig, keys: Iterable[str]) -> AppConfig:
        """The same with these sections of another one."""
        kept = self.model_copy(update={key: getattr(other, key) for key in keys})
        kept._share_with_sinks()
        return kept

    def _share_with_sinks(self) -> None:
        """What of other sections they need."""
        address = self.web.address if self.web is not None and self.evidence is not None else None
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
    def _sections_fit_each_other(self) -> AppConfig:
        check_sections(self)
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
    """An issue of a configuration that came from no file."""
    return f"{dotted(keys)}: {words}"


def load_config(path: Path, environ: Mapping[str, str], content: bytes | None = None) -> AppConfig:
    """The configuration in `path`, or that it would be with this content; `environ` fills its variables.

    Raises:
        ConfigError: It has an issue; the text is the line `FILE:LINE:COLUMN: key: what is wrong`.
        InputError: There is no such file.
        AccessError: It may not be read.
    """
    return load(AppConfig, path, environ, {"state_dir": default_state_dir(environ)}, content)


def config_schema() -> str:
    """The configuration's JSON Schema as a document, with descriptions, bounds and defaults."""
    return json.dumps(schema_of(AppConfig, "edge_app configuration"), indent=2, ensure_ascii=False)
