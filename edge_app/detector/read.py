"""The detector that a configuration names, and the one that a calibration starts from."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from edge_app import model
from edge_app.config import Blame
from edge_app.core.errors import DataError, DeviceError, InputError
from edge_app.detector.backend import Backend
from edge_app.detector.backends.choose import choose_backend
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.detector.config import DetectConfig
from edge_app.detector.detector import Detector, detector_of, resolve
from edge_app.detector.precision import choose_precision
from edge_app.detector.variant import Overrides
from edge_app.engine.config import EngineConfig
from edge_app.model.config import ModelConfig
from edge_app.model.signature import is_quantized

logger = logging.getLogger(__name__)


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


def read_detector(config: DetectorConfig) -> Detector:
    """The detector that the configuration names, with what may run in its place.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout are unusable, or no report qualifies
            its INT8; the text names the file.
        DeviceError: What is to compute it is not here.
    """
    with config.blame("model", "name" if config.model.onnx is None else "onnx", of=(InputError,)):
        found = model.find(config.model, config.base, config.state_dir, config.engine.model)
    if doubt := found.doubt():
        logger.warning("model %s: %s", found.card.name, doubt)
    with config.blame("engine", "backend", of=(DeviceError,)):
        backend = choose_backend(config.engine)
    if backend.fallback is None:
        return _on(config, found, backend)
    fallback = partial(_on, config, found, backend.fallback)
    try:
        return replace(_on(config, found, backend), fallback=fallback)
    except DataError as refusal:
        logger.warning("ONNX Runtime runs: %s", refusal)
    return fallback()


def _on(config: DetectorConfig, found: model.Model, backend: Backend) -> Detector:
    """The detector on that backend, in the precision that is configured or that `auto` is there."""
    overrides = Overrides(
        detect=config.detect,
        family=config.model.decoder,
        accept_unverified=config.model.accept_unverified,
        blame=config.blame,
    )
    wanted, forced = config.engine.precision, "`precision: int8` runs it"
    choice = choose_precision(found, wanted, backend, overrides, forced=forced)
    because = "" if wanted == "auto" else "`engine.precision` asks for it"
    if choice.refusal:
        because = f"{choice.chosen.precision.upper()} runs: {choice.refusal}"
        logger.warning("%s", because)
    detector = replace(detector_of(found, choice.chosen, overrides), precision_because=because)
    return replace(detector, int8=detector_of(found, choice.int8, overrides) if choice.int8 else None)


def read_fp32(found: model.Model) -> Detector:
    """The model in FP32 on the CPU, as its card says: what a calibration starts from.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout are unusable; the text names the file.
    """
    backend = OnnxRuntimeCpu("calibration runs on the CPU")
    path = found.file("fp32")
    if is_quantized(path):
        raise DataError(f"{path}: it holds quantizers already; calibrate the FP32 model that it was made from")
    return resolve(found, "fp32", backend, Overrides())
