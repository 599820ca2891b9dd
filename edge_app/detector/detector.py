"""The configured detector: which file, what it takes, how its outputs are read, what it calls things."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge_app import model
from edge_app.config import Blame
from edge_app.core.errors import ConfigError, DataError, DeviceError, InputError
from edge_app.detector.backend import Backend, choose_backend
from edge_app.detector.config import DetectConfig
from edge_app.detector.qualification import Int8Qualification, verify
from edge_app.engine.config import EngineConfig
from edge_app.model.config import ModelConfig
from edge_app.postprocess import Decoder, Postprocess, recognise
from edge_app.trt_build import check_precision, source_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Detector:
    """Everything that is known of a model before anything computes it.

    Attributes:
        name: Of its card or file.
        precision: What runs is in.
        graph: Its inputs and outputs.
        input: Its preprocessing.
        constants: What its inputs besides the picture are fed, by name: one picture's row, shape (1, …).
        classes: How many it tells apart, or None where only its detections show them.
        labels: A name for each class that it may find.
        postprocess: Raw outputs of one picture to its detections.
        backend: What computes it.
        promise: That it answers its golden inputs well; none where it is in floats, or taken without a report.
        int8: The same model in INT8, which runs instead where that is better.
        fallback: Reads the model for ONNX Runtime, which runs it where TensorRT, that nobody named, cannot.
    """

    name: str
    precision: model.Precision
    graph: model.ModelSignature
    input: model.InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int | None
    labels: tuple[str, ...]
    postprocess: Postprocess
    backend: Backend
    promise: Int8Qualification | None = None
    int8: Detector | None = None
    fallback: Callable[[], Detector] | None = None


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """What the configuration says of the detector.

    Attributes:
        model, engine, detect: The sections.
        base: The configuration's folder.
        state_dir: Where pulled models are kept.
        blame: Puts the place of a key before an error that only its use could find.
    """

    model: ModelConfig
    engine: EngineConfig
    detect: DetectConfig
    base: Path
    state_dir: Path
    blame: Blame


def read_detector(settings: DetectorConfig) -> Detector:
    """Finds and reads the configured model.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout do not do, or no report vouches for
            its INT8; the text names the file.
        DeviceError: What is to compute it is not here.
    """
    found = model.find(settings.model, settings.base, settings.state_dir)
    with settings.blame("engine", "backend", of=(DeviceError,)):
        backend = choose_backend(settings.engine)
    if backend.tensorrt is None or settings.engine.backend != "auto":
        return _choose(settings, found, backend)
    fallback = partial(_choose, settings, found, Backend(None, "TensorRT cannot run the model"))
    try:
        return replace(_choose(settings, found, backend), fallback=fallback)
    except DataError as refusal:
        logger.warning("ONNX Runtime runs: %s", refusal)
    return fallback()


def _choose(settings: DetectorConfig, found: model.Model, backend: Backend) -> Detector:
    """The model in the precision that is configured, or in those of `auto`."""
    wanted = settings.engine.precision
    detector = _read(settings, found, _exact(found, backend) if wanted == "auto" else wanted, backend)
    if wanted != "auto" or detector.precision == "int8" or "int8" not in found.card.files:
        return detector
    if not _gains(settings.engine, backend):
        return detector
    try:
        int8 = _read(settings, found, "int8", backend)
        if int8.promise is not None and (doubt := int8.promise.doubt):
            raise ConfigError(f"{int8.graph.path}: {doubt}; `precision: int8` runs it")
    except (ConfigError, DataError, InputError) as refusal:
        logger.warning("%s runs: %s", detector.precision.upper(), refusal)
        return detector
    return int8 if backend.tensorrt else replace(detector, int8=int8)


def _exact(found: model.Model, backend: Backend) -> model.Precision:
    """What runs where INT8 does not; on TensorRT FP16, where the model has more than INT8."""
    if backend.tensorrt and source_of(found, "fp16") != "int8":
        return "fp16"
    return found.exact


def _gains(engine: EngineConfig, backend: Backend) -> bool:
    """Whether INT8 may be faster: TensorRT-RTX does not fuse it, and ONNX Runtime's CUDA computes it in floats."""
    return not backend.tensorrt.rtx if backend.tensorrt else engine.provider != "cuda"


def _read(settings: DetectorConfig, found: model.Model, precision: model.Precision, backend: Backend) -> Detector:
    """The model in that precision: a file of it, or what a GPU's library makes of another."""
    makes_it = backend.tensorrt is not None or (precision == "fp16" and settings.engine.provider == "cuda")
    with settings.blame("engine", "precision"):
        source = source_of(found, precision) if makes_it else precision
        graph = model.read_signature(found.file(source), found.card.input_wh)
        if makes_it:
            check_precision(graph, precision)
    with settings.blame("model", "decoder"):
        decoder = recognise(graph, settings.model.decoder or found.card.decoder.family)
    spec = found.card.input or decoder.preprocessing
    with settings.blame("model"):
        promise = _promise(settings.model.accept_unverified, found, graph, decoder) if graph.quantized else None
    with settings.blame("model", "labels", of=(ConfigError, InputError)):
        named = model.find_labels(
            decoder.classes, found.labels, found.card.labels, graph.metadata, from_one=decoder.from_one
        )
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
    return Detector(name, precision, graph, spec, constants, decoder.classes, labels, postprocess, backend, promise)


def _promise(
    accepted: str | None, found: model.Model, graph: model.ModelSignature, decoder: Decoder
) -> Int8Qualification | None:
    """What vouches for the quantized file; none where the user takes it without, by its sha256."""
    if accepted is None:
        return verify(found, graph.path, decoder)
    if accepted != (digest := model.sha256(graph.path)):
        raise ConfigError(f"accept_unverified is of another file; {graph.path} has the sha256 {digest}")
    logger.warning("%s: its accuracy is unknown, as accept_unverified says", graph.path)
    return None


def label_id(labels: Sequence[str], name: str) -> int:
    """The class of that name; raises ConfigError that lists the first of the model's."""
    if name not in labels:
        raise ConfigError(f"the model has no {name}; it has {', '.join(labels[:12])}")
    return labels.index(name)
