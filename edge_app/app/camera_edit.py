"""A camera more in the configuration, with its login beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from edge_app.app.config import AppConfig
from edge_app.app.config_template import ENOUGH_FPS, names, url_value
from edge_app.app.edits import issue_error, same
from edge_app.capture import UrlLogin, split_login
from edge_app.capture.config import CameraConfig
from edge_app.config.edit import edited
from edge_app.config.section import NAME, WANTED
from edge_app.core.errors import InputError, UsageError

SCHEMES = ("rtsp", "rtsps", "http", "https")  # what is a camera elsewhere; no file of this machine
KEYS = frozenset({"url", "username", "password", "fps"})


@dataclass(frozen=True, slots=True)
class NewCamera:
    """What somebody says of a camera that is to be added.

    Attributes:
        url: Without its login; it may hold another secret all the same.
        username, password: Its login; None: it wants none.
        public: Whether the URL holds no secret.
        fps: What it sends, where that is known [frames/s].
    """

    url: str = field(repr=False)
    username: str | None
    password: str | None = field(repr=False)
    public: bool
    fps: float | None

    @property
    def section(self) -> CameraConfig:
        """As a section of the configuration; raises ConfigError with the key that is wrong."""
        login = {"username": self.username, "password": self.password} if self.username else {}
        try:
            return CameraConfig.model_validate({"url": self.url, **login})
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            key = str((*first["loc"], *first.get("ctx", {}).get("at", ()), "url")[0])
            raise issue_error(key, first["msg"]) from None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> NewCamera:
        """From JSON; raises ConfigError with the key that is wrong."""
        if unknown := next((key for key in said if key not in KEYS), None):
            raise issue_error(unknown, f"want one of {', '.join(sorted(KEYS))}")
        for key in ("url", "username", "password"):
            if not isinstance(said.get(key) or "", str):
                raise issue_error(key, "want text")
        fps = said.get("fps")
        if not isinstance(fps, float | int | None) or isinstance(fps, bool):
            raise issue_error("fps", "want a number")
        login = _split(str(said.get("url") or "").strip())
        user = said.get("username") or login.username
        password = said.get("password") or login.password
        if user and password is None:
            password = ""
        if password and not user:
            raise issue_error("username", "want the user, too")
        return cls(url=login.url, username=user, password=password if user else None, public=login.public, fps=fps)


@dataclass(frozen=True, slots=True)
class CameraEdit:
    """A camera more.

    Attributes:
        name: What it is called.
        camera: What it is.
    """

    name: str
    camera: NewCamera

    @property
    def secrets(self) -> dict[str, str]:
        """Variables that the file will name, and what they hold."""
        user, password, url = names(self.name)
        login = {user: self.camera.username, password: self.camera.password} if self.camera.username else {}
        hidden = {} if self.camera.public else {url: self.camera.url}
        return {name: value or "" for name, value in {**login, **hidden}.items()}

    def content(self, before: bytes, config: AppConfig) -> bytes:
        """See `Edit`."""
        if not re.fullmatch(NAME, self.name) or "\n" in self.name:
            raise issue_error("name", WANTED[NAME])
        if self.name in config.cameras:
            raise InputError(f"there is a camera {self.name} already")
        user, password, _ = names(self.name)
        keys: dict[str, Any] = {"url": url_value(self.name, self.camera.section.url, secret=not self.camera.public)}
        if self.camera.username:
            keys |= {"username": f"${{{user}}}", "password": f"${{{password}}}"}
        if (self.camera.fps or 0) > ENOUGH_FPS:
            keys["max_fps"] = ENOUGH_FPS
        return edited(before, ("cameras",), {}, {self.name: keys})

    def explains(self, before: AppConfig, after: AppConfig) -> bool:
        """See `Edit`."""
        return same(before, after, {name: each for name, each in after.cameras.items() if name != self.name})


def _split(url: str) -> UrlLogin:
    """The URL of a camera elsewhere, and its login."""
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES or "://" not in url:
        raise issue_error("url", f"want a URL that begins with {', '.join(f'{each}://' for each in SCHEMES)}")
    try:
        if scheme in ("rtsp", "rtsps"):
            return split_login(url)
        login = split_login(f"rtsp{url[len(scheme) :]}")  # the same form
    except UsageError as error:
        raise issue_error("url", str(error)) from None
    return UrlLogin(f"{scheme}{login.url[len('rtsp') :]}", login.username, login.password)
