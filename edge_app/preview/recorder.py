"""Records the annotated pictures of all cameras, one MP4 per camera."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from edge_app.analytics.scene import SceneConfig
from edge_app.core.detections import Result
from edge_app.core.errors import AccessError, UsageError
from edge_app.core.frames import Frame, FrameMeta
from edge_app.evidence import PrivacyMasks
from edge_app.preview.annotator import Annotator
from edge_app.preview.camera_recorder import CameraRecorder
from edge_app.preview.places import PlacesPainter

logger = logging.getLogger(__name__)

DRAIN_S = 2.0  # how long writing the queued frames may take at the end


class Recorder:
    """Records for the duration of a `with` block; `add` is called by the analysis thread.

    Attributes:
        paths: The file of each camera.
    """

    def __init__(
        self, path: Path, cameras: Mapping[str, SceneConfig], labels: Sequence[str], masks: PrivacyMasks
    ) -> None:
        """Records one camera to `path`, several to a file each beside it, such as `out-gate.mp4`; not what is masked.

        Raises:
            UsageError: The name does not end with .mp4.
            AccessError: No file can be written there.
        """
        if path.suffix.lower() != ".mp4":
            raise UsageError(f"{path}: want a name that ends with .mp4")
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise AccessError(f"{path}: cannot be written")
        several = len(cameras) > 1
        self.paths = {c: path.with_name(f"{path.stem}-{c}{path.suffix}") if several else path for c in cameras}
        for file in self.paths.values():
            if file.is_symlink():
                raise AccessError(f"{file}: is a link, which is not followed")
        annotator = Annotator(labels)
        self._recorders = {
            c: CameraRecorder(c, file, annotator, PlacesPainter(cameras[c]), masks) for c, file in self.paths.items()
        }

    def __enter__(self) -> Recorder:
        for recorder in self._recorders.values():
            recorder.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + DRAIN_S
        for recorder in self._recorders.values():
            recorder.end()
        for camera, recorder in self._recorders.items():
            if not recorder.join(max(0.0, deadline - time.monotonic())):
                logger.warning("record: %s: left behind, stuck in writing", camera)
            if recorder.dropped:
                text = "record: %s: %d frames are not in the recording: the encoder was too slow"
                logger.warning(text, camera, recorder.dropped)

    def wants(self, meta: FrameMeta) -> bool:
        """Whether a frame of this camera would be recorded."""
        recorder = self._recorders.get(meta.camera)
        return recorder is not None and recorder.wants(meta)

    def add(self, frame: Frame, result: Result) -> None:
        """Records a frame. If its camera's queue is full, a file's frame waits and a live camera's is dropped.

        A camera that was added at run time is not recorded.
        """
        if recorder := self._recorders.get(frame.meta.camera):
            recorder.add(frame, result)
