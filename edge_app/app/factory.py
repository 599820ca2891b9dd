"""Builds the parts of a configuration: made and checked, none of them open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from edge_app.analytics import Analytics, make_analytics
from edge_app.analytics.counts import CountStore
from edge_app.analytics.scene import SceneConfig
from edge_app.app.camera_analytics import MakeAnalytics
from edge_app.app.config import AppConfig
from edge_app.app.model_files import FileState, model_files
from edge_app.capture import DecodeHardware, Source, limit_allocations, open_source
from edge_app.core.errors import ConfigError, EngineAwayError
from edge_app.core.metrics import Metrics
from edge_app.cuda import is_jetson
from edge_app.detector import Detector, read_detector
from edge_app.evidence.describe import VisionModel
from edge_app.publish import DeliveryPolicy, Sink
from edge_app.web.certificate import Certificate

ReplaceSource = Callable[[Source], Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts built from a configuration, and what `check` looks at.

    Attributes:
        config: The whole configuration.
        detector: The model, resolved.
        model_files: What it was read from.
        sources: The source of each camera, by name.
        sinks: The sinks, and how messages get to them, by name.
        replace_source: What is read instead of a camera's own source.
    """

    config: AppConfig
    detector: Detector
    model_files: frozenset[FileState]
    sources: Mapping[str, Source]
    sinks: Mapping[str, tuple[Sink, DeliveryPolicy]]
    replace_source: ReplaceSource

    def keeping(self, other: AppConfig, keys: Iterable[str]) -> Parts:
        """The same with these sections of another configuration, which sinks know, too."""
        config = self.config.keeping(other, keys)
        return replace(self, config=config, sinks=make_sinks(config))

    @property
    def has_places(self) -> bool:
        """Whether there are zones or lines, which are counted."""
        return any(self.config.analytics(camera).has_places for camera in self.config.cameras.values())

    @property
    def counts_at_once(self) -> bool:
        """Whether a sink wants to be told of each change of a count."""
        return any(sink.wants_counts_at_once for sink in self.config.publish)

    def analytics_for(
        self, detector: Detector, open_counts: Callable[[], CountStore], metrics: Metrics
    ) -> MakeAnalytics:
        """Makes the analytics of cameras from what that detector finds.

        Args:
            detector: What runs in the end.
            open_counts: Where zones and lines count; asked where there are any.
            metrics: Where they count since the start.
        """
        config, labels, confidence = self.config, detector.labels, detector.thresholds.confidence

        def make(name: str, scene: SceneConfig, track_ids: Iterator[int]) -> Analytics | None:
            analytics = config.analytics(scene)
            counts = open_counts() if analytics.has_places else None
            return make_analytics(analytics, name, labels, confidence, track_ids, counts, metrics)

        return make

    def sources_for(self, detector: Detector) -> Mapping[str, Source]:
        """The sources for the detector that runs in the end, which may read other pictures than the one resolved."""
        if detector.backend.reads_surfaces == self.detector.backend.reads_surfaces:
            return self.sources
        return _sources(self.config, detector, self.replace_source)


def make_parts(
    config: AppConfig, *, replace_source: ReplaceSource = lambda source: source, before: Parts | None = None
) -> Parts:
    """Makes every part that the configuration names.

    Args:
        config: The whole configuration; each part gets its own section.
        replace_source: What to read instead of a camera's own source.
        before: Parts of an earlier configuration; if it names the same model, its files are not read again.

    Raises:
        ConfigError, InputError, DataError, AccessError: A part cannot be made; the text names the key or the file.
        EngineAwayError: The model is on a server that does not answer.
    """
    _check_certificates(config)
    detector = _detector(config, before)
    for name, camera in config.cameras.items():
        for keys, why in camera.unknown_labels(detector.labels, config.detect.labels):
            with config.blame("cameras", name, *keys):
                raise ConfigError(why)
    return Parts(
        config=config,
        detector=detector,
        model_files=model_files(config.model, detector),
        sources=_sources(config, detector, replace_source),
        sinks=make_sinks(config),
        replace_source=replace_source,
    )


def _check_certificates(config: AppConfig) -> None:
    if config.web is not None and config.web.tls.files is not None:
        with config.blame("web", "tls"):
            Certificate(*config.web.tls.files)
    if config.describe is not None:
        with config.blame("describe"):
            VisionModel(config.describe)


def _detector(config: AppConfig, before: Parts | None) -> Detector:
    """The model that the configuration names; what is known of it already is not read again, if it is of files."""
    if before is None or not _same_model(config, before):
        return read_detector(config.detector)
    if before.model_files:
        return before.detector
    try:
        return read_detector(config.detector)
    except EngineAwayError:
        return before.detector  # the rest can be changed meanwhile


def _same_model(config: AppConfig, before: Parts) -> bool:
    """Whether reading the model would find what was found before."""
    ours, theirs = ((each.model, each.engine, each.detect) for each in (config, before.config))
    return ours == theirs and model_files(config.model, before.detector) == before.model_files


def limit_pictures(config: AppConfig) -> None:
    """What libav may take at once is from now on what these cameras need."""
    cameras = config.cameras.values()
    live = (camera.max_picture_px for camera in cameras if not camera.kind.stored)
    stored = (camera.max_picture_px for camera in cameras if camera.kind.stored)
    limit_allocations(max(live, default=0), max(stored, default=0))


def make_sources(config: AppConfig, *, surfaces: bool = False) -> dict[str, Source]:
    """The source of each camera; see `make_source`."""
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


def make_sinks(config: AppConfig) -> dict[str, tuple[Sink, DeliveryPolicy]]:
    """The sinks by name, and how messages get to them."""
    sinks = {}
    for index, sink in enumerate(config.publish):
        with config.blame("publish", index):
            sinks[sink.name] = sink.open(), sink.policy
    return sinks


def _sources(config: AppConfig, detector: Detector, replace_source: ReplaceSource) -> dict[str, Source]:
    surfaces = detector.backend.reads_surfaces
    return {name: replace_source(source) for name, source in make_sources(config, surfaces=surfaces).items()}
