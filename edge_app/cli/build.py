"""`edge-app build`: a model to a TensorRT plan, once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge_app import config, plans
from edge_app.cuda import load_pycuda
from edge_app.errors import AccessError, DeviceError, UsageError
from edge_app.model import Model, find_argument

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
        typer.Option(help="auto: int8 where the model has it and TensorRT is the full one, else fp16."),
    ] = "auto",
    target: Annotated[
        str | None,
        typer.Option(metavar="SM,SM", help="TensorRT-RTX: GPUs to build for, none of which need be here."),
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, max=64, help="As `engine.max_batch` of the configuration.")] = 8,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Copy the plan and its sidecar there too.")] = None,
) -> None:
    """Build a TensorRT plan, or find it in the cache; the last line is its path.

    Beside it, FILE.json says what it depends on. Exit codes: 65 TensorRT cannot build it, or its INT8 does not find
    what FP32 finds, 69 no TensorRT or no GPU, 77 the cache cannot be written, 78 the model has no such precision, or
    no report vouches for its INT8 file.
    """
    _check_out(out)
    flavour = plans.find_flavour("tensorrt_rtx" if target is not None and backend == "auto" else backend)
    targets = plans.read_targets(flavour, target) if target is not None else ()
    found = find_argument(model, config.default_state_dir(os.environ))
    order = plans.place_order(found, flavour, precision, max_batch=max_batch, targets=targets)
    obtain = _obtaining(order, found)
    for remark in plans.remarks(order):
        sys.stderr.write(f"{remark}\n")
    with shown(order.model) as progress:
        obtained = obtain(progress=progress, waiting=lambda: _wait(order.model))
    sys.stdout.write(f"{_outcome(obtained)}\n{_copy(obtained, out)}\n")


def _check_out(out: Path | None) -> None:
    """Raises UsageError where the copy would take the place of anything but an older plan."""
    if out is None:
        return
    if out.is_dir():
        raise UsageError(f"--out {out}: is a folder, want a file")
    beside = plans.sidecar_path(out)
    older = plans.read_plan(beside) if beside.exists() else None
    if older is None and (out.exists() or beside.exists()):
        raise UsageError(f"--out {out}: {out if out.exists() else beside} is there and is no plan of ours")


def _obtaining(order: plans.Order, found: Model) -> Callable[..., plans.Obtained]:
    """What gets the plan; only one that has to answer for itself needs the engine, which takes a while to import."""
    if not order.recipe.graph.quantized:
        return partial(plans.obtain, order, plans.EngineCache(plans.default_cache_dir(os.environ)))
    from edge_app.engine import obtain_plan, vouched

    return partial(obtain_plan, order, vouched(order, found), _gpu(order))


def _gpu(order: plans.Order) -> int | None:
    """Number of the GPU that can run the plan; none where there is none, and a line where only PyCUDA is missing."""
    if not order.runs_here:
        return None
    try:
        load_pycuda()
    except DeviceError as error:
        sys.stderr.write(f"the plan is built and not run: {error}\n")
        return None
    return 0


@contextmanager
def shown(model: str) -> Iterator[plans.Progress]:
    """A bar on stderr, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[phase]}"))
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(model, total=1.0, phase="", start=True)
        yield lambda part, phase: bar.update(task, completed=part, phase=phase)


def _outcome(obtained: plans.Obtained) -> str:
    sidecar = obtained.plan.sidecar
    what = f"{sidecar.model}, {sidecar.precision}, {sidecar.key.flavour} {sidecar.key.version}"
    if obtained.cached:
        return f"{what}: cached, all that it depends on is as it was{_answered(sidecar)}"
    return f"{what}: built in {sidecar.seconds:.1f} s because {sidecar.because}{_answered(sidecar)}"


def _answered(sidecar: plans.Sidecar) -> str:
    if sidecar.agreement is not None:
        return f"; mAP50 {sidecar.agreement:.3f} against FP32 on this GPU"
    return "; not asked yet: it answers its golden inputs at the first start" if sidecar.precision == "int8" else ""


def _copy(obtained: plans.Obtained, out: Path | None) -> Path:
    """Where the plan is that the user asked for."""
    if out is None:
        return obtained.plan.path
    try:
        return plans.write_plan(out, obtained.content, obtained.plan.sidecar).path
    except OSError as error:
        raise AccessError(f"{out}: {error.strerror}") from error


def _wait(model: str) -> None:
    sys.stderr.write(f"{model}: another process is building; waiting for that\n")
