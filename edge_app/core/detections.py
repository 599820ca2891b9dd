"""What the model saw in one frame, and how long that took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_app.core.events import SceneEvent
from edge_app.core.frames import FrameMeta

UNTRACKED = -1  # in place of an id


def label_of(labels: Sequence[str], class_id: int) -> str:
    """The name of a class, for people; its number where it is another model's, which answered before or after."""
    return labels[class_id] if class_id < len(labels) else str(class_id)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Objects found in one frame, as parallel arrays of length n.

    Attributes:
        xyxy: Corners x1, y1, x2, y2 [source px], float32, shape (n, 4).
        score: Confidence, 0 to 1, float32, shape (n,).
        class_id: Index into the model's labels, int32, shape (n,).
        track_id: Identity across frames, from 1, or `UNTRACKED`; int64, shape (n,), or None if nothing tracks.
        zones: Those that each is in, by name, n of them; None where there are no zones.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]
    track_id: NDArray[np.int64] | None = None
    zones: tuple[tuple[str, ...], ...] | None = None

    def __post_init__(self) -> None:
        n = len(self.score)
        shapes = self.xyxy.shape, self.score.shape, self.class_id.shape
        if shapes != ((n, 4), (n,), (n,)):
            raise ValueError(f"want shapes (n, 4), (n,), (n,); got {shapes}")

    def __len__(self) -> int:
        return len(self.score)

    def only(self, keep: NDArray[np.bool_]) -> Detections:
        """Those of which `keep`, shape (n,), is true, in their order."""
        return Detections(
            self.xyxy[keep],
            self.score[keep],
            self.class_id[keep],
            None if self.track_id is None else self.track_id[keep],
            None if self.zones is None else tuple(compress(self.zones, keep)),
        )


class Latency(NamedTuple):
    """Where a frame spent its time inside the program, in seconds."""

    queue: float
    preprocess: float
    infer: float
    postprocess: float
    total: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Result:
    """One analysed frame, as it goes to the publishers.

    Attributes:
        meta: Which frame it is.
        source_wh: Size of the picture [px].
        latency: Where the time went.
        detections: What was found.
        events: What happened, in order.
    """

    meta: FrameMeta
    source_wh: tuple[int, int]
    latency: Latency
    detections: Detections
    events: Sequence[SceneEvent] = ()


def iou(a: NDArray[np.floating[Any]], b: NDArray[np.floating[Any]]) -> NDArray[Any]:
    """Intersection over union of corner boxes (n, 4) and (m, 4), floats of shape (n, m)."""
    sides = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])
    np.maximum(sides, 0, out=sides)
    inner = sides[..., 0] * sides[..., 1]
    area_a, area_b = ((x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1]) for x in (a, b))
    shares: NDArray[Any] = inner / np.maximum(area_a[:, None] + area_b - inner, 1e-9)
    return shares
