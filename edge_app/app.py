"""The composition root: a configuration becomes real parts, which run until they are told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

import cv2

from edge_app import config, model
from edge_app.capture import Cameras, CameraState, open_source
from edge_app.detections import Result
from edge_app.engine import Engine, OnnxRuntimeEngine
from edge_app.errors import ConfigError, TemporaryError
from edge_app.frames import Arrival, Frame
from edge_app.pipeline import Analysis
from edge_app.postprocess import Postprocess, recognise
from edge_app.publish import Messages, ModelIdentity, Publisher, new_session, open_sink, status
from edge_app.service import Service
from edge_app.stats import Stats
from edge_app.threads import Heartbeats, Inbox, ThreadGroup

logger = logging.getLogger(__name__)

STOP_DRAIN_S = 3.0  # for the sinks after SIGTERM; with JOIN_S under the 5 s that stopping may take
JOIN_S = 1.0
Watch = Callable[["App"], None]


@dataclass(frozen=True, slots=True)
class Detector:
    """A model that is loaded: what computes, what decodes, what it calls things."""

    engine: Engine
    postprocess: Postprocess
    identity: ModelIdentity
    labels: tuple[str, ...]


def load_detector(settings: config.AppConfig, stack: ExitStack) -> Detector:
    """Finds, reads and warms up the model; `stack` ends it.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout do not do.
    """
    found = model.find(settings.model, settings.base, settings.state_dir)
    precision = choose_precision(settings.engine, found)
    graph = model.read_graph(found.file(precision))
    decoder = recognise(graph, settings.model.decoder or found.card.decoder.family)
    labels = model.choose_labels(decoder.classes, found.labels, found.card.labels, graph.metadata)
    engine = stack.enter_context(
        OnnxRuntimeEngine(
            graph.path,
            found.card.input or decoder.preprocessing,
            batch=graph.batch,
            max_batch=settings.engine.max_batch,
            slots=settings.engine.slots,
            threads=settings.engine.threads,
        )
    )
    thresholds, detect = found.card.thresholds, settings.detect
    postprocess = Postprocess(
        decoder,
        confidence=thresholds.confidence if detect.confidence is None else detect.confidence,
        nms_iou=thresholds.nms_iou if detect.nms_iou is None else detect.nms_iou,
        class_ids=None if detect.labels is None else [label_id(labels, name) for name in detect.labels],
    )
    identity = ModelIdentity(found.card.name, model.sha256(graph.path), engine.name, precision)
    logger.info("model %s, %s, on %s", identity.name, identity.precision, identity.engine)
    return Detector(engine, postprocess, identity, labels)


def choose_precision(engine: config.Engine, found: model.Model) -> model.Precision:
    """The precision to run; raises ConfigError for what this installation cannot run."""
    if engine.backend not in ("auto", "onnxruntime") or engine.provider not in ("auto", "cpu"):
        raise ConfigError(f"engine: {engine.backend} with {engine.provider} is not in this version; it has onnxruntime, cpu")
    if engine.precision == "auto":
        return "fp32"
    return engine.precision


def label_id(labels: Sequence[str], name: str) -> int:
    """The class of that name; raises ConfigError that lists some of the model's."""
    if name not in labels:
        raise ConfigError(f"detect.labels: the model has no {name}; it has {', '.join(labels[:12])}")
    return labels.index(name)


@dataclass
class App:
    """Everything that runs, for the duration of a `with` block.

    Attributes:
        settings: The configuration.
        stop: Set by a signal, a failed thread or the end of all sources.
        observe: Sees every frame with its result in the analyse thread: the demo's picture, later taps.
    """

    settings: config.AppConfig
    stop: threading.Event = field(default_factory=threading.Event)
    observe: Callable[[Frame, Result], None] = lambda frame, result: None
    stats: Stats = field(default_factory=Stats)
    beats: Heartbeats = field(default_factory=Heartbeats)
    inbox: Inbox[Arrival] = field(default_factory=Inbox)
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> App:
        """Loads the model and opens the parts; nothing runs yet."""
        cv2.setNumThreads(1)  # its pool would take the cores that decode and infer
        self.threads = ThreadGroup(self.stop)
        self.detector = load_detector(self.settings, self.stack)
        self.messages = Messages(new_session(), self.detector.identity, self.detector.labels, self.stats)
        self.publishers = [Publisher(open_sink(s), s.name, self.stats, self.beats) for s in self.settings.publish]
        capacity = self.detector.engine.max_batch
        self.cameras = Cameras(self.inbox, self.stats, self.threads, self._report, capacity)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()
