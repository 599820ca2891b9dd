"""Starts the detector's engine, and if it may run in more than one precision, the better one on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

import numpy as np

from edge_app.core.errors import DataError, EngineAwayError, EngineError, first_line
from edge_app.core.frames import Picture
from edge_app.detector.detector import Detector
from edge_app.detector.qualification import Int8AccuracyError
from edge_app.engine.config import EngineConfig
from edge_app.engine.slot import Engine
from edge_app.model import InputSpec
from edge_app.postprocess import Scores, as_declared, scores_in

logger = logging.getLogger(__name__)

ROUNDS = 15  # pictures that each precision computes, in turn
GREY = 114  # of a blank picture, as letterboxes are padded
FASTER = 1.1  # for less than this the more exact floats are not given up


def start_engine(
    detector: Detector, config: EngineConfig, keep_building: Callable[[], bool] = lambda: True
) -> tuple[Detector, Engine]:
    """Loads the model, which answers a blank picture and its golden inputs; returns what runs.

    Args:
        detector: What is to run.
        config: How.
        keep_building: Asked again and again while an engine is built, in another thread.

    Raises:
        StoppedError: The build was cancelled.
        DataError: It cannot run, or its INT8, which was asked for, answers the golden inputs badly.
        DeviceError: The GPU is not supported.
    """
    try:
        opened = detector.backend.open(detector, config, keep_building)
    except DataError as refusal:
        if detector.fallback is None or isinstance(refusal, Int8AccuracyError):
            raise
        logger.warning("ONNX Runtime runs: %s", refusal)
        detector = detector.fallback()
        opened = detector.backend.open(detector, config, keep_building)
    detector, engine = _better(detector, opened.engine, config)
    with ExitStack() as stack:
        stack.enter_context(engine)
        _look_at_answer(detector, engine)
        stack.pop_all()
    return detector, engine


def _look_at_answer(detector: Detector, engine: Engine) -> None:
    """Refuses a model whose answer to a blank batch cannot be read or has logits; warns of some other scores."""
    source, decoder = detector.signature.source, detector.decoder
    engine.slots[0].submit([_blank(detector.input)] * engine.max_batch)
    try:
        arrays = engine.slots[0].wait().arrays
    except EngineAwayError:
        raise
    except EngineError as error:
        text = f"it fails on {engine.max_batch} pictures at once ({first_line(error)})"
        raise DataError(f"{source}: {text}{_if_one_works(engine)}") from error
    shown = ", ".join(str(array.shape) for array in arrays)
    whole = all(array.ndim < 3 or len(array) >= engine.max_batch for array in arrays)
    if not (whole and as_declared(detector.signature, arrays)):
        declared = ", ".join(map(str, detector.signature.outputs))
        text = f"it answers {engine.max_batch} pictures with {shown}; the file declares {declared}"
        raise DataError(f"{source}: {text}{'' if whole else _if_one_works(engine)}")
    try:
        decoder.decode(arrays, range(engine.max_batch), 0.0)
    except (IndexError, TypeError, ValueError) as error:
        text = f"its answer {shown} to {engine.max_batch} pictures cannot be read as {decoder.family}"
        raise DataError(f"{source}: {text} ({first_line(error)})") from error
    scores = scores_in(decoder, arrays)
    if scores is Scores.LOGITS:
        raise DataError(
            f"{source}: read as {decoder.family}, its scores are logits, most of them below 0 for a blank picture; "
            "export it with its sigmoid, or if it is of another family, say which with `decoder:`"
        )
    if scores is Scores.BEYOND:
        logger.warning(
            "%s: read as %s, its scores are not between 0 and 1: those above 1 are counted and not published; if it is "
            "of another family, say which with `decoder:`",
            source, decoder.family,
        )  # fmt: skip


def _if_one_works(engine: Engine) -> str:
    """What to do about a model whose batch is fixed inside, though its file says that it may vary."""
    return "; if its batch is 1 inside, set `engine: {max_batch: 1}` or export it so" if engine.max_batch > 1 else ""


def _better(detector: Detector, engine: Engine, config: EngineConfig) -> tuple[Detector, Engine]:
    """The detector in INT8, if it may run so and that is faster here; else as it is. The other engine is closed."""
    if detector.int8 is None:
        return detector, engine
    with ExitStack() as stack:
        stack.enter_context(engine)
        faster, because = _if_faster(detector.int8, engine, detector.precision.upper(), config)
        if faster is not None:
            return replace(detector.int8, precision_because=because), faster
        stack.pop_all()
        return replace(detector, precision_because=because), engine


def _if_faster(detector: Detector, floats: Engine, float_name: str, config: EngineConfig) -> tuple[Engine | None, str]:
    """The engine in INT8, if it is faster than the one in floats and answers well; how it went, as the log says too."""
    try:
        opened = detector.backend.open(detector, config, lambda: True)
    except DataError as error:
        because = f"{float_name} runs, INT8 cannot: {error}"
        logger.warning("%s", because)
        return None, because
    with ExitStack() as stack:
        engine = stack.enter_context(opened.engine)
        float_s, int8_s = seconds_per_picture((floats, engine), detector.input)
        better = int8_s * FASTER <= float_s
        agreement = "unknown" if opened.agreement is None else f"{opened.agreement:.3f}"
        because = (
            f"{'INT8' if better else float_name} runs: a picture takes {1e3 * int8_s:.1f} ms in INT8, "
            f"{1e3 * float_s:.1f} ms in {float_name}; INT8 finds what FP32 finds with mAP50 {agreement}"
        )
        logger.info("%s", because)
        if not better:
            return None, because
        stack.pop_all()
        return engine, because


def seconds_per_picture(engines: Sequence[Engine], spec: InputSpec) -> list[float]:
    """How long each takes for one picture [s], medians; they take turns, so that a neighbour's load falls on all."""
    blank = _blank(spec)
    times: list[list[float]] = [[] for _ in engines]
    for _ in range(ROUNDS):
        for engine, seconds in zip(engines, times, strict=True):
            engine.slots[0].submit([blank])
            seconds.append(engine.slots[0].wait().infer_s)
    return [median(seconds) for seconds in times]


def _blank(spec: InputSpec) -> Picture:
    return Picture.from_bgr(np.full((spec.height, spec.width, 3), GREY, np.uint8))
