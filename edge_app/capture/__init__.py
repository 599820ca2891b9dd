"""Cameras and files in, frames out: one thread a source, which opens it again whenever it fails."""

from edge_app.capture.backoff import Backoff
from edge_app.capture.camera import rotated
from edge_app.capture.cameras import Cameras
from edge_app.capture.file import File
from edge_app.capture.folder import SUFFIXES, natural, read_picture
from edge_app.capture.hardware import Hardware
from edge_app.capture.kinds import open_source
from edge_app.capture.login import Pasted, split_login
from edge_app.capture.probe import Probe, probe
from edge_app.capture.replay import Replay
from edge_app.capture.source import Shot, Source
from edge_app.capture.state import CameraState
from edge_app.capture.step import has_nvdec
from edge_app.capture.tls import check_tls

__all__ = [
    "SUFFIXES",
    "Backoff",
    "CameraState",
    "Cameras",
    "File",
    "Hardware",
    "Pasted",
    "Probe",
    "Replay",
    "Shot",
    "Source",
    "check_tls",
    "has_nvdec",
    "natural",
    "open_source",
    "probe",
    "read_picture",
    "rotated",
    "split_login",
]
