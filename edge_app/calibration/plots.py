"""The report's drawings, as inline SVG."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from xml.etree.ElementTree import Element

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.calibration.markup import element
from edge_app.core.detections import Detections
from edge_app.model.report import Layer

WIDTH, HEIGHT = 240, 80  # of a histogram [units]
BARS = 120  # of a histogram
NAME_WIDTH, BAR_WIDTH, ROW = 380, 400, 16  # of the layers' chart [units]
LETTER = 11  # their size in the charts [units]
LOW_DB = 20.0  # a layer below it stands out
LETTERS = 45  # of a picture's labels, as high as wide, fit beside each other
LONGEST_PX = 640  # side of a picture in the file
QUALITY = 80  # of its JPEG
# The page's style sheet adapts these to a dark screen; as attributes they hold in viewers that do not apply it.
BAR, BAD, BOX = "#3b76b8", "#c23b22", "#ffd400"


def layers(every: Sequence[Layer]) -> Element:
    """A bar a layer, as long as its signal-to-noise ratio [dB]; one that does not change at all has a full one."""
    top = max((each.sqnr_db for each in every if each.sqnr_db is not None), default=1.0)
    rows: list[Element] = []
    for index, each in enumerate(every):
        ratio = top if each.sqnr_db is None else each.sqnr_db
        y, length = index * ROW, BAR_WIDTH * max(ratio, 0.0) / max(top, 1.0)
        value = "exact" if each.sqnr_db is None else f"{each.sqnr_db:.1f} dB"
        look = {"fill": BAR, "class_": "bar"} if ratio >= LOW_DB else {"fill": BAD, "class_": "bad"}
        rows += [
            _text(_short(each.name), 0, y + LETTER, element("title", each.name)),
            element("rect", x=NAME_WIDTH, y=y + 2, width=length, height=ROW - 4, **look),
            _text(value, NAME_WIDTH + length + 5, y + LETTER),
        ]
    return _svg(rows, NAME_WIDTH + BAR_WIDTH + 60, ROW * len(every))


def histogram(counts: NDArray[np.int64], top: float, chosen: float) -> Element:
    """Counts of equal bins from 0 to `top`, logarithmic, and a line at the range that was chosen."""
    parts = [int(part.sum()) for part in np.array_split(counts, min(BARS, len(counts)))]
    tallest, step = np.log1p(max(parts, default=0)) or 1.0, WIDTH / max(len(parts), 1)
    points = [f"0,{HEIGHT}"]
    for index, part in enumerate(parts):
        y = HEIGHT * (1 - np.log1p(part) / tallest)
        points += [f"{index * step:.1f},{y:.1f}", f"{(index + 1) * step:.1f},{y:.1f}"]
    x = WIDTH * min(chosen / top, 1.0) if top > 0 else 0.0
    drawn = [
        element("polygon", points=" ".join([*points, f"{WIDTH},{HEIGHT}"]), fill=BAR, class_="bar"),
        element("line", x1=x, x2=x, y1=0, y2=HEIGHT, stroke=BAD, stroke_width=1.5, class_="cut"),
    ]
    return _svg(drawn, WIDTH, HEIGHT)


def boxes(pixels: NDArray[np.uint8], found: Detections, labels: Sequence[str]) -> Element:
    """A BGR picture (height, width, 3) with a box around each detection [source px]."""
    height, width = pixels.shape[:2]
    drawn = [element("image", href=_data_uri(pixels), width=width, height=height)]
    size = width / LETTERS
    for (x1, y1, x2, y2), score, kind in zip(
        found.xyxy.tolist(), found.score.tolist(), found.class_id.tolist(), strict=True
    ):
        box = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
        drawn.append(element("rect", **box, fill="none", stroke=BOX, stroke_width=2, class_="box"))
        label = f"{labels[kind]} {score:.2f}"
        drawn.append(element("text", label, x=x1, y=max(y1 - 3, size), fill=BOX, font_size=size))
    return _svg(drawn, width, height)


def _text(text: str, x: float, y: float, *more: Element) -> Element:
    return element("text", text, *more, x=x, y=y, font_size=LETTER, class_="ink")


def _svg(drawn: Sequence[Element], width: int, height: int) -> Element:
    return element("svg", *drawn, viewBox=f"0 0 {width} {height}", role="img")


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    """The picture as a JPEG in the page itself, no larger than it is shown."""
    scale = min(1.0, LONGEST_PX / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")


def _short(name: str) -> str:
    """The end of a long name, which tells layers apart."""
    return name if len(name) <= 56 else "…" + name[-55:]
