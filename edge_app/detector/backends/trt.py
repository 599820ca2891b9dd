"""TensorRT as a backend: an engine file is found or built, answers before anything relies on it, and is loaded."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

from edge_app import model, trt_build
from edge_app.core.errors import StoppedError
from edge_app.cuda import Gpu
from edge_app.detector.ask import OnnxFileNetwork
from edge_app.detector.backend import Backend, Int8Gain, OpenedEngine, Resolved
from edge_app.detector.qualification import Int8Qualification
from edge_app.detector.variant import Overrides, Variant, read_variant
from edge_app.engine.config import EngineConfig
from edge_app.model import InputSpec, Model, ModelSignature, Precision, read_source, source_of
from edge_app.postprocess import CellLayout, Network
from edge_app.trt_build import (
    BuildProgress,
    BuildRequest,
    EngineCache,
    EngineMetadata,
    Explanation,
    TensorRtLibrary,
    TrustedEngine,
)

if TYPE_CHECKING:
    from edge_app.engine.gpu.engine import GpuEngine

logger = logging.getLogger(__name__)

EVERY_S = 10.0  # between two lines in the log about a build


@dataclass(frozen=True, slots=True)
class TensorRt:
    """TensorRT, the full one or TensorRT-RTX; see `Backend`.

    Attributes:
        library: Which of them.
        because, fallback: As the protocol's.
    """

    library: TensorRtLibrary
    because: str
    fallback: Backend | None = None
    reads_surfaces: ClassVar[bool] = True

    @property
    def int8_gain(self) -> Int8Gain:
        return "none" if self.library.rtx else "certain"  # RTX does not fuse what is quantized

    def float_precision(self, model: Model) -> Precision:
        return "int8" if source_of(model, "fp16") == "int8" else "fp16"

    def read(self, model: Model, precision: Precision) -> ModelSignature:
        return read_source(model, precision, trt_build.refused_quantizer)

    def network(self, signature: ModelSignature) -> Network:
        return OnnxFileNetwork(signature.path)

    def digest(self, signature: ModelSignature) -> str:
        return model.digest(signature.path)

    def open(self, detector: Resolved, config: EngineConfig, keep_building: Callable[[], bool]) -> OpenedEngine:
        request = self.request(detector, max_batch=config.max_batch, device=config.device)
        progress = _logged(detector.name, keep_building)

        def waiting() -> None:
            if progress(0, "another process is building; waiting for that") is False:
                raise StoppedError(f"{detector.name}: another process is still building its engine")

        ordinal = config.device
        found = obtain_engine(request, detector.qualification, ordinal, progress=progress, waiting=waiting)
        fed = detector.input, detector.constants
        engine = _load(request, found.content, *fed, ordinal, slots=config.slots, layout=detector.layout)
        return OpenedEngine(engine, found.file.metadata.agreement)

    def bare(self, detector: Resolved, config: EngineConfig) -> None:
        return None

    def request(
        self, wanted: Resolved | Variant, *, max_batch: int, targets: tuple[str, ...] = (), device: int = 0
    ) -> BuildRequest:
        """What is to be built of a model that was read for this backend; see `trt_build.build_request`."""
        return trt_build.build_request(
            wanted.name,
            wanted.signature,
            wanted.precision,
            self.library,
            max_batch=max_batch,
            targets=targets,
            device=device,
        )


def explain_engines(found: Model, cache: EngineCache, overrides: Overrides, device: int) -> list[Explanation]:
    """Of each choice that the model was built with, whether its newest engine file is what would be built now.

    Args:
        found: The model.
        cache: Where engine files are kept.
        overrides: What the user says of it.
        device: Number of the GPU that would run them.
    """

    def renew(metadata: EngineMetadata) -> BuildRequest:
        backend = TensorRt(trt_build.find_library(metadata.backend), "as before")
        variant = read_variant(found, metadata.precision, backend, overrides)
        return backend.request(variant, max_batch=metadata.max_batch, targets=metadata.targets, device=device)

    return trt_build.explain(found, cache, renew)


def obtain_engine(
    request: BuildRequest,
    qualification: Int8Qualification | None,
    ordinal: int | None,
    *,
    progress: BuildProgress,
    waiting: Callable[[], None],
) -> TrustedEngine:
    """The engine file from the cache or built, which has answered the golden inputs if there are some and a GPU.

    Args:
        request: What is wanted.
        qualification: What it must answer; None if the model is floating-point.
        ordinal: Number of the GPU; None if there is none that could run the engine.
        progress: Receives build progress.
        waiting: Called again and again while another process is building; what it raises ends the waiting.

    Raises:
        DataError: It cannot be built, or answers badly.
        DeviceError: There is no GPU to build for, or it is not supported.
        AccessError: The cache cannot be written.
    """

    def answer(content: bytes) -> float | None:
        if qualification is None or ordinal is None:
            return None
        spec, constants = qualification.report.preprocessing, qualification.decoder.constants
        with _load(request, content, spec, constants, ordinal, slots=1) as engine:
            return qualification.check(engine)

    cache = EngineCache(trt_build.default_cache_dir(os.environ))
    current = nullcontext if ordinal is None else partial(_current, ordinal)
    return trt_build.obtain(request, cache, progress=progress, waiting=waiting, current=current, answer=answer)


def _load(
    request: BuildRequest,
    content: bytes,
    spec: InputSpec,
    constants: Mapping[str, NDArray[Any]],
    ordinal: int,
    *,
    slots: int,
    layout: CellLayout | None = None,
) -> GpuEngine:
    from edge_app.engine.gpu.engine import open_engine
    from edge_app.engine.trt.executor import tensorrt_executors

    executors = tensorrt_executors(request.library.trt, content, max_batch=request.max_batch, slots=slots)
    return open_engine(request.library.name, request.signature.path, ordinal, executors, spec, constants, layout)


@contextmanager
def _current(ordinal: int) -> Iterator[None]:
    """The GPU for the block, with the flags of our context, which TensorRT would make with others."""
    gpu = Gpu(ordinal)
    try:
        with gpu.current():
            yield
    finally:
        gpu.close()


def _logged(name: str, keep_building: Callable[[], bool]) -> BuildProgress:
    """Logs the progress of a build."""
    logged_at = float("-inf")

    def progress(part: float, phase: str) -> bool:
        nonlocal logged_at
        if time.monotonic() - logged_at >= EVERY_S:
            logged_at = time.monotonic()
            logger.info("TensorRT engine of %s: %.0f %%, %s", name, 100 * part, phase)
        return keep_building()

    return progress
