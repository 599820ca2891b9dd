"""`edge-app build`: a model to a TensorRT plan, once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache as once
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge_app import trt_build
from edge_app.core.errors import AccessError, ConfigError, DataError, DeviceError, InputError, UsageError
from edge_app.core.paths import default_state_dir
from edge_app.cuda import load_pycuda
from edge_app.model import Model, Precision, find_argument

if TYPE_CHECKING:
    from edge_app.detector import Int8Qualification

    Placed = tuple[trt_build.BuildRequest, Int8Qualification | None]

EXAMPLE = "Example: edge-app build traffic --backend tensorrt_rtx --target sm86,sm89"


def main(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name, a folder with a model.yaml, or an .onnx file.")
    ],
    backend: Annotated[
        Literal["auto", "tensorrt", "tensorrt_rtx"], typer.Option(help="auto: full TensorRT where it is installed.")
    ] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "fp16", "int8"],
        typer.Option(
            help="auto, as `run`: int8 where a report vouches for it and TensorRT is the full one, else fp16."
        ),
    ] = "auto",
    target: Annotated[
        str | None,
        typer.Option(metavar="SM,SM", help="TensorRT-RTX: GPUs to build for, none of which need be here."),
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, max=64, help="As `engine.max_batch` of the configuration.")] = 8,
    device: Annotated[int, typer.Option(min=0, help="Number of the GPU, as `engine.device`.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Copy the plan and its sidecar there too.")] = None,
) -> None:
    """Build a TensorRT plan, or find it in the cache; the last line is its path.

    Beside it, FILE.json says what it depends on. Exit codes: 65 TensorRT cannot build it, or its INT8 does not find
    what FP32 finds, 69 no TensorRT or no GPU, 77 the cache cannot be written, 78 the model has no such precision, or
    no report vouches for its INT8 file.
    """
    _check_out(out)
    flavour = trt_build.find_library("tensorrt_rtx" if target is not None and backend == "auto" else backend)
    targets = trt_build.read_targets(flavour, target) if target is not None else ()
    found = find_argument(model, default_state_dir(os.environ))
    place = partial(_place, found, flavour, max_batch=max_batch, targets=targets, device=device)
    order, promise = _automatic(place, trt_build.automatic(found, flavour)) if precision == "auto" else place(precision)
    for remark in trt_build.remarks(order):
        sys.stderr.write(f"{remark}\n")
    with shown(order.model) as progress:
        obtained = _obtain(order, promise, device, progress)
    sys.stdout.write(f"{_outcome(obtained)}\n{_copy(obtained, out)}\n")


def _check_out(out: Path | None) -> None:
    """Raises UsageError where the copy would take the place of anything but an older plan."""
    if out is None:
        return
    if out.is_dir():
        raise UsageError(f"--out {out}: is a folder, want a file")
    beside = trt_build.metadata_path(out)
    older = trt_build.read_engine_file(beside) if beside.exists() else None
    if older is None and (out.exists() or beside.exists()):
        raise UsageError(f"--out {out}: {out if out.exists() else beside} is there and is no plan of ours")


def _automatic(place: Callable[[Precision], Placed], choices: Sequence[Precision]) -> Placed:
    """The best that may be built, as `run` takes it: what is wrong with INT8 is said."""
    best, *others = choices
    try:
        order, promise = place(best)
        if others and promise and promise.doubt:
            raise ConfigError(f"{order.source}: {promise.doubt}; --precision int8 builds it")
    except (ConfigError, DataError, InputError) as refusal:
        if not others:
            raise
        sys.stderr.write(f"{others[0].upper()} is built: {refusal}\n")
        return place(others[0])
    return order, promise


def _place(found: Model, flavour: trt_build.TensorRtLibrary, precision: Precision, **more: Any) -> Placed:
    """The order, and what is promised of a quantized file; only that needs the engine, which is slow to import."""
    order = trt_build.build_request(found, flavour, precision, **more)
    if not order.recipe.graph.quantized:
        return order, None
    from edge_app.detector import vouched

    return order, vouched(order, found)


def _obtain(
    order: trt_build.BuildRequest, promise: Int8Qualification | None, device: int, progress: trt_build.Progress
) -> trt_build.Obtained:
    """The plan; the first GPU, where nothing is to be answered, TensorRT takes by itself."""
    waiting = once(partial(_wait, order.model))
    if promise is None and device == 0:
        cache = trt_build.EngineCache(trt_build.default_cache_dir(os.environ))
        return trt_build.obtain(order, cache, progress=progress, waiting=waiting)
    from edge_app.detector import obtain_plan

    return obtain_plan(order, promise, _gpu(order, device), progress=progress, waiting=waiting)


def _gpu(order: trt_build.BuildRequest, device: int) -> int | None:
    """Number of the GPU that can run the plan; none where there is none, and a line where only PyCUDA is missing."""
    if not order.runs_here:
        return None
    try:
        load_pycuda()
    except DeviceError as error:
        if device and not order.flavour.rtx:  # which would build for the first
            raise
        sys.stderr.write(f"the plan is built and not run: {error}\n")
        return None
    return device


@contextmanager
def shown(model: str) -> Iterator[trt_build.Progress]:
    """A bar on stderr, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[phase]}"))
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(model, total=1.0, phase="", start=True)
        yield lambda part, phase: bar.update(task, completed=part, phase=phase)


def _outcome(obtained: trt_build.Obtained) -> str:
    sidecar = obtained.plan.sidecar
    what = f"{sidecar.model}, {sidecar.precision}, {sidecar.key.flavour} {sidecar.key.version}"
    if obtained.cached:
        return f"{what}: cached, all that it depends on is as it was{_answered(sidecar)}"
    return f"{what}: built in {sidecar.seconds:.1f} s because {sidecar.because}{_answered(sidecar)}"


def _answered(sidecar: trt_build.EngineMetadata) -> str:
    if sidecar.agreement is not None:
        return f"; mAP50 {sidecar.agreement:.3f} against FP32 on this GPU"
    return "; not asked yet: it answers its golden inputs at the first start" if sidecar.precision == "int8" else ""


def _copy(obtained: trt_build.Obtained, out: Path | None) -> Path:
    """Where the plan is that the user asked for."""
    if out is None:
        return obtained.plan.path
    try:
        return trt_build.write_engine_file(out, obtained.content, obtained.plan.sidecar).path
    except OSError as error:
        raise AccessError(f"{out}: {error.strerror}") from error


def _wait(model: str) -> None:
    sys.stderr.write(f"{model}: another process is building; waiting for that\n")
