"""Which kind of source a camera's URL names."""

from __future__ import annotations

from pathlib import Path

from edge_app import config
from edge_app.capture.address import redacted
from edge_app.capture.file import File
from edge_app.capture.folder import Folder
from edge_app.capture.http import Http
from edge_app.capture.rtsp import Rtsp
from edge_app.capture.source import Source
from edge_app.capture.synthetic import Synthetic
from edge_app.capture.usb import Usb
from edge_app.errors import ConfigError

KNOWN = "rtsp://, rtsps://, http://, https://, synthetic://, a video file, a folder of pictures, /dev/video0"


def open_source(camera: config.Camera, base: Path) -> Source:
    """The source of a camera; nothing is opened yet. Relative paths start at `base`.

    Raises:
        ConfigError: There is no such kind of source, or it cannot be decoded as asked for.
    """
    scheme, found, _rest = camera.url.partition("://")
    if camera.decode not in ("auto", "cpu"):
        raise ConfigError(f"{redacted(camera.url)}: decode: {camera.decode} is not there yet; want auto or cpu")
    if not found:
        return _local(base / camera.url, camera)
    if scheme in ("rtsp", "rtsps"):
        return Rtsp(camera)
    if scheme in ("http", "https"):
        return Http(camera)
    if scheme == "synthetic":
        return Synthetic(camera.url, camera.start_at)
    raise ConfigError(f"{redacted(camera.url)}: no such kind of source; there are {KNOWN}")


def _local(path: Path, camera: config.Camera) -> Source:
    """A device, a folder or a file; whether that can be read is found out when it is opened."""
    if str(path).startswith("/dev/"):
        return Usb(path)
    if path.is_dir():
        return Folder(path, camera.start_at)
    return File(path, camera.start_at)
