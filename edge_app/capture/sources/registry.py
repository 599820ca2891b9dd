"""Which kind of source a camera's URL names."""

from __future__ import annotations

from pathlib import Path

from edge_app.capture.config import CameraConfig
from edge_app.capture.decode.factory import DecoderFactory, Hardware
from edge_app.capture.sources.address import redacted
from edge_app.capture.sources.file import FileSource
from edge_app.capture.sources.folder import FolderSource
from edge_app.capture.sources.http import HttpSource
from edge_app.capture.sources.rtsp import RtspSource
from edge_app.capture.sources.source import Source
from edge_app.capture.sources.synthetic import SyntheticSource
from edge_app.capture.sources.v4l2 import V4l2Source
from edge_app.core.errors import ConfigError


def open_source(camera: CameraConfig, hardware: Hardware | None = None) -> Source:
    """The source of a camera; nothing is opened yet, so that what it names need not be there.

    Args:
        camera: Its section.
        hardware: What decodes, and reads what was decoded; none: the CPU, and BGR is wanted.

    Raises:
        AccessError, ConfigError: It cannot be decoded as asked for, or what it is made from is wrong.
    """
    shown = redacted(camera.url)
    decoding = DecoderFactory(shown, camera.decode, hardware, turned=bool(camera.rotate))
    if camera.kind == "rtsp":
        return RtspSource(camera, decoding)
    if camera.kind == "http":
        return HttpSource(camera, decoding)
    path = Path(camera.url)
    if camera.kind == "path" and not path.is_dir():
        return FileSource(path, camera.start_at, decoding)
    if camera.decode not in ("auto", "cpu"):
        raise ConfigError(f"{shown}: decode: {camera.decode} is for coded video; want auto or cpu")
    if camera.kind == "synthetic":
        return SyntheticSource(camera.url, camera.start_at)
    return V4l2Source(path) if camera.kind == "device" else FolderSource(path, camera.start_at)
