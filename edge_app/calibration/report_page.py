"""The calibration's report for people: the numbers that the template `report.html.j2` shows."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader
from numpy.typing import NDArray

from edge_app.core.detections import Detections
from edge_app.model.report import CalibrationReport, Layer

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # which no HTML may hold
WIDTH, HEIGHT = 240, 80  # of a histogram [units]
BARS = 120  # of a histogram
BAR_WIDTH = 400  # of the layers' chart [units]
LOW_DB = 20.0  # a layer below it stands out
LONGEST_PX = 640  # side of a picture in the file
QUALITY = 80  # of its JPEG


@dataclass(frozen=True, slots=True, eq=False)
class HistogramPlot:
    """What values a tensor took on the calibration's pictures.

    Attributes:
        tensor: Its name.
        counts: Values of each magnitude, int64 (bins,), from 0 to `top` in equal steps.
        top: Right edge of the last bin.
        chosen: The range: larger magnitudes are cut off to it.
    """

    tensor: str
    counts: NDArray[np.int64]
    top: float
    chosen: float


@dataclass(frozen=True, slots=True, eq=False)
class PicturePair:
    """What both models found in one picture of the holdout.

    Attributes:
        name: Of the picture.
        pixels: BGR, uint8 (height, width, 3).
        fp32: What the model found at its threshold.
        int8: What the quantized one found there.
    """

    name: str
    pixels: NDArray[np.uint8]
    fp32: Detections
    int8: Detections


def render_page(
    report: CalibrationReport,
    name: str,
    labels: Sequence[str],
    histograms: Iterable[HistogramPlot],
    pairs: Iterable[PicturePair],
) -> str:
    """The whole HTML file, which needs no network.

    Args:
        report: What was measured.
        name: The model's.
        labels: Of its classes.
        histograms: Of the quantized tensors, in the order of the model.
        pairs: Pictures to show; some dozen, for they are held in the file.
    """
    loader = PackageLoader("edge_app.calibration", "")
    environment = Environment(loader=loader, autoescape=True, finalize=_shown, trim_blocks=False)
    return environment.get_template("report.html.j2").render(
        report=report,
        name=name,
        figures=list(_figures(report)),
        summary=_summary(report).items(),
        labels=list(_labels(report)),
        bars=_bars(report.layers),
        fallbacks=[(each.layer, f"{each.gain:+.4f}", _percent(each.cost)) for each in report.fallbacks],
        pairs=[_drawn_pair(pair, labels) for pair in pairs],
        histograms=map(_outline, histograms),
    )


def _shown(value: Any) -> Any:
    """A value as the page has it: no control characters, and numbers with one decimal at most."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    plain = isinstance(value, str) and not hasattr(value, "__html__")  # not what a macro made, which is markup
    return CONTROL.sub("�", value) if plain else value


def _figures(report: CalibrationReport) -> Iterator[tuple[str, str]]:
    for key, value in report.agreement.model_dump().items():
        yield key, f"{value:.4f}"
    if report.ground_truth is not None:
        yield "ground truth, FP32 map50", f"{report.ground_truth.fp32_map50:.4f}"
        yield "ground truth, INT8 map50", f"{report.ground_truth.int8_map50:.4f}"


def _summary(report: CalibrationReport) -> dict[str, str]:
    return {
        "model": report.model_sha256,
        "INT8 file": report.int8_sha256,
        "method": report.method,
        "calibration pictures": str(report.images),
        "holdout pictures": str(len(report.holdout_pictures)),
        "threshold": str(report.thresholds.confidence),
        "decoder": report.decoder,
        "preprocessing": ", ".join(f"{key} {value}" for key, value in report.preprocessing.model_dump().items()),
    }


def _labels(report: CalibrationReport) -> Iterator[tuple[str, int, str]]:
    yield from ((each.label, each.boxes, f"{each.ap50:.4f}") for each in report.judged)
    yield from ((each.label, each.boxes, "not judged") for each in report.not_judged)


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


def _bars(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """The length of each layer's bar [units], full for one that does not change at all, and whether it stands out."""
    top = max((each.sqnr_db for each in layers if each.sqnr_db is not None), default=1.0)
    bars = []
    for each in layers:
        ratio = top if each.sqnr_db is None else each.sqnr_db
        length = BAR_WIDTH * max(ratio, 0.0) / max(top, 1.0)
        bars.append({"name": each.name, "sqnr_db": each.sqnr_db, "length": length, "bad": ratio < LOW_DB})
    return bars


def _outline(plot: HistogramPlot) -> dict[str, Any]:
    """The histogram's outline, logarithmic, and where the range that was chosen cuts it [units]."""
    parts = [int(part.sum()) for part in np.array_split(plot.counts, min(BARS, len(plot.counts)))]
    tallest, step = np.log1p(max(parts, default=0)) or 1.0, WIDTH / max(len(parts), 1)
    points = [f"0,{HEIGHT}"]
    for index, part in enumerate(parts):
        y = HEIGHT * (1 - np.log1p(part) / tallest)
        points += [f"{index * step:.1f},{y:.1f}", f"{(index + 1) * step:.1f},{y:.1f}"]
    return {
        "tensor": plot.tensor,
        "top": plot.top,
        "chosen": plot.chosen,
        "width": WIDTH,
        "height": HEIGHT,
        "points": " ".join([*points, f"{WIDTH},{HEIGHT}"]),
        "cut": WIDTH * min(plot.chosen / plot.top, 1.0) if plot.top > 0 else 0.0,
    }


def _drawn_pair(pair: PicturePair, labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The picture with each model's boxes, by the model's name."""
    height, width = pair.pixels.shape[:2]
    picture = {"name": pair.name, "width": width, "height": height, "data_uri": _data_uri(pair.pixels)}
    return {
        "FP32": picture | {"boxes": list(_boxes(pair.fp32, labels))},
        "INT8": picture | {"boxes": list(_boxes(pair.int8, labels))},
    }


def _boxes(found: Detections, labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    rows = zip(found.xyxy.tolist(), found.score.tolist(), found.class_id.tolist(), strict=True)
    for (x1, y1, x2, y2), score, kind in rows:
        yield {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "label": labels[kind], "score": score}


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    """The picture as a JPEG in the page itself, no larger than it is shown."""
    scale = min(1.0, LONGEST_PX / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")
