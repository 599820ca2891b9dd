"""Which kind of source a camera's URL names."""

from __future__ import annotations

from pathlib import Path

from edge_app import config
from edge_app.capture.address import redacted
from edge_app.capture.file import File
from edge_app.capture.folder import Folder
from edge_app.capture.hardware import Decoding, Hardware
from edge_app.capture.http import Http
from edge_app.capture.rtsp import Rtsp
from edge_app.capture.source import Source
from edge_app.capture.synthetic import Synthetic
from edge_app.capture.usb import Usb
from edge_app.errors import ConfigError


def open_source(camera: config.Camera, hardware: Hardware | None = None) -> Source:
    """The source of a camera; nothing is opened yet, so that what it names need not be there.

    Args:
        camera: Its section.
        hardware: What decodes, and reads what was decoded; none: the CPU, and BGR is wanted.

    Raises:
        AccessError, ConfigError: It cannot be decoded as asked for, or what it is made from is wrong.
    """
    shown = redacted(camera.url)
    decoding = Decoding(shown, camera.decode, hardware, turned=bool(camera.rotate))
    if camera.kind == "rtsp":
        return Rtsp(camera, decoding)
    if camera.kind == "http":
        return Http(camera, decoding)
    path = Path(camera.url)
    if camera.kind == "path" and not path.is_dir():
        return File(path, camera.start_at, decoding)
    if camera.decode not in ("auto", "cpu"):
        raise ConfigError(f"{shown}: decode: {camera.decode} is for coded video; want auto or cpu")
    if camera.kind == "synthetic":
        return Synthetic(camera.url, camera.start_at)
    return Usb(path) if camera.kind == "device" else Folder(path, camera.start_at)
