"""A detector that is loaded: what computes, what decodes, what it calls things."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge_app import config, model
from edge_app.engine.onnxruntime import OnnxRuntimeEngine
from edge_app.engine.slot import Engine
from edge_app.errors import ConfigError
from edge_app.postprocess import Postprocess, recognise

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Detector:
    """One model on one device.

    Attributes:
        name: Of its card or file.
        precision: Of the file that runs.
        file: The ONNX file.
        input: Its preprocessing.
        batch: Its fixed batch, or None where it may vary.
        labels: The names of its classes.
        engine: Loaded and warm.
        postprocess: Raw outputs of one picture to its detections.
    """

    name: str
    precision: model.Precision
    file: Path
    input: model.InputSpec
    batch: int | None
    labels: tuple[str, ...]
    engine: Engine
    postprocess: Postprocess


def load_detector(settings: config.AppConfig, stack: ExitStack) -> Detector:
    """Finds, reads and warms up the configured model; `stack` ends its engine.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout do not do; the text names the file.
    """
    found = model.find(settings.model, settings.base, settings.state_dir)
    precision = choose_precision(settings.engine)
    graph = model.read_graph(found.file(precision), found.card.input_wh)
    decoder = recognise(graph, settings.model.decoder or found.card.decoder.family)
    spec = found.card.input or decoder.preprocessing
    labels = model.choose_labels(decoder.classes, found.labels, found.card.labels, graph.metadata)
    thresholds, detect = found.card.thresholds, settings.detect
    postprocess = Postprocess(
        decoder,
        confidence=thresholds.confidence if detect.confidence is None else detect.confidence,
        nms_iou=thresholds.nms_iou if detect.nms_iou is None else detect.nms_iou,
        class_ids=None if detect.labels is None else [label_id(labels, name) for name in detect.labels],
    )
    engine = stack.enter_context(
        OnnxRuntimeEngine(
            graph.path,
            spec,
            batch=graph.batch,
            max_batch=settings.engine.max_batch,
            slots=settings.engine.slots,
            threads=settings.engine.threads,
            constants=decoder.constants,
            fixed_outputs=graph.fixed_outputs,
        )
    )
    logger.info("model %s, %s, on %s", found.card.name, precision, engine.name)
    return Detector(found.card.name, precision, graph.path, spec, graph.batch, labels, engine, postprocess)


def choose_precision(engine: config.Engine) -> model.Precision:
    """The precision to run; raises ConfigError for what this version cannot run."""
    if engine.backend not in ("auto", "onnxruntime") or engine.provider not in ("auto", "cpu"):
        wanted = f"{engine.backend} with provider {engine.provider}"
        raise ConfigError(f"engine: {wanted} is not in this version; it has onnxruntime with provider cpu")
    return "fp32" if engine.precision == "auto" else engine.precision


def label_id(labels: Sequence[str], name: str) -> int:
    """The class of that name; raises ConfigError that lists the first of the model's."""
    if name not in labels:
        raise ConfigError(f"detect.labels: the model has no {name}; it has {', '.join(labels[:12])}")
    return labels.index(name)
