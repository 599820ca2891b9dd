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


def open_source(camera: config.Camera) -> Source:
    """The source of a camera; nothing is opened yet, so that what it names need not be there.

    Raises:
        AccessError, ConfigError: It cannot be decoded as asked for, or what it is made from is wrong.
    """
    if camera.decode not in ("auto", "cpu"):
        raise ConfigError(f"{redacted(camera.url)}: decode: {camera.decode} is not there yet; want auto or cpu")
    if camera.kind == "rtsp":
        return Rtsp(camera)
    if camera.kind == "http":
        return Http(camera)
    if camera.kind == "synthetic":
        return Synthetic(camera.url, camera.start_at)
    path = Path(camera.url)
    if camera.kind == "device":
        return Usb(path)
    return Folder(path, camera.start_at) if path.is_dir() else File(path, camera.start_at)
