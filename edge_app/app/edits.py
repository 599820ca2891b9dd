"""What of a configuration can be changed from elsewhere than its file, and what that does to the file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, TypeAdapter, ValidationError

from edge_app.analytics.lines import LineConfig
from edge_app.analytics.scene import Areas
from edge_app.analytics.zones import ZoneConfig
from edge_app.app.config import AppConfig
from edge_app.app.config_sections import CameraSection
from edge_app.config.edit import edited
from edge_app.config.rendering import literal
from edge_app.config.text_edit import BY_HAND
from edge_app.core.errors import ConfigError, InputError, UnknownCameraError
from edge_app.core.redaction import Redactor

PLACES: dict[str, type[BaseModel]] = {"zones": ZoneConfig, "lines": LineConfig}
AREAS: TypeAdapter[Any] = TypeAdapter(Areas)
SCENE = (*PLACES, "ignore", "privacy")
CONTEXT = 2  # lines around a change, in a diff


class Edit(Protocol):
    """A change of the configuration's file."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """Variables that the file will name and that are to be kept beside it, with what they hold."""

    def content(self, before: bytes, config: AppConfig) -> bytes:
        """What the file is to hold.

        Args:
            before: What it holds.
            config: What that says.

        Raises:
            InputError: It cannot be changed so.
            ConfigError: The change is no change of a configuration.
        """

    def explains(self, before: AppConfig, after: AppConfig) -> bool:
        """Whether nothing else than what was to change has changed."""


@dataclass(frozen=True, slots=True)
class SceneEdit:
    """Other zones and lines of a camera, and other areas in which nothing is seen.

    Attributes:
        camera: Its name.
        wanted: Of `SCENE`, what is replaced, as JSON has it.
    """

    camera: str
    wanted: Mapping[str, Any]

    @property
    def secrets(self) -> Mapping[str, str]:
        """None."""
        return {}

    def content(self, before: bytes, config: AppConfig) -> bytes:
        """See `Edit`."""
        section = _camera(config, self.camera)
        if unknown := next((key for key in self.wanted if key not in SCENE), None):
            raise issue_error(f"cameras.{self.camera}.{unknown}", f"want one of {', '.join(SCENE)}")
        for key, value in self.wanted.items():
            _look_at(f"cameras.{self.camera}.{key}", key, value)
        old = {key: value for key, value in scene_of(section).items() if key in self.wanted}
        new = {key: _normal(key, value) for key, value in self.wanted.items()}
        return edited(before, ("cameras", self.camera), literal(old), literal(new))

    def explains(self, before: AppConfig, after: AppConfig) -> bool:
        """See `Edit`."""
        old, new = before.cameras[self.camera], after.cameras.get(self.camera)
        if new is None:
            return False
        is_wanted = scene_of(new) == scene_of(old) | {key: _normal(key, value) for key, value in self.wanted.items()}
        as_before = new.model_copy(update={key: getattr(old, key) for key in SCENE})
        return is_wanted and same(before, after, {**after.cameras, self.camera: as_before})


def scene_of(camera: CameraSection) -> dict[str, Any]:
    """What of a camera a `SceneEdit` may change, as JSON has it, without defaults."""
    document = camera.model_dump(mode="json", by_alias=True, include=set(SCENE))
    return {key: _normal(key, document[key]) for key in SCENE}


def scene_in(config: AppConfig, camera: str) -> dict[str, Any]:
    """The same of the camera of that name; raises UnknownCameraError."""
    return scene_of(_camera(config, camera))


def same(before: AppConfig, after: AppConfig, cameras: Mapping[str, CameraSection]) -> bool:
    """Whether both say the same, the latter with other cameras."""
    others = [name for name in AppConfig.model_fields if name != "cameras"]
    return before.cameras == cameras and all(getattr(before, name) == getattr(after, name) for name in others)


def diff(name: str, before: bytes, after: bytes, config: AppConfig) -> str:
    """What changes in the file, as `diff -u` shows it, without what must not be shown."""
    old, new = (content.decode("utf-8-sig").splitlines() for content in (before, after))
    lines = difflib.unified_diff(old, new, name, name, n=CONTEXT, lineterm="")
    return Redactor(config.secrets).hide("\n".join(lines))


def check(edit: Edit, before: AppConfig, after: AppConfig) -> None:
    """Raises InputError where the file as it was changed says more than that change."""
    if not edit.explains(before, after):
        raise InputError(f"an anchor (&) or a merge (<<) in the file would change more than that; {BY_HAND}")


def _camera(config: AppConfig, name: str) -> CameraSection:
    if name not in config.cameras:
        raise UnknownCameraError(f"there is no camera {name}")
    return config.cameras[name]


def _look_at(at: str, key: str, value: Any) -> None:
    """Raises ConfigError where the value is of another kind, which an empty one would hide from the loader."""
    if key not in PLACES:
        if not isinstance(value, list):
            raise issue_error(at, "want a list")
    elif not isinstance(value, dict):
        raise issue_error(at, "want names with values below them")
    else:
        for name, place in value.items():
            if not isinstance(place, dict):
                raise issue_error(f"{at}.{name}", "want names with values below them")


def _normal(key: str, value: Any) -> Any:
    """The value as the file would have it, without defaults; one that is wrong as it is, since the loader tells why."""
    if key not in PLACES:
        return _plain(value)
    return {name: _place(PLACES[key], each) for name, each in value.items()} if isinstance(value, dict) else value


def _place(section: type[BaseModel], value: Any) -> Any:
    try:
        said = section.model_validate(value).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    except ValidationError:
        return value
    return {key: said[key] for key in value if key in said}  # in the order in which it was given


def _plain(value: Any) -> Any:
    try:
        return AREAS.dump_python(AREAS.validate_python(value), mode="json")
    except ValidationError:
        return value


def issue_error(key: str, words: str) -> ConfigError:
    """An error about a key of what was asked for."""
    error = ConfigError(f"{key}: {words}")
    error.issues = ((key, words),)
    return error
