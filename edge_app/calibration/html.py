"""The calibration's report for people: one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

import numpy as np
from numpy.typing import NDArray

from edge_app.calibration import plots
from edge_app.calibration.markup import element, table
from edge_app.core.detections import Detections
from edge_app.model.report import Report

STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif;
  --ink: #222; --bar: #3b76b8; --good: #1d7a3a; --bad: #c23b22; }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --bar: #6ea8e8; --good: #6fd48e; --bad: #ff8a70; } }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink); }
table { border-collapse: collapse; margin-bottom: 1rem; } th, td { text-align: left; padding: .15rem .9rem .15rem 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.passed { color: var(--good); } .failed { color: var(--bad); }
.wall { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; margin-bottom: 1rem; }
figure { margin: 0; min-width: 0; } figcaption, code { font-size: .8rem; }
td + td, figcaption, code { overflow-wrap: anywhere; }
svg { width: 100%; height: auto; } .ink { fill: var(--ink); }
.bar { fill: var(--bar); } .bad { fill: var(--bad); } .cut { stroke: var(--bad); }
.box { vector-effect: non-scaling-stroke; }
"""


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
class Pair:
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


def page(
    report: Report, name: str, labels: Sequence[str], histograms: Iterable[HistogramPlot], pairs: Iterable[Pair]
) -> str:
    """The whole file.

    Args:
        report: What was measured.
        name: The model's.
        labels: Of its classes.
        histograms: Of the quantized tensors, in the order of the model.
        pairs: Pictures to show; some dozen, for they are held in the file.
    """
    title = f"INT8 calibration of {name}"
    head = element("head", element("meta", charset="utf-8"), element("title", title), element("style", STYLE))
    tensors = [
        element("figure", plots.histogram(each.counts, each.top, each.chosen), _caption(each)) for each in histograms
    ]
    body = element(
        "body",
        element("h1", title),
        *_verdict(report),
        *_labels(report),
        element("h2", "Layers"),
        element(
            "p",
            "How well each quantized layer's output survives, in dB of signal to quantization noise; more is better.",
        ),
        plots.layers(report.layers),
        *_float_layers(report),
        element("h2", "Detections"),
        *[_pair(pair, labels) for pair in pairs],
        element("h2", "Ranges"),
        element(
            "p", "Magnitudes of each quantized tensor, counts in powers of ten; the line is the range that was chosen."
        ),
        element("div", *tensors, class_="wall"),
    )
    return "<!DOCTYPE html>\n" + tostring(element("html", head, body, lang="en"), encoding="unicode", method="html")


def _verdict(report: Report) -> list[Element]:
    word = "passed" if report.passed else "failed"
    thin = " It rests on fewer boxes than the gate asks for." if report.thin_evidence else ""
    figures = report.agreement.model_dump()
    truth = report.ground_truth
    rows = [[key, f"{value:.4f}"] for key, value in figures.items()]
    if truth is not None:
        rows += [
            ["ground truth, FP32 map50", f"{truth.fp32_map50:.4f}"],
            ["ground truth, INT8 map50", f"{truth.int8_map50:.4f}"],
        ]
    facts = {
        "model": report.model_sha256, "INT8 file": report.int8_sha256, "method": report.method,
        "calibration pictures": report.images, "holdout pictures": len(report.holdout_pictures),
        "threshold": report.thresholds.confidence, "decoder": report.decoder,
        "preprocessing": ", ".join(f"{key} {value}" for key, value in report.preprocessing.model_dump().items()),
    }  # fmt: skip
    return [
        element("p", element("strong", word, class_=word), f": {report.reason}.{thin}"),
        table(["INT8 against FP32", "figure"], rows),
        table(["fact", "value"], [[key, str(value)] for key, value in facts.items()], numbers=False),
    ]


def _labels(report: Report) -> list[Element]:
    rows = [[each.label, str(each.boxes), f"{each.ap50:.4f}"] for each in report.judged]
    rows += [[each.label, str(each.boxes), "not judged"] for each in report.not_judged]
    return [element("h2", "Labels"), table(["label", "boxes", "AP50"], rows)]


def _float_layers(report: Report) -> list[Element]:
    rows = [[each.layer, f"{each.gain:+.4f}", _percent(each.cost)] for each in report.fallbacks]
    found: list[Element] = []
    if rows:
        found += [element("h3", "Back in float"), table(["layer", "mAP50 won", "multiplications lost to INT8"], rows)]
    if report.excluded:
        found += [element("h3", "In float by rule"), element("p", element("code", ", ".join(report.excluded)))]
    return found


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


def _caption(each: HistogramPlot) -> Element:
    return element("figcaption", element("code", each.tensor), f" ±{each.chosen:.4g} of {each.top:.4g}")


def _pair(pair: Pair, labels: Sequence[str]) -> Element:
    figures = [
        element(
            "figure",
            plots.boxes(pair.pixels, found, labels),
            element("figcaption", f"{pair.name}: {what}, {len(found)} boxes"),
        )
        for what, found in (("FP32", pair.fp32), ("INT8", pair.int8))
    ]
    return element("div", *figures, class_="pair")
