"""Objects that do not exist: too small, too unlike, too unsure, or in an ignored area."""

from __future__ import annotations

import math
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
        self._low = np.array([(f.min_score, f.min_area, f.min_ratio) for f in of_class], np.float32)
        self._high = np.array([(np.inf, f.max_area, f.max_ratio or np.inf) for f in of_class], np.float32)
        self._ignored = Polygons(ignored) if ignored else None
        self._feet = Anchors(["bottom_center"] * len(ignored))

    def __call__(self, detections: Detections, source_wh: tuple[int, int]) -> Detections:
        """Those that are objects, in their order, not yet tracked; `source_wh` is the size of the picture [px]."""
        keep = self.keep(detections, source_wh)
        return detections if keep.all() else detections.only(keep)

    def keep(self, detections: Detections, source_wh: tuple[int, int]) -> NDArray[np.bool_]:
        """Whether each is an object, shape (n,); their boxes have an area."""
        boxes, of = detections.xyxy.astype(np.float64), detections.class_id
        width, height = (boxes[:, 2:] - boxes[:, :2]).T
        measures = np.stack([detections.score, width * height / math.prod(source_wh), width / height], axis=1)
        measures = measures.astype(np.float32)  # as scores are, and so are the bounds: 0.7 is at least 0.7
        keep = np.all((measures >= self._low[of]) & (measures <= self._high[of]), axis=1)
        if self._ignored:
            keep = keep & ~np.any(self._ignored.contain(*self._feet.of(boxes / (source_wh * 2))), axis=1)
        return np.asarray(keep)
