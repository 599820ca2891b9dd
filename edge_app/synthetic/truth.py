"""What is in a picture: boxes, classes, visible parts and tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.stamp import Stamp, seen


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is in a picture, the farthest first.

    Everything with a pixel inside the picture is listed, hidden or not. A silhouette is what is more than
    half opaque: with the rider, the load, the open umbrella and the bag; without shadow and light.

    Attributes:
        xyxy: Tight boxes of the silhouettes inside the picture, drawn through what hides them; left, top,
            right and bottom edge [px]; float32 (n, 4).
        class_id: Index into `CLASSES`; int32 (n,).
        visible: Visible pixels over all pixels of the silhouette, those outside the picture too; 0 to 1;
            float32 (n,).
        track_id: The same object keeps it; int64 (n,).
    """

    xyxy: NDArray[np.float32]
    class_id: NDArray[np.int32]
    visible: NDArray[np.float32]
    track_id: NDArray[np.int64]

    @classmethod
    def of(cls, things: list[tuple[Stamp, int, int]], size_wh: tuple[int, int]) -> Truth:
        """Of stamps with class and track, the farthest first; a class below 0 hides, but is no object."""
        free = np.full(size_wh[::-1], 255, dtype=np.uint8)
        rows = []
        for stamp, class_id, track_id in reversed(things):
            result = seen(stamp, free)
            if result is not None and class_id >= 0:
                rows.append((*result, class_id, track_id))
        rows.reverse()
        return cls(
            xyxy=np.array([box for box, *_ in rows], dtype=np.float32).reshape(-1, 4),
            class_id=np.array([class_id for _, _, class_id, _ in rows], dtype=np.int32),
            visible=np.array([visible for _, visible, _, _ in rows], dtype=np.float32),
            track_id=np.array([track_id for *_, track_id in rows], dtype=np.int64),
        )
