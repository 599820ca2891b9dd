"""Objects that do not exist: too small, too unlike, too unsure, or in an ignored area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_app.analytics.places import Anchors
from edge_app.analytics.polygons import XY, Polygons
from edge_app.config.section import Section, wrong
from edge_app.core.detections import Detections


class FilterConfig(Section):
    """Which objects of a class exist."""

    min_score: float = Field(default=0.0, ge=0, le=1)
    """Lowest score; below `detect.confidence` it has no effect."""
    min_area: float = Field(default=0.0, ge=0, le=1)
    """Smallest area of the box, as a share of the picture."""
    max_area: float = Field(default=1.0, gt=0, le=1)
    """Largest area of the box, as a share of the picture."""
    min_ratio: float = Field(default=0.0, ge=0)
    """Smallest width/height of the box, in pixels."""
    max_ratio: float | None = Field(default=None, gt=0)
    """Largest width/height of the box, in pixels; null: any."""

    @model_validator(mode="after")
    def _ordered(self) -> FilterConfig:
        if self.max_area < self.min_area:
            raise wrong(f"want at least min_area, which is {self.min_area:g}", "max_area")
        if self.max_ratio is not None and self.max_ratio < self.min_ratio:
            raise wrong(f"want at least min_ratio, which is {self.min_ratio:g}", "max_ratio")
        return self


class ObjectFilter:
    """Which of a camera's detections are objects."""

    def __init__(
        self, filters: Mapping[str, FilterConfig], ignored: Sequence[Sequence[XY]], labels: Sequence[str]
    ) -> None:
        """Filters by label, polygons in which nothing exists, and the model's labels."""
        of_class = [filters.get(label, FilterConfig()) for label in labels]
        self._min_score = np.array([f.min_score for f in of_class], np.float32)
        self._min_area, self._max_area = np.array([(f.min_area, f.max_area) for f in of_class]).T
        self._min_ratio = np.array([f.min_ratio for f in of_class])
        self._max_ratio = np.array([np.inf if f.max_ratio is None else f.max_ratio for f in of_class])
        self._ignored = Polygons(ignored) if ignored else None
        self._feet = Anchors(["bottom_center"] * len(ignored))

    def __call__(self, detections: Detections, source_wh: tuple[int, int]) -> Detections:
        """Those that are objects, in their order; `source_wh` is the size of the picture [px]."""
        keep = self.keep(detections, source_wh)
        return detections if keep.all() else detections.only(keep)

    def keep(self, detections: Detections, source_wh: tuple[int, int]) -> NDArray[np.bool_]:
        """Whether each is an object, shape (n,)."""
        boxes, of = detections.xyxy.astype(np.float64), detections.class_id
        width, height = (boxes[:, 2:] - boxes[:, :2]).T
        area = width * height / (source_wh[0] * source_wh[1])
        keep: NDArray[np.bool_] = detections.score >= self._min_score[of]
        keep &= (area >= self._min_area[of]) & (area <= self._max_area[of])
        keep &= (width >= self._min_ratio[of] * height) & (width <= self._max_ratio[of] * height)
        if self._ignored:
            keep &= ~self._ignored.contain(*self._feet.of(boxes / (source_wh * 2))).any(axis=1)
        return keep
