"""Cameras and files in, frames out: one thread for each source, which opens it again whenever it fails."""

from edge_app.capture.cameras import Cameras
from edge_app.capture.decode.allocations import limit_allocations
from edge_app.capture.decode.factory import DecodeHardware
from edge_app.capture.decode.video_decoder import has_nvdec
from edge_app.capture.probe import StreamInfo, probe_source
from edge_app.capture.rotation import converted
from edge_app.capture.sources.file import FileSource
from edge_app.capture.sources.folder import is_picture, natural, read_picture
from edge_app.capture.sources.login import UrlLogin, split_login
from edge_app.capture.sources.registry import open_source
from edge_app.capture.sources.replay import ReplaySource
from edge_app.capture.sources.source import Source

__all__ = [
    "Cameras",
    "DecodeHardware",
    "FileSource",
    "ReplaySource",
    "Source",
    "StreamInfo",
    "UrlLogin",
    "converted",
    "has_nvdec",
    "is_picture",
    "limit_allocations",
    "natural",
    "open_source",
    "probe_source",
    "read_picture",
    "split_login",
]
