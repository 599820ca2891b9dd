"""Sources and sinks as the configuration names them; what they refuse is told with the place of its key."""

from __future__ import annotations

from edge_app.app.config import AppConfig
from edge_app.capture import DecodeHardware, Source, open_source
from edge_app.publish import Sink
from edge_app.trt_build import is_jetson


def make_sources(settings: AppConfig, *, surfaces: bool = False) -> dict[str, Source]:
    """The source of each camera, for an engine that reads surfaces or not; none is opened yet."""
    hardware = DecodeHardware(settings.engine.device if surfaces else None, is_jetson())
    sources = {}
    for name, camera in settings.cameras.items():
        with settings.blame("cameras", name, "tls", "ca"):
            if camera.tls is not None and camera.tls.ca is not None:
                camera.tls.context()
        with settings.blame("cameras", name, "url"):
            sources[name] = open_source(camera, hardware)
    return sources


def make_sinks(settings: AppConfig) -> dict[str, Sink]:
    """The sinks by name; none is connected yet."""
    sinks = {}
    for index, sink in enumerate(settings.publish):
        with settings.blame("publish", index):
            sinks[sink.name] = sink.open()
    return sinks
