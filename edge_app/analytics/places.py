"""What zones and lines have in common: whom they look at, at which point of the box, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_app.analytics.facts import TrackedFrame
from edge_app.config.schedule import Hours
from edge_app.config.section import Section

Anchor = Literal[
    "center",
    "center_left",
    "center_right",
    "top_center",
    "top_left",
    "top_right",
    "bottom_left",
    "bottom_center",
    "bottom_right",
]
ACROSS = {"left": 0.0, "center": 0.5, "right": 1.0}
DOWN = {"top": 0.0, "center": 0.5, "bottom": 1.0}


class PlaceConfig(Section):
    """Whom a zone or a line looks at, at which point, and when."""

    labels: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Classes that count, such as [person, car]; null: all."""
    anchor: Anchor = "bottom_center"
    """The point of the box that stands for the object. `bottom_center` is where it touches the ground; `center` is for
    views from above, and for what stands behind something."""
    inertia: int = Field(default=3, ge=1)
    """Analysed frames in a row that decide. More forgives boxes that jump; fewer notices who passes quickly."""
    active: Hours | None = None
    """When it is awake, in local time: days, hours or both, such as ["mon-fri 22:00-06:00", "sat,sun"]; a night belongs
    to the day on which it begins. Outside these hours it tells nothing, and what was inside has left. null: always."""


class Anchors:
    """The anchor of each of some places, of all boxes together."""

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        words = [(anchor.split("_")[0], anchor.split("_")[-1]) for anchor in anchors]
        self._right = np.array([ACROSS[across] for _, across in words])
        self._bottom = np.array([DOWN[down] for down, _ in words])

    def of(self, boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Across and down, each of shape (n, number of places), in the unit of the boxes (n, 4)."""
        x1, y1, x2, y2 = boxes.T[..., np.newaxis]
        right, bottom = self._right, self._bottom
        return x1 * (1 - right) + x2 * right, y1 * (1 - bottom) + y2 * bottom


class Audience:
    """Which objects count for which of some places, by their labels."""

    def __init__(self, places: Iterable[PlaceConfig], labels: Sequence[str]) -> None:
        """`labels` are the model's; those of the places must be among them."""
        self._wanted = np.array([[p.labels is None or label in p.labels for p in places] for label in labels])

    def of(self, frame: TrackedFrame) -> NDArray[np.bool_]:
        """Whether each object has a track and a label that counts, shape (n, number of places)."""
        wanted: NDArray[np.bool_] = self._wanted[frame.detections.class_id] & (frame.track_id > 0)[:, np.newaxis]
        return wanted
