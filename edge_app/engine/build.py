"""ONNX to a TensorRT plan, with the TensorRT that is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from onnx import ModelProto

from edge_app import atomic
from edge_app.engine.flavour import Flavour
from edge_app.engine.fp16 import cast, opset
from edge_app.engine.quantizers import refused_quantizer
from edge_app.engine.targets import set_targets
from edge_app.engine.trt_log import in_words, parser_error, trt_logger
from edge_app.errors import DataError
from edge_app.model import Graph, Precision, Tensor

WORKSPACE = 1 << 30  # scratch memory of a layer at most [bytes]
OPTIMISATION = 3  # TensorRT's default, of 0 to 5

Progress = Callable[[float, str], None]
"""Hears which part is done, 0 to 1, and what is being done; called in another thread."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is built of a model.

    Attributes:
        graph: The ONNX file's face.
        precision: `fp32` as it is, `fp16` cast, `int8` with the quantizers of the file and the rest cast to FP16.
        max_batch: Pictures in a batch where that may vary.
        targets: TensorRT-RTX: compute capabilities, such as sm86. Full TensorRT builds for the GPU that is there.
    """

    graph: Graph
    precision: Precision
    max_batch: int
    targets: tuple[str, ...] = ()

    def shapes(self) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
        """Least and greatest shape of each input by name.

        Raises:
            DataError: An input has a dimension that neither the file nor the card fixes, other than the batch.
        """
        return {tensor.name: self._range(tensor) for tensor in self.graph.inputs}

    def _range(self, tensor: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
        rest = list(tensor.shape[1:])
        if tensor == self.graph.picture and (wh := self.graph.input_wh):
            rest = [wh[1], wh[0], 3] if tensor.channels_last else [3, wh[1], wh[0]]
        fixed = [size for size in rest if size is not None]
        if len(fixed) != len(rest) or not tensor.shape:
            raise DataError(f"{self.graph.path}: its input {tensor} has no fixed size; give it in a model.yaml")
        least, most = (tensor.shape[0],) * 2 if tensor.shape[0] else (1, self.max_batch)
        return (least, *fixed), (most, *fixed)


@dataclass(frozen=True, slots=True)
class Built:
    """A plan, and what TensorRT warned of."""

    plan: bytes
    warnings: tuple[str, ...]


def build(flavour: Flavour, recipe: Recipe, progress: Progress, timings: Path | None = None) -> Built:
    """Builds in a thread of its own: an exception inside TensorRT's callbacks, such as Ctrl-C, would abort the process.

    Args:
        flavour: The TensorRT.
        recipe: What is wanted.
        progress: Hears how far it is.
        timings: File of what earlier builds measured, read and renewed. TensorRT-RTX measures nothing: it chooses its
            kernels where it runs.

    Raises:
        DataError: TensorRT cannot build it; the text names the file, and the node where TensorRT names one.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="build") as pool:
        running = pool.submit(_build, flavour, recipe, _monitor(flavour.trt, progress, stop), timings)
        try:
            return running.result()
        finally:
            stop.set()


def check_parses(flavour: Flavour, recipe: Recipe) -> None:
    """Raises DataError where this TensorRT cannot take the file."""
    _parse(flavour, recipe, flavour.trt.Builder(trt_logger(flavour.trt)))


def _build(flavour: Flavour, recipe: Recipe, monitor: Any, timings: Path | None) -> Built:
    messages = trt_logger(flavour.trt).messages
    messages.clear()
    builder = flavour.trt.Builder(trt_logger(flavour.trt))
    network, _parser = _parse(flavour, recipe, builder)  # the parser owns the network's weights
    config = builder.create_builder_config()
    _configure(flavour, recipe, builder, config)
    config.progress_monitor = monitor
    with _timing_cache(config, None if flavour.rtx else timings):
        plan = builder.build_serialized_network(network, config)
    if plan is None:
        name = f"{flavour.name} {flavour.version}"
        raise DataError(f"{recipe.graph.path}: {name} cannot build it: {in_words(messages.errors)}")
    return Built(bytes(plan), tuple(messages.warnings))


def _parse(flavour: Flavour, recipe: Recipe, builder: Any) -> tuple[Any, Any]:
    """The network, and the parser that owns its weights; raises DataError where the file cannot be parsed."""
    trt, path = flavour.trt, recipe.graph.path
    network = builder.create_network(_network_flags(flavour))
    parser = trt.OnnxParser(network, trt_logger(trt))
    if not parser.parse(read_onnx(flavour, recipe).SerializeToString(), str(path)):
        raise DataError(f"{path}: {flavour.name} {flavour.version}: {parser_error(parser)}")
    return network, parser


@contextmanager
def _timing_cache(config: Any, path: Path | None) -> Iterator[None]:
    """What was measured before is not measured again."""
    if path is None:
        yield
        return
    cache = config.create_timing_cache(path.read_bytes() if path.is_file() else b"")
    config.set_timing_cache(cache, False)
    yield
    atomic.write(path, bytes(cache.serialize()))


def read_onnx(flavour: Flavour, recipe: Recipe) -> ModelProto:
    """The file as this TensorRT wants it: for strong typing with FP16 written in.

    Raises:
        DataError: Its opset is newer than ONNX's own, TensorRT would not take its quantizers, or it cannot be cast.
    """
    path = recipe.graph.path
    model = onnx.load(path)
    newest = onnx.defs.onnx_opset_version()
    if opset(model) > newest:
        raise DataError(f"{path}: opset {opset(model)} is newer than ONNX {onnx.__version__} knows ({newest})")
    if why := refused_quantizer(model):
        raise DataError(f"{path}: {why}")
    if recipe.precision == "fp32" or not flavour.strongly_typed:
        return model
    try:
        return cast(model)
    except Exception as error:  # the converters raise whatever they meet
        raise DataError(f"{path}: cannot be cast to FP16 ({error}); try --precision fp32") from error


def _network_flags(flavour: Flavour) -> int:
    trt = flavour.trt
    return 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED) if flavour.strongly_typed else 0


def _configure(flavour: Flavour, recipe: Recipe, builder: Any, config: Any) -> None:
    trt = flavour.trt
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    config.builder_optimization_level = OPTIMISATION
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE)
    if recipe.precision == "fp32":
        config.clear_flag(trt.BuilderFlag.TF32)  # which has the exponent of FP32 and the mantissa of FP16
    if flavour.rtx:
        set_targets(flavour, config, recipe.targets)
    elif not flavour.strongly_typed:
        _set_dtypes(trt, config, recipe)
    ranges = recipe.shapes()
    if any(least != most for least, most in ranges.values()):
        profile = builder.create_optimization_profile()
        for name, (least, most) in ranges.items():
            profile.set_shape(name, least, most, most)
        config.add_optimization_profile(profile)


def _set_dtypes(trt: Any, config: Any, recipe: Recipe) -> None:
    """TensorRT 10.3 to 10.11, which are told by flags what they may compute in fewer bits."""
    if recipe.precision in ("fp16", "int8"):
        config.set_flag(trt.BuilderFlag.FP16)
    if recipe.precision == "int8":
        config.set_flag(trt.BuilderFlag.INT8)


def _monitor(trt: Any, progress: Progress, stop: threading.Event) -> Any:
    """Tells how far the outermost phase and the one within it are, and ends the build when it is to stop."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._phases: list[tuple[str, int]] = []
            self._done: dict[str, int] = {}
            self._told = 0.0

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            self._phases.append((phase, max(1, steps)))
            self._done[phase] = 0

        def step_complete(self, phase: str, step: int) -> bool:
            self._done[phase] = step + 1
            self._told = max(self._told, self._part())
            progress(self._told, self._phases[-1][0])
            return not stop.is_set()

        def phase_finish(self, phase: str) -> None:
            self._phases = [entry for entry in self._phases if entry[0] != phase]

        def _part(self) -> float:
            part, share = 0.0, 1.0
            for phase, steps in self._phases:
                part += share * self._done[phase] / steps
                share /= steps
            return min(part, 1.0)

    return Monitor()
