"""ONNX to a TensorRT engine, with the TensorRT that is installed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from onnx import ModelProto

from edge_app.core import files
from edge_app.core.errors import DataError, StoppedError
from edge_app.model import load_weights, read_onnx
from edge_app.onnx_graph import opset
from edge_app.onnx_graph.fp16 import cast, is_half
from edge_app.trt_build.library import TensorRtLibrary
from edge_app.trt_build.monitor import BuildProgress, make_monitor
from edge_app.trt_build.quantizers import refused_quantizer
from edge_app.trt_build.request import OPTIMISATION, WORKSPACE, BuildRequest
from edge_app.trt_build.targets import set_targets
from edge_app.trt_build.trt_log import joined_errors, parser_error, trt_logger
from edge_app.trt_build.weak_typing import set_dtypes


@dataclass(frozen=True, slots=True)
class Built:
    """A serialized engine, and what TensorRT warned of."""

    engine: bytes
    warnings: tuple[str, ...]


Current = Callable[[], AbstractContextManager[None]]
"""Gives a thread the GPU to build on."""


def build(
    request: BuildRequest,
    progress: BuildProgress,
    timings: Path | None = None,
    current: Current = nullcontext,
) -> Built:
    """Builds in a thread of its own: an exception inside TensorRT's callbacks, such as Ctrl-C, would abort the process.

    Args:
        request: What is wanted.
        progress: Receives build progress.
        timings: File of what earlier builds measured, read and renewed. TensorRT-RTX measures nothing: it chooses its
            kernels where it runs.
        current: Gives the building thread its GPU; without, TensorRT takes the first.

    Raises:
        StoppedError: `progress` ended it.
        DataError: TensorRT cannot build it; the text names the file, and the node where TensorRT names one.
    """
    stop = threading.Event()

    def work() -> Built:
        with current():
            return _build(request, progress, stop, timings)

    with ThreadPoolExecutor(1, thread_name_prefix="build") as pool:
        running = pool.submit(work)
        try:
            return running.result()
        finally:
            stop.set()


def _build(request: BuildRequest, progress: BuildProgress, stop: threading.Event, timings: Path | None) -> Built:
    library = request.library
    messages = trt_logger(library.trt).messages
    messages.clear()
    builder = library.trt.Builder(trt_logger(library.trt))
    network, _parser = _parse(request, builder)  # the parser owns the network's weights
    config = builder.create_builder_config()
    _configure(request, builder, network, config)
    config.progress_monitor = make_monitor(library.trt, progress, stop)
    with _timing_cache(config, None if library.rtx else timings):
        engine = builder.build_serialized_network(network, config)
    if engine is None and stop.is_set():
        raise StoppedError(f"{request.signature.path}: the build was stopped")
    if engine is None:
        name = f"{library.name} {library.version}"
        raise DataError(f"{request.signature.path}: {name} cannot build it: {joined_errors(messages.errors)}")
    return Built(bytes(engine), tuple(messages.warnings))


def _parse(request: BuildRequest, builder: Any) -> tuple[Any, Any]:
    """The network, and the parser that owns its weights; raises DataError if that cannot be run."""
    library, path = request.library, request.signature.path
    network = builder.create_network(_network_flags(library))
    parser = library.trt.OnnxParser(network, trt_logger(library.trt))
    if not parser.parse(source_model(request).SerializeToString(), str(path)):
        raise DataError(f"{path}: {library.name} {library.version}: {parser_error(parser)}")
    outputs = [network.get_output(place) for place in range(network.num_outputs)]
    if request.signature.batch and (loose := [output.name for output in outputs if -1 in tuple(output.shape)]):
        raise DataError(f"{path}: the size of `{loose[0]}` depends on the picture; export it without NMS inside")
    return network, parser


@contextmanager
def _timing_cache(config: Any, path: Path | None) -> Iterator[None]:
    """Kernels that were measured before are not measured again."""
    if path is None:
        yield
        return
    cache = config.create_timing_cache(path.read_bytes() if path.is_file() else b"")
    config.set_timing_cache(cache, False)
    yield
    files.write(path, bytes(cache.serialize()))


def source_model(request: BuildRequest) -> ModelProto:
    """The file as this TensorRT wants it: for strong typing, with FP16 written into it.

    Unless it had to be cast, weights beside the file are still there, and TensorRT reads them itself.

    Raises:
        DataError: Its opset is newer than ONNX's own, TensorRT would not take its quantizers, or it cannot be cast.
    """
    path = request.signature.path
    model = read_onnx(path)
    newest = onnx.defs.onnx_opset_version()
    if opset(model) > newest:
        raise DataError(f"{path}: opset {opset(model)} is newer than ONNX {onnx.__version__} knows ({newest})")
    if why := refused_quantizer(model):
        raise DataError(f"{path}: {why}")
    if request.precision == "fp32" or not request.library.strongly_typed or is_half(model):
        return model
    load_weights(path, model)
    try:
        return cast(model)
    except Exception as error:  # the converters raise whatever they meet
        file = ", which wants the FP32 file" if request.precision == "int8" else ""
        raise DataError(f"{path}: cannot be cast to FP16 ({error}); try --precision fp32{file}") from error


def _network_flags(library: TensorRtLibrary) -> int:
    trt = library.trt
    return 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED) if library.strongly_typed else 0


def _configure(request: BuildRequest, builder: Any, network: Any, config: Any) -> None:
    library, trt = request.library, request.library.trt
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    config.builder_optimization_level = OPTIMISATION
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE)
    if request.precision == "fp32":
        config.clear_flag(trt.BuilderFlag.TF32)  # which has the exponent of FP32 and the mantissa of FP16
    if library.rtx:
        set_targets(library, config, request.targets)
    elif not library.strongly_typed:
        set_dtypes(trt, config, network, request.precision)
    ranges = request.shapes()
    if any(least != most for least, most in ranges.values()):
        profile = builder.create_optimization_profile()
        for name, (least, most) in ranges.items():
            profile.set_shape(name, least, most, most)
        config.add_optimization_profile(profile)
