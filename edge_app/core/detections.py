"""What the model saw in one frame, and how long that took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Objects found in one frame, as parallel arrays of length n.

    Attributes:
        xyxy: Corners x1, y1, x2, y2 [source px], float32, shape (n, 4).
        score: Confidence, 0 to 1, float32, shape (n,).
        class_id: Index into the model's labels, int32, shape (n,).
        track_id: Identity across frames, int64, shape (n,), or None where nothing tracks.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]
    track_id: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = len(self.score)
        shapes = self.xyxy.shape, self.score.shape, self.class_id.shape
        if shapes != ((n, 4), (n,), (n,)):
            raise ValueError(f"want shapes (n, 4), (n,), (n,); got {shapes}")

    def __len__(self) -> int:
        return len(self.score)


@dataclass(frozen=True, slots=True)
class Latency:
    """Where a frame spent its time inside the program, in seconds."""

    queue: float
    preprocess: float
    infer: float
    postprocess: float
    total: float


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One analysed frame, as it goes to the publishers.

    Attributes:
        camera: Name of the camera in the configuration.
        frame_index: Frames captured before this one.
        captured_at: Wall clock at capture [s since the epoch].
        ts_source: What `captured_at` rests on.
        captured_mono: Monotonic clock at capture [s].
        live: Whether the camera is live: a live result may be dropped, a finite source's never.
        source_wh: Size of the picture [px].
        latency: Where the time went.
        detections: What was found.
    """

    camera: str
    frame_index: int
    captured_at: float
    ts_source: Literal["rtcp", "arrival", "file"]
    captured_mono: float
    live: bool
    source_wh: tuple[int, int]
    latency: Latency
    detections: Detections
