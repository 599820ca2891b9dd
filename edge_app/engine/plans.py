"""The plan of a model: from the cache, or built once however many processes want it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from edge_app.engine.build import Built, Progress, build
from edge_app.engine.cache import EngineCache, Plan, Sidecar
from edge_app.engine.key import Key
from edge_app.engine.machine import available_memory
from edge_app.engine.order import Order
from edge_app.engine.trt_log import LOW_MEMORY
from edge_app.errors import DataError

logger = logging.getLogger(__name__)

FIRST = "there was none"


@dataclass(frozen=True, slots=True)
class Obtained:
    """A plan that may be trusted.

    Attributes:
        plan: Where it is, and what it is.
        content: The plan itself.
        cached: Whether it was there already.
    """

    plan: Plan
    content: bytes
    cached: bool


def obtain(
    order: Order,
    cache: EngineCache,
    *,
    progress: Progress = lambda part, phase: None,
    waiting: Callable[[], None] = lambda: None,
    answer: Callable[[bytes], float | None] = lambda plan: None,
) -> Obtained:
    """The plan from the cache, else built. An older plan stays in the cache until it is pruned.

    Args:
        order: What is wanted.
        cache: Where plans are kept.
        progress: Hears how far a build is.
        waiting: Called once where another process is building.
        answer: Lets the new engine answer the golden pictures before it is kept, and returns their agreement, none
            where it cannot run here; raises DataError where they are below the bar.

    Raises:
        DataError: It cannot be built, or what was built does not answer well; the text names the file.
        DeviceError: There is no GPU to build for.
        AccessError: The cache cannot be written.
    """
    key = order.key()
    if (found := find(cache, key)) is not None:
        return found
    with cache.locked(waiting):
        if (found := find(cache, key)) is not None:  # another process has built it
            return found
        return _build(order, cache, key, progress, answer)


def find(cache: EngineCache, key: Key) -> Obtained | None:
    """The newest plan that serves and may be trusted; what may not is said in the log."""
    for plan in cache.plans():
        if plan.sidecar.key.serves(key):
            try:
                return Obtained(plan, plan.read(), cached=True)
            except DataError as error:
                logger.warning("%s", error)
    return None


def _build(
    order: Order, cache: EngineCache, key: Key, progress: Progress, answer: Callable[[bytes], float | None]
) -> Obtained:
    _check_memory(order)
    sidecar = _sidecar(order, key)
    before = next((plan.sidecar.key for plan in cache.plans() if plan.sidecar.same_choice(sidecar)), None)
    because = _because(key, before)
    if before is not None:
        logger.info("%s is built again because %s", order.model, because)
    began = time.monotonic()
    built: Built = build(order.flavour, order.recipe, progress, cache.folder / _timings(key))
    update = {
        "before": before,
        "because": because,
        "seconds": round(time.monotonic() - began, 3),
        "warnings": built.warnings,
        "agreement": answer(built.plan),
    }
    return Obtained(cache.store(built.plan, sidecar.model_copy(update=update)), built.plan, cached=False)


def _sidecar(order: Order, key: Key) -> Sidecar:
    """What is known before the build."""
    return Sidecar(
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


def _timings(key: Key) -> str:
    """Measurements hold for one GPU and one TensorRT."""
    gpu = "".join(letter if letter.isalnum() else "_" for letter in key.gpu)
    return f"{gpu}-{key.flavour}-{key.version}.timings"


def _check_memory(order: Order) -> None:
    """Warns where a build is likely to be killed for want of memory; on a Jetson the GPU's memory is the same."""
    needed, free = memory_needed(order.recipe.graph.path), available_memory()
    if free is not None and free < needed:
        wanted = f"{order.model}: the build wants about {needed >> 20} MiB of memory, {free >> 20} MiB are free"
        logger.warning("%s; %s", wanted, LOW_MEMORY)


def memory_needed(onnx: Path) -> int:
    """A rough figure [bytes]: what TensorRT itself takes, the workspace, and several copies of the weights."""
    return (1 << 30) + 8 * onnx.stat().st_size
