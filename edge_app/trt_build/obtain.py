"""The plan of a model: from the cache, or built once however many processes want it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version

from edge_app.core.errors import AccessError, DataError
from edge_app.trt_build.build import Current, build
from edge_app.trt_build.cache import EngineCache
from edge_app.trt_build.engine_file import EngineFile, EngineMetadata, metadata_path, read_engine_file, write_metadata
from edge_app.trt_build.key import Key
from edge_app.trt_build.machine import available_memory
from edge_app.trt_build.monitor import Progress
from edge_app.trt_build.recipe import WORKSPACE
from edge_app.trt_build.request import BuildRequest
from edge_app.trt_build.trt_log import LOW_MEMORY

logger = logging.getLogger(__name__)

FIRST = "there was none"

Answer = Callable[[bytes], float | None]


@dataclass(frozen=True, slots=True)
class Obtained:
    """A plan that may be trusted.

    Attributes:
        plan: Where it is, and what it is.
        content: The plan itself.
        cached: Whether it was there already.
    """

    plan: EngineFile
    content: bytes
    cached: bool


def obtain(
    order: BuildRequest,
    cache: EngineCache,
    *,
    progress: Progress = lambda part, phase: None,
    waiting: Callable[[], None] = lambda: None,
    current: Current = nullcontext,
    answer: Answer = lambda plan: None,
) -> Obtained:
    """The plan from the cache, else built. An older plan stays in the cache until it is pruned.

    Args:
        order: What is wanted.
        cache: Where plans are kept.
        progress: Hears how far a build is.
        waiting: Called again and again while another process is building; what it raises ends the waiting.
        current: Gives the building thread its GPU.
        answer: Lets a plan that has not answered the golden pictures yet do so, a new one before it is kept; returns
            the agreement, none where there is nothing to ask or it cannot run here; raises DataError below the bar.

    Raises:
        DataError: It cannot be built, or does not answer well; the text names the file.
        DeviceError: There is no GPU to build for.
        AccessError: The cache cannot be written.
    """
    key = order.key()
    if (found := find(cache, key)) is None:
        with cache.locked(waiting):
            if (found := find(cache, key)) is None:  # else another process has built it
                return _build(order, cache, key, progress, current, answer)
    return _adopt(order, cache, found, waiting, answer)


def find(cache: EngineCache, key: Key) -> Obtained | None:
    """The newest plan that serves and may be trusted; what may not is said in the log."""
    for plan in cache.plans():
        if plan.sidecar.key.serves(key):
            try:
                return Obtained(plan, plan.read(), cached=True)
            except DataError as error:
                logger.warning("%s", error)
    return None


def _adopt(
    order: BuildRequest, cache: EngineCache, found: Obtained, waiting: Callable[[], None], answer: Answer
) -> Obtained:
    """Lets the plan answer if it has not; one of a copy of the file becomes this file's, to be explained with it."""
    known = found.plan.sidecar
    agreement = answer(found.content) if known.agreement is None else known.agreement
    if (known.source, known.agreement) == (order.source, agreement):
        return found
    sidecar = known.model_copy(update={"model": order.model, "source": order.source, "agreement": agreement})
    try:
        with cache.locked(waiting):
            beside = read_engine_file(metadata_path(found.plan.path))
            if beside is None or beside.sidecar.sha256 != known.sha256:  # it was pruned or built again meanwhile
                return found
            return replace(found, plan=write_metadata(found.plan.path, sidecar))
    except AccessError:  # a cache that we may only read serves all the same
        return found


def _build(
    order: BuildRequest, cache: EngineCache, key: Key, progress: Progress, current: Current, answer: Answer
) -> Obtained:
    if warning := memory_warning(order, available_memory()):
        logger.warning("%s", warning)
    sidecar = _sidecar(order, key)
    before = next((plan.sidecar.key for plan in cache.plans() if plan.sidecar.same_choice(sidecar)), None)
    because = _because(key, before)
    if before is not None:
        logger.info("%s is built again because %s", order.model, because)
    cache.reserve(2 * order.source.stat().st_size)
    progress(0.0, "reading the model")
    began = time.monotonic()
    built = build(order.flavour, order.recipe, progress, cache.timings(key), current)
    update = {
        "before": before,
        "because": because,
        "seconds": round(time.monotonic() - began, 3),
        "warnings": built.warnings,
        "agreement": answer(built.plan),
    }
    return Obtained(cache.store(built.plan, sidecar.model_copy(update=update)), built.plan, cached=False)


def _sidecar(order: BuildRequest, key: Key) -> EngineMetadata:
    """What is known before the build."""
    return EngineMetadata(
        sha256="",
        model=order.model,
        source=order.source,
        backend=order.flavour.name,
        precision=order.recipe.precision,
        max_batch=order.recipe.max_batch,
        targets=order.recipe.targets,
        key=key,
        before=None,
        because=FIRST,
        built_with=version("edge-app"),
        seconds=0,
        warnings=(),
    )


def _because(key: Key, before: Key | None) -> str:
    if before is None:
        return FIRST
    return "; ".join(key.changes(before)) or "the plan was missing or could not be trusted"


def memory_warning(order: BuildRequest, free: int | None) -> str | None:
    """What to do where a build may be killed for want of memory; none where there is enough, or nobody knows.

    TensorRT-RTX took 0.3 to 0.5 GB for YOLOX-Nano (3.7 MB of ONNX). Full TensorRT was not measured; it may also fill
    the workspace, which on a Jetson is the host's memory.
    """
    needed = WORKSPACE + 8 * order.recipe.graph.path.stat().st_size
    if free is None or free >= needed:
        return None
    running = "; stop the service first, whose engine takes the same memory" if order.machine.l4t else ""
    figures = f"the build may want {needed >> 20} MiB of memory, {free >> 20} MiB are free"
    return f"{order.model}: {figures}: {LOW_MEMORY}{running}"
