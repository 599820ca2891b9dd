"""Loads the detector, and where it may run in more than one precision, the one that is better on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import median

import numpy as np

from edge_app.core.errors import DataError
from edge_app.core.frames import Picture
from edge_app.detector.detector import Detector
from edge_app.detector.plan import load_plan
from edge_app.detector.qualification import Int8AccuracyError
from edge_app.engine.config import EngineConfig
from edge_app.engine.gpu.engine import open_engine
from edge_app.engine.ort.cpu import OnnxRuntimeEngine
from edge_app.engine.ort.cuda import cuda_executors
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
        go_on: Asked again and again while a TensorRT plan is built, in another thread.

    Raises:
        StoppedError: The build was not to go on.
        DataError: It cannot run, or its INT8, which was asked for, answers the golden inputs badly.
        DeviceError: The GPU does not do.
    """
    if detector.backend.tensorrt is not None:
        try:
            return detector, load_plan(detector, detector.backend.tensorrt, settings, go_on)
        except DataError as refusal:
            if detector.fallback is None or isinstance(refusal, Int8AccuracyError):
                raise
            logger.warning("ONNX Runtime runs: %s", refusal)
        detector = detector.fallback()
    with ExitStack() as stack:
        engine = stack.enter_context(load(detector, settings))
        if detector.promise is not None:
            detector.promise.keep(engine)
        if detector.int8 is not None:
            faster = _if_better(detector.int8, engine, settings)
            if faster is not None:
                return detector.int8, faster
        stack.pop_all()
        return detector, engine


def load(detector: Detector, settings: EngineConfig) -> Engine:
    """The model on ONNX Runtime, warm; raises DataError where it cannot run, DeviceError where the GPU does not do."""
    graph = detector.graph
    if settings.provider == "cuda":
        networks = cuda_executors(
            graph,
            ordinal=settings.device,
            max_batch=settings.max_batch,
            slots=settings.slots,
            half=detector.precision == "fp16",
        )
        name, spec, constants = "onnxruntime-cuda", detector.input, detector.constants
        return open_engine(name, graph.path, settings.device, networks, spec, constants)
    return OnnxRuntimeEngine(
        graph.path,
        detector.input,
        batch=graph.batch,
        max_batch=settings.max_batch,
        slots=settings.slots,
        threads=settings.threads,
        constants=detector.constants,
        fixed_outputs=graph.fixed_outputs,
        quantized=graph.quantized,
    )


def seconds_a_picture(engines: Sequence[Engine], spec: InputSpec) -> list[float]:
    """How long each takes for one picture [s], medians; they take turns, so that a neighbour's load falls on all."""
    blank = Picture.from_bgr(np.zeros((spec.height, spec.width, 3), np.uint8))
    times: list[list[float]] = [[] for _ in engines]
    for _ in range(ROUNDS):
        for engine, seconds in zip(engines, times, strict=True):
            engine.slots[0].submit([blank])
            seconds.append(engine.slots[0].wait().infer_s)
    return [median(seconds) for seconds in times]


def _if_better(detector: Detector, exact: Engine, settings: EngineConfig) -> Engine | None:
    """The INT8 model, where it is faster than FP32 on this machine and keeps its promise; the log says how it went."""
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(load(detector, settings))
            map50 = detector.promise.keep(engine) if detector.promise else None
        except DataError as error:
            logger.warning("FP32 runs, INT8 cannot: %s", error)
            return None
        float_s, int8_s = seconds_a_picture((exact, engine), detector.input)
        better = int8_s * FASTER <= float_s
        logger.info(
            "%s runs: a picture takes %.1f ms in INT8, %.1f ms in FP32; INT8 finds what FP32 finds with mAP50 %s",
            "INT8" if better else "FP32", 1e3 * int8_s, 1e3 * float_s, "unknown" if map50 is None else f"{map50:.3f}",
        )  # fmt: skip
        if not better:
            return None
        stack.pop_all()
        return engine
