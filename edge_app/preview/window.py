"""A desktop window that shows every camera's newest picture."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.analytics.scene import SceneConfig
from edge_app.core.colour import to_bgr
from edge_app.core.detections import Result
from edge_app.core.errors import DeviceError
from edge_app.core.frames import Frame
from edge_app.evidence import PrivacyMasks
from edge_app.preview.annotator import Annotator, mosaic
from edge_app.preview.places import PlacesPainter
from edge_app.preview.tails import Tails

TITLE = "edge_app"
SETTLE_MS = 50  # Qt loses a window's first Expose if the first picture resizes it at once: then it stays black
QUIT_KEYS = (ord("q"), 27)  # 27 is Escape


class Window:
    """Open for the duration of a `with` block; only for the main thread, as window systems demand."""

    def __init__(self, labels: Sequence[str], scenes: Mapping[str, SceneConfig], masks: PrivacyMasks) -> None:
        """Shows the model's labels and what is known of the scene of each camera, and not what is masked.

        Raises:
            DeviceError: There is no display.
        """
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise DeviceError("--show: there is no display here; --record writes an .mp4 instead")
        self._masks = masks
        self._annotator, self._tails = Annotator(labels), defaultdict[str, Tails](Tails)
        self._places = {camera: PlacesPainter(scene) for camera, scene in scenes.items()}
        self._shown: dict[str, int] = {}

    def __enter__(self) -> Window:
        cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
        cv2.waitKey(SETTLE_MS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cv2.destroyAllWindows()

    def show(self, latest: Mapping[str, tuple[Frame, Result]]) -> bool:
        """Draws the newest pictures if they changed; False once the user closed the window or pressed q or Escape."""
        frames = {camera: frame.meta.index for camera, (frame, _) in latest.items()}
        if frames != self._shown:
            self._shown = frames
            cv2.imshow(TITLE, mosaic([self._draw(*latest[camera]) for camera in sorted(latest)]))
        key = cv2.waitKey(1) & 0xFF
        return key not in QUIT_KEYS and cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1

    def count(self, result: Result) -> None:
        """Remembers what lines have counted, for whoever sees every result; any thread may call it."""
        if places := self._places.get(result.meta.camera):
            places.count(result.events)

    def _draw(self, frame: Frame, result: Result) -> NDArray[np.uint8]:
        tails = self._tails[frame.meta.camera].follow(result)
        pixels = self._masks.hide(frame.meta.camera, to_bgr(frame.picture))
        places = self._places.get(frame.meta.camera)
        return self._annotator.draw(places.draw(pixels) if places else pixels, result.detections, tails)
