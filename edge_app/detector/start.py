"""Starts the detector's engine, and if it may run in more than one precision, the better one on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import median

import numpy as np

from edge_app.core.errors import DataError
from edge_app.core.frames import Picture
from edge_app.detector.detector import Detector
from edge_app.detector.qualification import Int8AccuracyError
from edge_app.engine.config import EngineConfig
from edge_app.engine.slot import Engine
from edge_app.model import InputSpec

logger = logging.getLogger(__name__)

ROUNDS = 15  # pictures that each precision computes, in turn
FASTER = 1.1  # for less than this FP32, which is exact, is not given up


def start_engine(
    detector: Detector, settings: EngineConfig, go_on: Callable[[], bool] = lambda: True
) -> tuple[Detector, Engine]:
    """Loads the model, which answers a blank picture and its golden inputs; returns what runs.

    Args:
        detector: What is to run.
        settings: How.
        go_on: Asked again and again while an engine is built, in another thread.

    Raises:
        StoppedError: The build was not to go on.
        DataError: It cannot run, or its INT8, which was asked for, answers the golden inputs badly.
        DeviceError: The GPU does not do.
    """
    try:
        opened = detector.backend.open(detector, settings, go_on)
    except DataError as refusal:
        if detector.fallback is None or isinstance(refusal, Int8AccuracyError):
            raise
        logger.warning("ONNX Runtime runs: %s", refusal)
    else:
        return _better(detector, opened.engine, settings)
    detector = detector.fallback()
    return _better(detector, detector.backend.open(detector, settings, go_on).engine, settings)


def _better(detector: Detector, exact: Engine, settings: EngineConfig) -> tuple[Detector, Engine]:
    """The detector in INT8, if it may run so and that is faster here; else as it is. The other engine is closed."""
    if detector.int8 is None:
        return detector, exact
    with ExitStack() as stack:
        stack.enter_context(exact)
        if faster := _if_faster(detector.int8, exact, settings):
            return detector.int8, faster
        stack.pop_all()
        return detector, exact


def _if_faster(detector: Detector, exact: Engine, settings: EngineConfig) -> Engine | None:
    """The engine in INT8, if it is faster than FP32 and answers as well; the log says how it went."""
    try:
        opened = detector.backend.open(detector, settings, lambda: True)
    except DataError as error:
        logger.warning("FP32 runs, INT8 cannot: %s", error)
        return None
    with ExitStack() as stack:
        engine = stack.enter_context(opened.engine)
        float_s, int8_s = seconds_a_picture((exact, engine), detector.input)
        better = int8_s * FASTER <= float_s
        logger.info(
            "%s runs: a picture takes %.1f ms in INT8, %.1f ms in FP32; INT8 finds what FP32 finds with mAP50 %s",
            "INT8" if better else "FP32", 1e3 * int8_s, 1e3 * float_s,
            "unknown" if opened.agreement is None else f"{opened.agreement:.3f}",
        )  # fmt: skip
        if not better:
            return None
        stack.pop_all()
        return engine


def seconds_a_picture(engines: Sequence[Engine], spec: InputSpec) -> list[float]:
    """How long each takes for one picture [s], medians; they take turns, so that a neighbour's load falls on all."""
    blank = Picture.from_bgr(np.zeros((spec.height, spec.width, 3), np.uint8))
    times: list[list[float]] = [[] for _ in engines]
    for _ in range(ROUNDS):
        for engine, seconds in zip(engines, times, strict=True):
            engine.slots[0].submit([blank])
            seconds.append(engine.slots[0].wait().infer_s)
    return [median(seconds) for seconds in times]
