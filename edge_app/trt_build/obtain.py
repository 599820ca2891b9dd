"""The engine file of a model: from the cache, or built once however many processes want it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version

from edge_app.core.errors import AccessError, DataError
from edge_app.cuda.machine import available_memory
from edge_app.trt_build.build import Current, build
from edge_app.trt_build.cache import EngineCache
from edge_app.trt_build.engine_file import EngineFile, EngineMetadata, metadata_path, read_engine_file, write_metadata
from edge_app.trt_build.key import Key
from edge_app.trt_build.monitor import BuildProgress
from edge_app.trt_build.request import WORKSPACE, BuildRequest
from edge_app.trt_build.trt_log import LOW_MEMORY

logger = logging.getLogger(__name__)

FIRST = "there was none"

CheckEngine = Callable[[bytes], float | None]


@dataclass(frozen=True, slots=True)
class TrustedEngine:
    """An engine file that may be trusted.

    Attributes:
        file: Where it is, and what it is.
        content: The engine itself, serialized.
        cached: Whether it was there already.
    """

    file: EngineFile
    content: bytes
    cached: bool


def obtain(
    request: BuildRequest,
    cache: EngineCache,
    *,
    progress: BuildProgress = lambda part, phase: None,
    waiting: Callable[[], None] = lambda: None,
    current: Current = nullcontext,
    answer: CheckEngine = lambda engine: None,
) -> TrustedEngine:
    """The engine from the cache, else built. An older one stays in the cache until it is pruned.

    Args:
        request: What is wanted.
        cache: Where engine files are kept.
        progress: Receives build progress.
        waiting: Called again and again while another process is building; what it raises ends the waiting.
        current: Gives the building thread its GPU.
        answer: Lets an engine that has not answered the golden inputs yet do so, a new one before it is kept; returns
            the agreement, None if there is nothing to ask or it cannot run here; raises DataError below the bar.

    Raises:
        DataError: It cannot be built, or does not answer well; the text names the file.
        DeviceError: There is no GPU to build for.
        AccessError: The cache cannot be written.
    """
    key = request.key()
    if (found := find(cache, key)) is None:
        with cache.locked(waiting):
            if (found := find(cache, key)) is None:  # else another process has built it
                return _build(request, cache, key, progress, current, answer)
    return _adopt(request, cache, found, waiting, answer)


def find(cache: EngineCache, key: Key) -> TrustedEngine | None:
    """The newest file that serves and may be trusted; the log says which may not, and why."""
    for file in cache.files():
        if file.metadata.key.serves(key):
            try:
                return TrustedEngine(file, file.read(), cached=True)
            except DataError as error:
                logger.warning("%s", error)
    return None


def _adopt(
    request: BuildRequest, cache: EngineCache, found: TrustedEngine, waiting: Callable[[], None], answer: CheckEngine
) -> TrustedEngine:
    """Lets the engine answer if it has not; one of a copy of the file becomes this file's, to be explained with it."""
    known = found.file.metadata
    agreement = answer(found.content) if known.agreement is None else known.agreement
    if (known.source, known.agreement) == (request.source, agreement):
        return found
    metadata = known.model_copy(update={"model": request.model, "source": request.source, "agreement": agreement})
    try:
        with cache.locked(waiting):
            beside = read_engine_file(metadata_path(found.file.path))
            if beside is None or beside.metadata.sha256 != known.sha256:  # it was pruned or built again meanwhile
                return found
            return replace(found, file=write_metadata(found.file.path, metadata))
    except AccessError:  # a cache that we may only read serves all the same
        return found


def _build(
    request: BuildRequest, cache: EngineCache, key: Key, progress: BuildProgress, current: Current, answer: CheckEngine
) -> TrustedEngine:
    if warning := memory_warning(request, available_memory()):
        logger.warning("%s", warning)
    metadata = _metadata(request, key)
    before = next((file.metadata.key for file in cache.files() if file.metadata.same_choice(metadata)), None)
    because = _because(key, before)
    if before is not None:
        logger.info("%s is built again because %s", request.model, because)
    cache.reserve(2 * request.source.stat().st_size)
    progress(0.0, "reading the model")
    began = time.monotonic()
    built = build(request, progress, cache.timings(key), current)
    update = {
        "before": before,
        "because": because,
        "seconds": round(time.monotonic() - began, 3),
        "warnings": built.warnings,
        "agreement": answer(built.engine),
    }
    return TrustedEngine(cache.store(built.engine, metadata.model_copy(update=update)), built.engine, cached=False)


def _metadata(request: BuildRequest, key: Key) -> EngineMetadata:
    """What is known before the build."""
    return EngineMetadata(
        sha256="",
        model=request.model,
        source=request.source,
        backend=request.library.name,
        precision=request.precision,
        max_batch=request.max_batch,
        targets=request.targets,
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
    return "; ".join(key.changes(before)) or "the engine file was missing or could not be trusted"


def memory_warning(request: BuildRequest, free: int | None) -> str | None:
    """What to do if a build may run out of memory; None if there is enough, or that is unknown.

    TensorRT-RTX took 0.3 to 0.5 GB for YOLOX-Nano (3.7 MB of ONNX). Full TensorRT was not measured; it may also fill
    the workspace, which on a Jetson is the host's memory.
    """
    needed = WORKSPACE + 8 * request.signature.path.stat().st_size
    if free is None or free >= needed:
        return None
    running = "; stop the service first, whose engine takes the same memory" if request.machine.l4t else ""
    figures = f"the build may want {needed >> 20} MiB of memory, {free >> 20} MiB are free"
    return f"{request.model}: {figures}: {LOW_MEMORY}{running}"
