"""The configuration of one camera."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator, model_validator

from edge_app.config.issue import listed, nearest
from edge_app.config.section import Flag, OptionalTls, Section, from_base, whole, wrong
from edge_app.core.backoff import Backoff

Kind = Literal["rtsp", "http", "synthetic", "device", "path"]

SCHEMES: dict[str, Kind] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http", "synthetic": "synthetic"}
ENCRYPTED = ("rtsps://", "https://")
LOGIN = re.compile(r"[^/\s]*:[^/\s]*@")
HOST = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]+)(?::(\d+))?")
LAST_PORT = 65535


class ReconnectConfig(Section):
    """How long to wait before a lost camera is tried again."""

    initial_s: float = Field(default=1.0, gt=0)
    """The first pause [s]; each further one is twice as long."""
    max_s: float = Field(default=30.0, gt=0)
    """The longest pause [s]; after a refused login it is at least 60 s, because cameras lock out."""
    jitter: float = Field(default=0.3, ge=0, le=1)
    """Share of the pause that is random, so that cameras behind one switch do not all come back at once."""
    stable_s: float = Field(default=60.0, gt=0)
    """After so long a time without trouble [s] the next pause is `initial_s` again."""

    @model_validator(mode="after")
    def _ordered(self) -> ReconnectConfig:
        if self.max_s < self.initial_s:
            raise wrong(f"want at least initial_s, which is {self.initial_s:g}", "max_s")
        return self

    def backoff(self) -> Backoff:
        """The pauses of one camera."""
        return Backoff(initial_s=self.initial_s, max_s=self.max_s, jitter=self.jitter, stable_s=self.stable_s)


class CameraConfig(Section):
    """Where pictures come from and how they are taken."""

    url: str = Field(min_length=1, repr=False)
    """rtsp, rtsps; http or https for MJPEG, single pictures or video; a file; a folder of pictures; /dev/video0; or
    synthetic://street?seed=7&fps=25&size=640x360&light=night. User and password have their own keys."""
    username: str | None = None
    """Who logs in."""
    password: SecretStr | None = None
    """Best written as ${VAR}, so that it is not in this file."""
    transport: Literal["tcp", "udp"] = "tcp"
    """`tcp` loses nothing; `udp`, for rtsp:// only, tears pictures when packets are lost."""
    tls: OptionalTls = None
    """For rtsps and https: `true` for the system's certificates, or {ca: FILE, verify: true}."""
    decode: Literal["auto", "cpu", "nvdec", "gstreamer"] = "auto"
    """`nvdec` for NVIDIA GPUs, `gstreamer` for Jetson, `cpu` everywhere; `auto` takes the best that is there."""
    enabled: Flag = True
    """`false` leaves the camera out, its settings stay."""
    rotate: Annotated[Literal[0, 90, 180, 270], BeforeValidator(whole)] = 0
    """Degrees clockwise, for cameras that hang askew."""
    max_fps: float | None = Field(default=None, gt=0)
    """Frames a second that are analysed at most; none: all of them, as always of a folder."""
    max_frame_age_ms: float = Field(default=1000.0, gt=0)
    """A live frame older than this [ms] is dropped and counted, not analysed."""
    reconnect: ReconnectConfig = ReconnectConfig()
    """How long to wait before a lost camera is tried again."""
    stall_timeout_s: float = Field(default=15.0, gt=0)
    """After so long without a frame [s] the camera counts as lost."""
    start_at: AwareDatetime | None = None
    """For files and folders: when the first frame was taken; none: the file's own time, a picture's in folders."""

    @property
    def kind(self) -> Kind:
        """What its url names; a path is that of a file or of a folder."""
        scheme, found, _ = self.url.partition("://")
        if found:
            return SCHEMES[scheme]
        return "device" if self.url.startswith("/dev/") else "path"

    @field_validator("url")
    @classmethod
    def _usable(cls, url: str, info: ValidationInfo) -> str:
        scheme, found, rest = url.partition("://")
        if not found and LOGIN.match(url):
            raise wrong("want rtsp:// or another scheme before the host; user and password have their own keys")
        if not found:
            return str(from_base(Path(url), info))
        if scheme.lower() not in SCHEMES:
            raise wrong(f"want {listed(SCHEMES)}://… or a path{nearest(scheme, SCHEMES)}")
        if scheme.lower() != "synthetic":
            _check_host(rest)
        return scheme.lower() + found + rest

    @model_validator(mode="after")
    def _encrypted(self) -> CameraConfig:
        if self.tls is not None and not self.url.startswith(ENCRYPTED):
            raise wrong("goes with an rtsps:// or https:// url only", "tls")
        return self

    @model_validator(mode="after")
    def _keys_have_an_effect(self) -> CameraConfig:
        if self.kind not in ("rtsp", "http"):
            given = (key for key in ("username", "password", "transport") if key in self.model_fields_set)
            if key := next((key for key in given if getattr(self, key) is not None), None):
                raise wrong("goes with an rtsp, rtsps, http or https url only", key)
        if self.transport == "udp" and not self.url.startswith("rtsp://"):
            raise wrong("udp goes with an rtsp:// url only; rtsps, http and https are tcp", "transport")
        # Pictures were often all written at once, and thinned by their files' times would nearly all be lost.
        if self.max_fps is not None and self.kind == "path" and Path(self.url).is_dir():
            raise wrong("does not go with a folder, whose pictures are all taken", "max_fps")
        return self

    @model_validator(mode="after")
    def _login_is_whole(self) -> CameraConfig:
        if self.password is not None and self.username is None:
            raise wrong("needs username beside it", "password")
        return self


def _check_host(rest: str) -> None:
    """Looks at a URL after its `://`; says nothing of what it holds, which may be a password."""
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
