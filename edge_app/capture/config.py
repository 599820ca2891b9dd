"""The configuration of one camera."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator, model_validator

from edge_app.capture.sources.forgotten_scheme import looks_like_host
from edge_app.capture.sources.registry import SCHEMES, kind_of, scheme_of
from edge_app.capture.sources.source import SourceConfig, SourceKind
from edge_app.config.issue import listed, nearest
from edge_app.config.section import Flag, Section, check_login, checked_text, from_base, wrong
from edge_app.core.backoff import Backoff

HOST = re.compile(r"(\[[0-9a-fA-F:.]+(?:%[\w.-]+)?\]|[^\s:\[\]]+)(?::(\d+))?")
LAST_PORT = 65535
FIRST_YEAR, LAST_YEAR = 1971, 9000


class ReconnectConfig(Section):
    """How long to wait before a lost camera is tried again."""

    initial_s: float = Field(default=1.0, gt=0)
    """The first pause [s]; each further one is twice as long."""
    max_s: float = Field(default=30.0, gt=0)
    """The longest pause [s]; after a refused login it is at least 60 s, because cameras lock out. Lower finds a camera
    sooner, and troubles it more."""
    jitter: float = Field(default=0.3, ge=0, le=1)
    """Share of the pause that is random, so that cameras behind one switch do not all come back at once."""
    stable_s: float = Field(default=60.0, gt=0)
    """Once a connection has been up this long [s], the next pause is `initial_s` again."""

    @model_validator(mode="after")
    def _ordered(self) -> ReconnectConfig:
        if self.max_s < self.initial_s:
            raise wrong(f"want at least initial_s, which is {self.initial_s:g}", "max_s")
        return self

    def backoff(self) -> Backoff:
        """The pauses of one camera."""
        return Backoff(initial_s=self.initial_s, max_s=self.max_s, jitter=self.jitter, stable_s=self.stable_s)


class CameraConfig(SourceConfig):
    """Where pictures come from and how they are taken."""

    enabled: Flag = True
    """`false` leaves the camera out, its configuration stays."""
    max_fps: float | None = Field(default=None, gt=0)
    """Frames a second that are analysed at most; null: all of them, as always of a folder. Fewer leave time for other
    cameras."""
    max_frame_age_ms: float = Field(default=1000.0, gt=0)
    """A live frame older than this [ms] is dropped and counted, not analysed. Lower is fresher; under overload more is
    lost."""
    reconnect: ReconnectConfig = ReconnectConfig()
    """How long to wait before a lost camera is tried again, for as long as the program runs."""

    @property
    def kind(self) -> SourceKind:
        """The kind of source that its url names."""
        return kind_of(self.url)

    @property
    def path(self) -> Path | None:
        """The file or folder that it reads; None for a camera or a rendered scene."""
        return Path(self.url) if self.kind.stored else None

    def finite(self, frames: int) -> CameraConfig | None:
        """This camera, made to end after so many frames unless it ends by itself; None if it is always live."""
        url = self.kind.finite_url(self.url, frames)
        return None if url is None else self.model_copy(update={"url": url})

    @field_validator("url")
    @classmethod
    def _usable(cls, url: str, info: ValidationInfo) -> str:
        name, separator, rest = url.partition("://")
        if not separator:
            return _path(url, info)
        scheme = SCHEMES.get(name.lower())
        if scheme is None:
            if (bare := re.sub(r"^\W+", "", name).lower()) in SCHEMES:
                raise wrong(f"want nothing before {bare}://, neither blanks nor curly quotes")
            raise wrong(f"want {listed(SCHEMES)}://… or a path{nearest(name, SCHEMES)}")
        if rest != checked_text(rest).rstrip():
            raise wrong("ends with a blank")
        if scheme.has_host:
            _check_host(rest)
        return scheme.name + separator + rest

    @model_validator(mode="after")
    def _keys_have_an_effect(self) -> CameraConfig:
        scheme = scheme_of(self.url)
        keys = scheme.keys if scheme else frozenset()
        for key in ("tls", "username", "password", "transport"):
            if key in self.model_fields_set - keys and getattr(self, key) is not None:
                raise wrong(f"goes with an {_schemes_with(key)} url only", key)
        return self

    @model_validator(mode="after")
    def _udp_is_possible(self) -> CameraConfig:
        scheme = scheme_of(self.url)
        if self.transport == "udp" and not (scheme and scheme.udp):
            udp = listed(f"{name}://" for name, other in SCHEMES.items() if other.udp)
            *others, last = (name for name, other in SCHEMES.items() if "transport" in other.keys and not other.udp)
            raise wrong(f"udp goes with an {udp} url only; {', '.join(others)} and {last} are tcp", "transport")
        return self

    @model_validator(mode="after")
    def _nothing_is_refused(self) -> CameraConfig:
        for key, why in self.kind.refused.items():
            if getattr(self, key) is not None:
                raise wrong(why, key)
        return self

    @model_validator(mode="after")
    def _only_what_ends_has_begun(self) -> CameraConfig:
        if self.start_at is not None and self.kind.finite_url(self.url, 1) != self.url:
            raise wrong("goes with a file, a folder or a scene of so many frames, not with a live camera", "start_at")
        if self.start_at is not None and not FIRST_YEAR <= self.start_at.year <= LAST_YEAR:
            raise wrong(f"want a year from {FIRST_YEAR} to {LAST_YEAR}", "start_at")
        return self

    @model_validator(mode="after")
    def _login_is_whole(self) -> CameraConfig:
        for key in ("username", "password"):
            checked_text(getattr(self, key), key)
        check_login(self.username, self.password)
        return self


def _path(text: str, info: ValidationInfo) -> str:
    """The path, relative to the configuration's folder; the error shows nothing of it, as it may hold a password."""
    path, folder = str(from_base(Path(text), info)), text.partition("/")[0]
    is_there = os.path.lexists(path) or (folder and from_base(Path(folder), info).is_dir())
    if not is_there and re.fullmatch("[0-9]{1,2}", text):
        raise wrong(f"there is no such file or folder; if it is a camera at this machine, write /dev/video{text}")
    if not is_there and looks_like_host(text):
        login = "; user and password have their own keys" if "@" in text else ""
        camera = f"write rtsp:// or another scheme before its host{login}"
        raise wrong(f"there is no such file or folder; if it is a camera, {camera}")
    return path


def _schemes_with(key: str) -> str:
    """The schemes of the URLs with which a key has an effect, in words."""
    names = [name for name, scheme in SCHEMES.items() if key in scheme.keys]
    return listed(f"{name}://" for name in names) if key == "tls" else listed(names)


def _check_host(rest: str) -> None:
    """Checks what follows the `://` of a URL; the error does not repeat it, as it may hold a password."""
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    found = HOST.fullmatch(host)
    odd = not found
    # A password with / or # in it ends the host early: user:pa/ss@10.0.0.5.
    if "@" in host or (odd and "@" in rest):
        raise wrong("write user and password as `username` and `password`, not into the url")
    if odd:
        raise wrong("want a host, or host:port, after ://")
    if found and found[2] and not 1 <= int(found[2][:6]) <= LAST_PORT:
        raise wrong(f"want a port from 1 to {LAST_PORT}")
