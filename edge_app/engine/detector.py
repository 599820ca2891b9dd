"""The configured detector: which file, what it takes, how its outputs are read, what it calls things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from edge_app import config, model
from edge_app.cuda import Gpu
from edge_app.engine.gpu_engine import GpuEngine
from edge_app.engine.onnxruntime import OnnxRuntimeEngine
from edge_app.engine.onnxruntime_cuda import cuda_networks
from edge_app.engine.slot import Engine
from edge_app.errors import ConfigError, DataError
from edge_app.postprocess import Postprocess, recognise


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
    """

    name: str
    precision: model.Precision
    graph: model.Graph
    input: model.InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int | None
    labels: tuple[str, ...]
    postprocess: Postprocess


def read_detector(settings: config.AppConfig) -> Detector:
    """Finds and reads the configured model.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout do not do; the text names the file.
    """
    found = model.find(settings.model, settings.base, settings.state_dir)
    with settings.blame("engine", "backend"):
        check_backend(settings.engine)
    with settings.blame("engine", "precision"):
        precision: model.Precision = "fp32" if settings.engine.precision == "auto" else settings.engine.precision
        graph = model.read_graph(found.file(precision), found.card.input_wh)
    with settings.blame("model", "decoder"):
        decoder = recognise(graph, settings.model.decoder or found.card.decoder.family)
    spec = found.card.input or decoder.preprocessing
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
    return Detector(found.card.name, precision, graph, spec, decoder.constants, decoder.classes, labels, postprocess)


def start_engine(detector: Detector, engine: config.Engine) -> Engine:
    """Loads the model and warms it up; raises DataError where it cannot run, DeviceError where the GPU does not do."""
    if engine.provider == "cuda":
        load = cuda_networks(detector.graph, ordinal=engine.device, max_batch=engine.max_batch, slots=engine.slots)
        try:
            return GpuEngine("onnxruntime-cuda", Gpu(engine.device), load, detector.input, detector.constants)
        except DataError as error:
            raise DataError(f"{detector.graph.path}: {error}") from error
    return OnnxRuntimeEngine(
        detector.graph.path,
        detector.input,
        batch=detector.graph.batch,
        max_batch=engine.max_batch,
        slots=engine.slots,
        threads=engine.threads,
        constants=detector.constants,
        fixed_outputs=detector.graph.fixed_outputs,
    )


def check_backend(engine: config.Engine) -> None:
    """Raises ConfigError for what this version cannot run."""
    if engine.backend not in ("auto", "onnxruntime"):
        raise ConfigError(f"{engine.backend} is not in this version; it has onnxruntime")


def label_id(labels: Sequence[str], name: str) -> int:
    """The class of that name; raises ConfigError that lists the first of the model's."""
    if name not in labels:
        raise ConfigError(f"the model has no {name}; it has {', '.join(labels[:12])}")
    return labels.index(name)
