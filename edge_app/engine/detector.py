"""The configured detector: which file, what it takes, how its outputs are read, what it calls things."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from edge_app import config, model
from edge_app.engine.verification import Promise, verify
from edge_app.errors import ConfigError, InputError
from edge_app.postprocess import Decoder, Postprocess, recognise

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Detector:
    """Everything that is known of a model before anything computes it.

    Attributes:
        name: Of its card or file.
        precision: Of the file that runs.
        graph: Its inputs and outputs.
        input: Its preprocessing.
        constants: What its inputs besides the picture are fed, by name: one picture's row, shape (1, …).
        classes: How many it tells apart, or None where only its detections show them.
        labels: A name for each class that it may find.
        postprocess: Raw outputs of one picture to its detections.
        promise: That it answers its golden inputs well; none where it is in floats, or taken without a report.
        int8: The same model in INT8, which runs instead where that is better.
    """

    name: str
    precision: model.Precision
    graph: model.Graph
    input: model.InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int | None
    labels: tuple[str, ...]
    postprocess: Postprocess
    promise: Promise | None = None
    int8: Detector | None = None


def read_detector(settings: config.AppConfig) -> Detector:
    """Finds and reads the configured model.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout do not do, or no report vouches for
            its INT8; the text names the file.
    """
    found = model.find(settings.model, settings.base, settings.state_dir)
    with settings.blame("engine", "backend"):
        check_backend(settings.engine)
    wanted = settings.engine.precision
    detector = _read(settings, found, found.exact if wanted == "auto" else wanted)
    bytes_gain = settings.engine.provider != "cuda"  # there ONNX Runtime dequantizes and computes in floats
    if wanted != "auto" or detector.precision == "int8" or "int8" not in found.card.files or not bytes_gain:
        return detector
    try:
        return replace(detector, int8=_read(settings, found, "int8"))
    except ConfigError as refusal:
        logger.warning("FP32 runs: %s", refusal)
        return detector


def _read(settings: config.AppConfig, found: model.Model, precision: model.Precision) -> Detector:
    """The model's file of that precision; on a GPU FP16 is made of FP32 where there is none."""
    is_cast = precision == "fp16" and settings.engine.provider == "cuda" and "fp16" not in found.card.files
    with settings.blame("engine", "precision"):
        graph = model.read_graph(found.file(found.exact if is_cast else precision), found.card.input_wh)
    with settings.blame("model", "decoder"):
        decoder = recognise(graph, settings.model.decoder or found.card.decoder.family)
    spec = found.card.input or decoder.preprocessing
    with settings.blame("model"):
        promise = _promise(settings.model.accept_unverified, graph, spec, decoder) if graph.quantized else None
    with settings.blame("model", "labels", of=(ConfigError, InputError)):
        named = model.find_labels(decoder.classes, found.labels, found.card.labels, graph.metadata)
    labels = named.names if decoder.classes else named.of_all_classes
    thresholds, detect = found.card.thresholds, settings.detect
    with settings.blame("detect", "labels"):
        class_ids = None if detect.labels is None else [label_id(labels, name) for name in detect.labels]
    postprocess = Postprocess(
        decoder,
        confidence=thresholds.confidence if detect.confidence is None else detect.confidence,
        nms_iou=thresholds.nms_iou if detect.nms_iou is None else detect.nms_iou,
        class_ids=class_ids,
    )
    name, constants = found.card.name, decoder.constants
    return Detector(name, precision, graph, spec, constants, decoder.classes, labels, postprocess, promise)


def _promise(accepted: str | None, graph: model.Graph, spec: model.InputSpec, decoder: Decoder) -> Promise | None:
    """What vouches for the quantized file; none where the user takes it without, by its sha256."""
    if accepted is None:
        return verify(graph.path, spec, decoder)
    if accepted != (digest := model.sha256(graph.path)):
        raise ConfigError(f"accept_unverified is of another file; {graph.path} has the sha256 {digest}")
    logger.warning("%s: its accuracy is unknown, as accept_unverified says", graph.path)
    return None


def check_backend(engine: config.Engine) -> None:
    """Raises ConfigError for what this version cannot run."""
    if engine.backend not in ("auto", "onnxruntime"):
        raise ConfigError(f"{engine.backend} is not in this version; it has onnxruntime")


def label_id(labels: Sequence[str], name: str) -> int:
    """The class of that name; raises ConfigError that lists the first of the model's."""
    if name not in labels:
        raise ConfigError(f"the model has no {name}; it has {', '.join(labels[:12])}")
    return labels.index(name)
