"""`edge-app build`: a model to a TensorRT engine file, once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache as once
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge_app import trt_build
from edge_app.cli.options import DecoderOption, state_folder
from edge_app.cli.output import write_lines
from edge_app.core.errors import AccessError, DeviceError, UsageError
from edge_app.cuda import load_pycuda
from edge_app.model import Model, Precision, find_argument

if TYPE_CHECKING:  # only a build needs the detector, which is slow to import
    from edge_app.detector import Int8Qualification, Variant
    from edge_app.detector.backends.trt import TensorRt

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
        typer.Option(help="auto, as `run`: int8 where a report qualifies it and TensorRT is the full one, else fp16."),
    ] = "auto",
    target: Annotated[
        str | None,
        typer.Option(metavar="SM,SM", help="TensorRT-RTX: GPUs to build for, none of which need be here."),
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, max=64, help="As `engine.max_batch` of the configuration.")] = 8,
    device: Annotated[int, typer.Option(min=0, help="Number of the GPU, as `engine.device`.")] = 0,
    decoder: DecoderOption = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Copy the engine file and its metadata there too.")
    ] = None,
) -> None:
    """Build a TensorRT engine file, or find it in the cache; the last line is its path.

    Beside it, FILE.json says what it depends on. Exit codes: 65 TensorRT cannot build it, or its INT8 does not find
    what FP32 finds, 69 no TensorRT or no GPU, 77 the cache cannot be written, 78 `run` would not take the model: it has
    no such precision, no report qualifies its INT8 file, or its layout is not known.
    """
    _check_out(out)
    library = trt_build.find_library("tensorrt_rtx" if target is not None and backend == "auto" else backend)
    targets = trt_build.read_targets(library, target) if target is not None else ()
    found = find_argument(model, state_folder())
    tensorrt, variant = _read(found, library, precision, decoder)
    request = tensorrt.request(variant, max_batch=max_batch, targets=targets, device=device)
    for remark in trt_build.remarks(request):
        sys.stderr.write(f"{remark}\n")
    with shown(request.model) as progress:
        obtained = _obtain(request, variant.qualification, device, progress)
    write_lines([_outcome(obtained)])
    sys.stdout.write(f"{_copy(obtained, out)}\n")  # as it is, for scripts


def _check_out(out: Path | None) -> None:
    """Raises UsageError if the copy would take the place of anything but an older engine file."""
    if out is None:
        return
    if out.is_dir():
        raise UsageError(f"--out {out}: is a folder, want a file")
    beside = trt_build.metadata_path(out)
    older = trt_build.read_engine_file(beside) if beside.exists() else None
    if older is None and (out.exists() or beside.exists()):
        raise UsageError(f"--out {out}: {out if out.exists() else beside} is there and is no engine file of ours")


def _read(
    found: Model, library: trt_build.TensorRtLibrary, precision: Precision | Literal["auto"], decoder: str | None
) -> tuple[TensorRt, Variant]:
    """The model as `run` would read it for that TensorRT; what is wrong with its INT8 is said."""
    from edge_app.detector import Overrides, choose_precision
    from edge_app.detector.backends.trt import TensorRt

    backend = TensorRt(library, "as asked")
    forced = "--precision int8 builds it"
    choice = choose_precision(found, precision, backend, Overrides(family=decoder), forced=forced)
    if choice.refusal:
        sys.stderr.write(f"{choice.chosen.precision.upper()} is built: {choice.refusal}\n")
    return backend, choice.chosen


def _obtain(
    request: trt_build.BuildRequest,
    qualification: Int8Qualification | None,
    device: int,
    progress: trt_build.BuildProgress,
) -> trt_build.TrustedEngine:
    """The engine; the first GPU, if nothing is to be answered, TensorRT takes by itself."""
    from edge_app.detector.backends.trt import obtain_engine

    waiting = once(partial(_wait, request.model))
    ordinal = None if qualification is None and device == 0 else _gpu(request, device)
    return obtain_engine(request, qualification, ordinal, progress=progress, waiting=waiting)


def _gpu(request: trt_build.BuildRequest, device: int) -> int | None:
    """Number of the GPU that can run the engine; None if there is none, and says so if only PyCUDA is missing."""
    if not request.runs_here:
        return None
    try:
        load_pycuda()
    except DeviceError as error:
        if device and not request.library.rtx:  # which would build for the first
            raise
        sys.stderr.write(f"the engine file is built and not run: {error}\n")
        return None
    return device


@contextmanager
def shown(model: str) -> Iterator[trt_build.BuildProgress]:
    """A bar on stderr, if that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[phase]}"))
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(model, total=1.0, phase="", start=True)
        yield lambda part, phase: bar.update(task, completed=part, phase=phase)


def _outcome(obtained: trt_build.TrustedEngine) -> str:
    metadata = obtained.file.metadata
    what = f"{metadata.model}, {metadata.precision}, {metadata.key.library} {metadata.key.version}"
    if obtained.cached:
        return f"{what}: cached, all that it depends on is as it was{_answered(metadata)}"
    return f"{what}: built in {metadata.seconds:.1f} s because {metadata.because}{_answered(metadata)}"


def _answered(metadata: trt_build.EngineMetadata) -> str:
    if metadata.agreement is not None:
        return f"; mAP50 {metadata.agreement:.3f} against FP32 on this GPU"
    return "; not asked yet: it answers its golden inputs at the first start" if metadata.precision == "int8" else ""


def _copy(obtained: trt_build.TrustedEngine, out: Path | None) -> Path:
    """Where the engine file is that the user asked for."""
    if out is None:
        return obtained.file.path
    try:
        return trt_build.write_engine_file(out, obtained.content, obtained.file.metadata).path
    except OSError as error:
        raise AccessError(f"{out}: {error.strerror}") from error


def _wait(model: str) -> None:
    sys.stderr.write(f"{model}: another process is building; waiting for that\n")
