"""Ground truth of a picture: boxes, classes, visibility and tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.compositing import PlacedSprite, visible_part


@dataclass(frozen=True, slots=True, eq=False)
class SceneTruth:
    """What is in a picture, farthest first.

    Every object with a pixel inside the picture is listed, hidden or not. Its silhouette is what is more than
    half opaque, including rider, load, umbrella and bag, without shadow and glow.

    Attributes:
        xyxy: Tight boxes of the silhouettes inside the picture, including what other objects hide; left, top,
            right and bottom edge [px]; float32 (n, 4).
        class_id: Index into `CLASSES`; int32 (n,).
        visible: Visible fraction of the silhouette, counting its pixels outside the picture as hidden; 0 to 1;
            float32 (n,).
        track_id: Stays the same for the same object; int64 (n,).
    """

    xyxy: NDArray[np.float32]
    class_id: NDArray[np.int32]
    visible: NDArray[np.float32]
    track_id: NDArray[np.int64]

    @classmethod
    def from_sprites(cls, sprites: list[tuple[PlacedSprite, int, int]], size_wh: tuple[int, int]) -> SceneTruth:
        """From (sprite, class, track), farthest first; a sprite of a class below 0 hides others but is no object."""
        unoccluded = np.full(size_wh[::-1], 255, dtype=np.uint8)
        rows = []
        for sprite, class_id, track_id in reversed(sprites):
            result = visible_part(sprite, unoccluded)
            if result is not None and class_id >= 0:
                rows.append((*result, class_id, track_id))
        rows.reverse()
        return cls(
            xyxy=np.array([box for box, *_ in rows], dtype=np.float32).reshape(-1, 4),
            class_id=np.array([class_id for _, _, class_id, _ in rows], dtype=np.int32),
            visible=np.array([visible for _, visible, _, _ in rows], dtype=np.float32),
            track_id=np.array([track_id for *_, track_id in rows], dtype=np.int64),
        )
