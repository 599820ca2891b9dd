"""Builds the parts of a configuration: made and checked, none of them open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_app.app.config import AppConfig
from edge_app.capture import DecodeHardware, Source, limit_allocations, open_source
from edge_app.core.errors import ConfigError
from edge_app.cuda import is_jetson
from edge_app.detector import Detector, read_detector
from edge_app.publish import Sink

ReplaceSource = Callable[[Source], Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts built from a configuration, and what `check` looks at.

    Attributes:
        config: The whole configuration.
        detector: The model, resolved.
        sources: The source of each camera, by name.
        sinks: The sinks, by name.
        replace_source: What is read instead of a camera's own source.
    """

    config: AppConfig
    detector: Detector
    sources: Mapping[str, Source]
    sinks: Mapping[str, Sink]
    replace_source: ReplaceSource

    def sources_for(self, detector: Detector) -> Mapping[str, Source]:
        """The sources for the detector that runs in the end, which may read other pictures than the one resolved."""
        if detector.backend.reads_surfaces == self.detector.backend.reads_surfaces:
            return self.sources
        return _sources(self.config, detector, self.replace_source)


def make_parts(config: AppConfig, *, replace_source: ReplaceSource = lambda source: source) -> Parts:
    """Makes every part that the configuration names.

    Args:
        config: The whole configuration; each part gets its own section.
        replace_source: What to read instead of a camera's own source.

    Raises:
        ConfigError, InputError, DataError, AccessError: A part cannot be made; the text names the key or the file.
    """
    detector = read_detector(config.detector)
    for name, camera in config.cameras.items():
        for keys, why in camera.unknown_labels(detector.labels):
            with config.blame("cameras", name, *keys):
                raise ConfigError(why)
    return Parts(
        config=config,
        detector=detector,
        sources=_sources(config, detector, replace_source),
        sinks=make_sinks(config),
        replace_source=replace_source,
    )


def make_sources(config: AppConfig, *, surfaces: bool = False) -> dict[str, Source]:
    """The source of each camera; see `make_source`. What libav may take at once is from then on what they need."""
    limit_allocations(max((camera.max_picture_px for camera in config.cameras.values()), default=0))
    return {name: make_source(config, name, surfaces=surfaces) for name in config.cameras}


def make_source(config: AppConfig, name: str, *, surfaces: bool) -> Source:
    """The source of one camera, for an engine that reads a decoder's surfaces or not.

    Raises:
        ConfigError, AccessError: As the configuration has it, it cannot be opened; the text names the key.
    """
    camera = config.cameras[name]
    with config.blame("cameras", name, "tls", "ca"):
        if camera.tls is not None and camera.tls.ca is not None:
            camera.tls.context()
    with config.blame("cameras", name, "url"):
        return open_source(camera, DecodeHardware(config.engine.device if surfaces else None, is_jetson()))


def make_sinks(config: AppConfig) -> dict[str, Sink]:
    """The sinks by name."""
    sinks = {}
    for index, sink in enumerate(config.publish):
        with config.blame("publish", index):
            sinks[sink.name] = sink.open()
    return sinks


def _sources(config: AppConfig, detector: Detector, replace_source: ReplaceSource) -> dict[str, Source]:
    surfaces = detector.backend.reads_surfaces
    return {name: replace_source(source) for name, source in make_sources(config, surfaces=surfaces).items()}
