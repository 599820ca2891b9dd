"""A model's TensorRT plan: who vouches for it, what it answers before anything relies on it, and loading it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from numpy.typing import NDArray

from edge_app import trt_build
from edge_app.core.errors import StoppedError
from edge_app.cuda import Gpu
from edge_app.detector.detector import Detector
from edge_app.detector.qualification import Int8Qualification, verify
from edge_app.engine.config import EngineConfig
from edge_app.engine.gpu.engine import GpuEngine, open_engine
from edge_app.engine.trt.executor import tensorrt_executors
from edge_app.model import InputSpec, Model
from edge_app.postprocess import recognise
from edge_app.trt_build import BuildRequest, Obtained, Progress, Recipe, TensorRtLibrary

logger = logging.getLogger(__name__)

EVERY_S = 10.0  # from one line in the log about a build to the next


def load_plan(
    detector: Detector, flavour: TensorRtLibrary, settings: EngineConfig, go_on: Callable[[], bool]
) -> GpuEngine:
    """The detector's plan, built where the cache has none, on the GPU; warm.

    Args:
        detector: What is to run.
        flavour: Of TensorRT.
        settings: How it runs.
        go_on: Asked again and again during a build, in another thread, and while another process builds.

    Raises:
        StoppedError: The build was not to go on.
        DataError: It cannot be built or loaded, or answers its golden inputs badly.
        DeviceError: The GPU does not do.
        AccessError: The cache cannot be written.
    """
    machine = trt_build.this_machine(settings.device)
    targets = (machine.target,) if flavour.rtx and machine.target else ()
    recipe = Recipe(detector.graph, detector.precision, settings.max_batch, targets)
    order = BuildRequest(detector.name, recipe, flavour, machine)
    progress = _told(detector.name, go_on)

    def waiting() -> None:
        if progress(0, "another process is building; waiting for that") is False:
            raise StoppedError(f"{detector.name}: another process is still building its plan")

    plan = obtain_plan(order, detector.promise, settings.device, progress=progress, waiting=waiting).content
    return _open(order, plan, detector.input, detector.constants, settings.device, settings.slots)


def obtain_plan(
    order: BuildRequest,
    promise: Int8Qualification | None,
    ordinal: int | None,
    *,
    progress: Progress,
    waiting: Callable[[], None],
) -> Obtained:
    """The plan from the cache or built, which has answered the golden inputs where there are some and a GPU.

    Args:
        order: What is wanted.
        promise: What is to be kept; none where the model is in floats.
        ordinal: Number of the GPU; none where there is none that could run the plan.
        progress: Hears how far a build is.
        waiting: Called again and again while another process is building; what it raises ends the waiting.

    Raises:
        DataError: It cannot be built, or answers badly.
        DeviceError: There is no GPU to build for, or it does not do.
        AccessError: The cache cannot be written.
    """

    def answer(plan: bytes) -> float | None:
        if promise is None or ordinal is None:
            return None
        spec, constants = promise.report.preprocessing, promise.decoder.constants
        with _open(order, plan, spec, constants, ordinal, slots=1) as engine:
            return promise.keep(engine)

    cache = trt_build.EngineCache(trt_build.default_cache_dir(os.environ))
    current = nullcontext if ordinal is None else partial(_current, ordinal)
    return trt_build.obtain(order, cache, progress=progress, waiting=waiting, current=current, answer=answer)


def vouched(order: BuildRequest, found: Model) -> Int8Qualification:
    """What the report beside the quantized file promises; raises ConfigError where none vouches for it."""
    graph = order.recipe.graph
    return verify(found, graph.path, recognise(graph, found.card.decoder.family))


def _open(
    order: BuildRequest, plan: bytes, spec: InputSpec, constants: Mapping[str, NDArray[Any]], ordinal: int, slots: int
) -> GpuEngine:
    networks = tensorrt_executors(order.flavour.trt, plan, max_batch=order.recipe.max_batch, slots=slots)
    return open_engine(order.flavour.name, order.recipe.graph.path, ordinal, networks, spec, constants)


@contextmanager
def _current(ordinal: int) -> Iterator[None]:
    """The GPU for the block, with the flags of our context, which TensorRT would make with others."""
    gpu = Gpu(ordinal)
    try:
        with gpu.current():
            yield
    finally:
        gpu.close()


def _told(model: str, go_on: Callable[[], bool]) -> Progress:
    """Tells the log how far a build is."""
    told = float("-inf")

    def progress(part: float, phase: str) -> bool:
        nonlocal told
        if time.monotonic() - told >= EVERY_S:
            told = time.monotonic()
            logger.info("TensorRT plan of %s: %.0f %%, %s", model, 100 * part, phase)
        return go_on()

    return progress
