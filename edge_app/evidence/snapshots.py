"""Draws the picture of an event and makes JPEGs of it, away from the analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from edge_app.core.colour import to_bgr
from edge_app.core.detections import Detections
from edge_app.evidence.best_frames import Shot
from edge_app.evidence.config import SnapshotsConfig
from edge_app.evidence.jpeg import jpeg
from edge_app.evidence.names import FileKind
from edge_app.evidence.privacy import Pixels, PrivacyMasks

MARGIN = 0.25  # around an object that is cut out [share of its size]

DrawBoxes = Callable[[Pixels, Detections], Pixels]


@dataclass(frozen=True, slots=True)
class SnapshotMaker:
    """Makes the files of a picture; any thread may ask it.

    Attributes:
        config: What they show.
        masks: What they do not show.
        draw_boxes: Returns a copy with boxes of these detections.
    """

    config: SnapshotsConfig
    masks: PrivacyMasks
    draw_boxes: DrawBoxes

    def files(self, shot: Shot) -> Iterator[tuple[FileKind, bytes]]:
        """The picture that is asked for, and beside it the whole one without boxes where that is."""
        meta, config = shot.frame.meta, self.config
        pixels = self.masks.hide(meta.camera, to_bgr(shot.frame.picture))
        shown = self.draw_boxes(pixels, shot.detections) if config.boxes else pixels
        if config.crop and shot.box is not None:
            shown = cut_out(shown, shot.box)
        yield "snapshot", jpeg(shown, meta, config.quality)
        if config.clean:
            yield "clean", jpeg(pixels, meta, config.quality)


def cut_out(pixels: Pixels, box: tuple[float, ...]) -> Pixels:
    """What is in the box, corners x1, y1, x2, y2 [px], with a margin, as far as the picture goes."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = box
    across, down = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
    left, top = max(0, int(x1 - across)), max(0, int(y1 - down))
    right, bottom = min(width, int(x2 + across) + 1), min(height, int(y2 + down) + 1)
    return np.ascontiguousarray(pixels[min(top, height - 1) : bottom, min(left, width - 1) : right])
