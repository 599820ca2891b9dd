"""Measures what the program costs on top of its engine and decoder, with the user's own model and sources."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np

from edge_app.capture import DecodeHardware, open_source
from edge_app.capture.config import CameraConfig
from edge_app.core.errors import InputError, Reason, StreamError
from edge_app.core.frames import Picture
from edge_app.core.metrics import Metrics
from edge_app.detector import Detector
from edge_app.engine import Engine, Recomputing, Slot
from edge_app.engine.config import EngineConfig
from edge_app.model import InputSpec

STAGES = ("decode", "queue", "preprocess", "infer", "postprocess", "publish")
MAX_UNPACED_S = 90.0  # no unpaced round starts later
Measure = Callable[[], "Cost"]


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a frame.

    Attributes:
        fps: Frames per second.
        cpu_s: CPU time of the process and its children per frame [s].
        wall_s: Wall-clock time per frame [s].
    """

    fps: float
    cpu_s: float
    wall_s: float


def measure(step: Callable[[], int], seconds: float) -> Cost:
    """The cost per frame of `step`, which returns its number of frames; repeated for at least `seconds`, once for 0."""
    frames, began, cpu = 0, time.perf_counter(), sum(os.times()[:4])
    while frames == 0 or time.perf_counter() - began < seconds:
        frames += step()
    wall = time.perf_counter() - began
    return Cost(frames / wall, (sum(os.times()[:4]) - cpu) / frames, wall / frames)


def engine_alone(detector: Detector, config: EngineConfig, seconds: float) -> Cost:
    """The cost of what computes the model, as `run` has it, and of nothing else.

    Without what its backend calls `bare`, an engine on a GPU computes what is in its buffers again and again; any other
    gets full batches of grey pictures of its input's size in all of its slots, which cost it their way there too.
    """
    if step := detector.backend.bare(detector, config):
        return measure(step, seconds)
    with detector.backend.open(detector, config, lambda: True).engine as engine:
        again = engine.compute_again if isinstance(engine, Recomputing) else _in_slots(engine, detector.input)
        return measure(again, seconds)


def _in_slots(engine: Engine, spec: InputSpec) -> Callable[[], int]:
    """Submits a full batch to the next slot, once the batch before it is finished."""
    pictures = [Picture.from_bgr(np.full((spec.height, spec.width, 3), spec.pad, np.uint8))] * engine.max_batch
    free, busy = deque(engine.slots), deque[Slot]()

    def step() -> int:
        if not free:
            busy[0].wait()
            free.append(busy.popleft())
        busy.append(free.popleft())
        busy[-1].submit(pictures)
        return len(pictures)

    return step


def decode_alone(cameras: Collection[CameraConfig], hardware: DecodeHardware | None = None) -> int:
    """Decodes whole sources as `run` does, one after the other; returns the number of frames.

    Args:
        cameras: The sources.
        hardware: What decodes them for an engine that reads a decoder's pictures as they are; None: they become BGR,
            files in a bare PyAV loop.

    Raises:
        InputError: One cannot be read, or nothing in it can be decoded.
    """
    plain = hardware is None
    return sum(_read_file(c.url) if plain and Path(c.url).is_file() else _read_source(c, hardware) for c in cameras)


def _read_file(path: str) -> int:
    frames = 0
    try:
        with av.open(path) as container:
            for packet in container.demux(video=0):
                with suppress(av.FFmpegError):  # as in `run`, damaged frames are left out
                    frames += sum(frame.to_ndarray(format="bgr24").size > 0 for frame in packet.decode())
    except (av.FFmpegError, IndexError) as error:
        raise InputError(f"{path}: is not a video ({type(error).__name__})") from None
    if not frames:
        raise InputError(f"{path}: there is no frame in it that can be decoded")
    return frames


def _read_source(camera: CameraConfig, hardware: DecodeHardware | None) -> int:
    count = 0
    try:
        with open_source(camera, hardware).open(threading.Event()) as frames:
            for frame in frames:
                count += frame.convert().width > 0
    except StreamError as error:
        if error.reason is not Reason.ENDED:
            raise InputError(str(error)) from None
    return count


def median_cost(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    fps = median(cost.fps for cost in costs)
    return Cost(fps, median(cost.cpu_s for cost in costs), 1 / fps)


def unpaced(
    engine: Measure, decode: Measure, pipeline: Callable[[], tuple[Cost, Metrics]], rounds: int
) -> dict[str, Any]:
    """Medians and ratios of the three, measured in turn for some rounds, so that other load falls on all of them.

    No round starts after `MAX_UNPACED_S`: a measurement of that length is an average already.
    """
    engines, decodes = [], []
    pipelines: list[tuple[Cost, Metrics]] = []
    began = time.monotonic()
    while len(pipelines) < rounds and (not pipelines or time.monotonic() - began < MAX_UNPACED_S):
        engines.append(engine())
        decodes.append(decode())
        pipelines.append(pipeline())
    wholes = [cost for cost, _ in pipelines]
    alone, read, whole = median_cost(engines), median_cost(decodes), median_cost(wholes)
    stats = min(pipelines, key=lambda run: abs(run[0].fps - whole.fps))[1]
    return {
        "engine": asdict(alone),
        "decode": asdict(read),
        "pipeline": {**asdict(whole), "stages_ms": {stage: milliseconds(stats, stage) for stage in STAGES}},
        **ratios(alone, read, whole),
        "rounds": [
            {"engine_fps": one.fps, "decode_fps": two.fps, "pipeline_fps": all_.fps, **ratios(one, two, all_)}
            for one, two, all_ in zip(engines, decodes, wholes, strict=True)
        ],
    }


def ratios(alone: Cost, read: Cost, whole: Cost) -> dict[str, float]:
    """What engine and decoder allow [frames/s], and what the program makes of that."""
    parts = alone.cpu_s + read.cpu_s
    bound = min(alone.fps, (os.cpu_count() or 1) / parts)
    return {"bound_fps": bound, "cpu_overhead": whole.cpu_s / parts, "throughput": whole.fps / bound}


def paced(stats: Metrics, cameras: Sequence[str], seconds: float) -> dict[str, Any]:
    """Ages, frame rates and drops at the sources' own rate, over this many seconds."""
    ages = [1e3 * age for age in stats.percentiles("age", (50, 95, 99, 100))] or [0.0] * 4
    frames = {camera: stats.total("frames_analysed", camera=camera) for camera in cameras}
    dropped = {camera: stats.total("frames_dropped", camera=camera) for camera in cameras}
    return {
        "seconds": seconds,
        "age_ms": dict(zip(("p50", "p95", "p99", "max"), ages, strict=True)),
        "dropped": sum(dropped.values()),
        "cameras": {c: {"frames": frames[c], "fps": frames[c] / seconds, "dropped": dropped[c]} for c in cameras},
    }


def milliseconds(stats: Metrics, stage: str) -> dict[str, float]:
    """Percentiles of a stage [ms]."""
    points = stats.percentiles(stage) or [0.0] * 3
    return dict(zip(("p50", "p95", "p99"), (1e3 * point for point in points), strict=True))
