"""`edge-app calibrate`: an INT8 model that agrees with its FP32 model, or none."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from itertools import product
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from edge_app import model
from edge_app.calibration import (
    CalibrationJob,
    CalibrationProgress,
    CameraSeries,
    Series,
    calibrate,
    find_series,
    work_dir_path,
)
from edge_app.capture import open_source
from edge_app.cli.loading import load_config
from edge_app.cli.logs import Level, set_up
from edge_app.cli.options import StateDir, state_folder
from edge_app.cli.output import write_lines
from edge_app.core.errors import AccessError, DataError, TemporaryError, UsageError
from edge_app.detector import Detector, read_fp32
from edge_app.model import CalibrationReport

EXAMPLE = "Example: edge-app calibrate yolox_nano --data pictures/ --holdout other.mp4 --out yolox_nano.int8.onnx"
CALIBRATING = 0.65  # of a series, where blocks of it are held out

logger = logging.getLogger(__name__)


class MethodOption(str, Enum):
    """How the range of a tensor is chosen from what it held."""

    MSE = "mse"
    ENTROPY = "entropy"
    PERCENTILE = "percentile"
    MAX = "max"


Data = Annotated[
    list[Path] | None,
    typer.Option(metavar="PATH", help="Pictures, folder or video to calibrate with; again for more."),
]
Holdout = Annotated[
    list[Path] | None,
    typer.Option(metavar="PATH", help="What to judge by; none: blocks of time of the data. Again for more."),
]
CameraName = Annotated[
    str | None, typer.Option(metavar="NAME", help="Calibrate with pictures of this camera of --config.")
]
Every = Annotated[float, typer.Option(min=0, help="Take a picture of the camera every so many seconds.")]
Images = Annotated[int, typer.Option(min=1, help="Pictures to calibrate with at most, evenly spaced.")]
MinAgreement = Annotated[float, typer.Option(min=0, max=1, help="What mAP50, recall and precision must reach.")]
ThinEvidence = Annotated[
    bool, typer.Option("--allow-thin-evidence", help="Judge by fewer than 100 boxes, and say so in the report.")
]


def main(
    argument: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name, a folder or an .onnx file.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.onnx", help="The INT8 model.", show_default=False)],
    data: Data = None,
    holdout: Holdout = None,
    camera: CameraName = None,
    config: Annotated[Path | None, typer.Option("--config", metavar="CONFIG", help="The YAML file.")] = None,
    every: Every = 2.0,
    images: Images = 400,
    method: Annotated[MethodOption, typer.Option(help="How ranges are chosen.")] = MethodOption.MSE,
    min_agreement: MinAgreement = 0.95,
    allow_thin_evidence: ThinEvidence = False,
    state_dir: StateDir = None,
) -> None:
    """Make an INT8 model from an FP32 one and pictures, and refuse it if the two do not agree.

    Exit codes: 64 the command line is wrong, 65 not good enough or not enough to tell, 66 model or pictures missing,
    69 the camera is away, 75 interrupted (the same command goes on) or being written, 77 not allowed to write.
    """
    set_up(Level.INFO.value)
    detector = fp32_of(argument, state_folder(state_dir), out)
    refuse_neighbours(data or [], holdout or [])
    held = find_series(holdout or [])
    wanted = images if held else math.ceil(images / CALIBRATING)
    job = CalibrationJob(
        detector=detector,
        data=find_series(data or []) + asked_of(camera, config, wanted, every, work_dir_path(out)),
        holdout=held,
        images=images,
        method=method.value,
        min_agreement=min_agreement,
        allow_thin_evidence=allow_thin_evidence,
        out=out,
    )
    if not job.data:
        raise UsageError("nothing to calibrate with; give --data, or --camera and --config")
    run(job)


def run(job: CalibrationJob) -> None:
    """Calibrates and says how it went; raises DataError where the model is refused."""
    with shown() as progress, one_line_errors(job.out):
        report = calibrate(job, progress)
    write_lines(summary(report, job.out))
    if not report.passed:
        sys.stdout.flush()
        raise DataError(f"{job.out}: refused: {report.reason}; see {job.out.with_suffix('.report.html')}")


def fp32_of(argument: str, state_dir: Path, out: Path) -> Detector:
    """The detector that is calibrated; raises UsageError where the INT8 model would take the place of its own."""
    if out.suffix != ".onnx":
        raise UsageError(f"{out}: want a name that ends in .onnx")
    detector = read_fp32(model.find_argument(argument, state_dir))
    if out.exists() and out.samefile(detector.signature.path):
        raise UsageError(f"{out}: this is the model itself")
    return detector


def refuse_neighbours(data: list[Path], holdout: list[Path]) -> None:
    """Raises UsageError if something is given both to calibrate and to judge: its pictures are neighbours in time."""
    for used, held in product(data, holdout):
        inner, outer = sorted((used.resolve(), held.resolve()), key=lambda path: -len(path.parts))
        if inner.is_relative_to(outer):
            raise UsageError(f"{held}: is in --data too ({used}); without --holdout, blocks of its time are held out")


def asked_of(name: str | None, path: Path | None, count: int, every_s: float, folder: Path) -> list[Series]:
    """The camera's series of `count` pictures, which stay in `folder` meanwhile; none if no camera is asked for."""
    if name is None or path is None:
        if name is not None or path is not None:
            raise UsageError("--camera wants --config, and --config wants --camera")
        return []
    config = load_config(path)
    if name not in config.cameras:
        raise UsageError(f"{path}: there is no camera {name}; there are {', '.join(config.cameras)}")
    camera = config.cameras[name]
    with config.blame("cameras", name, "url"):
        source = open_source(camera)
    if not source.live:
        raise UsageError(f"{path}: camera {name} is a file or ends by itself; give it as --data")
    return [CameraSeries(name, source, camera, count, every_s, folder)]


def summary(report: CalibrationReport, out: Path) -> list[str]:
    """The outcome, in lines for a person."""
    figures, truth = report.agreement, report.ground_truth
    lines = [
        f"{out}: {'passed' if report.passed else 'refused'}: {report.reason}",
        f"  INT8 against FP32 on {len(report.holdout_pictures)} held-out pictures: mAP50 {figures.map50:.4f}, "
        f"mAP50-95 {figures.map50_95:.4f}, recall {figures.recall:.4f}, precision {figures.precision:.4f}",
    ]
    if truth is not None:
        lines.append(f"  against ground truth, mAP50: FP32 {truth.fp32_map50:.4f}, INT8 {truth.int8_map50:.4f}")
    lines += [f"  back in float: {each.layer} ({each.gain:+.4f} mAP50)" for each in report.fallbacks]
    return [*lines, f"  report: {out.with_suffix('.report.html')}"]


@contextmanager
def shown() -> Iterator[CalibrationProgress]:
    """A bar on stderr, if that is a terminal; otherwise each step is a line of the log."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    quiet = not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, of: int) -> None:
            if step not in tasks:
                logger.log(logging.INFO if quiet else logging.DEBUG, "%s", step)
                tasks[step] = bar.add_task(step, total=of)
            bar.update(tasks[step], completed=done)

        yield tell


@contextmanager
def one_line_errors(out: Path) -> Iterator[None]:
    """What the operating system refuses, and an interruption, as one line."""
    try:
        yield
    except OSError as error:
        raise AccessError(f"{error.filename or out}: {error.strerror or error}") from error
    except KeyboardInterrupt:
        raise TemporaryError(f"{out}: interrupted; the same command goes on from here") from None
