"""What happened in front of a camera, or to it: a fact with a time, made of what was seen in many frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_app.core.camera_status import CameraStatus
from edge_app.core.frames import FrameMeta

EventType = Literal["new", "update", "end", "enter", "leave", "dwell", "cross", "crowd", "calm", "camera"]
Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One track in one frame.

    Attributes:
        meta: Which frame it is.
        source_wh: Size of its picture [px].
        track_id: The track.
        class_id: Index into the model's labels.
        score: Confidence, 0 to 1.
        box: Corners x1, y1, x2, y2 [source px].
    """

    meta: FrameMeta
    source_wh: tuple[int, int]
    track_id: int
    class_id: int
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneEvent:
    """Something that happened; what does not apply is None.

    Attributes:
        id: A ULID, the same through the life of one thing: a track, a stay in a zone, a crowd.
        type: What happened.
        meta: The frame that showed it.
        source_wh: Size of its picture [px].
        seen: The object; of an `end`, where its score was best.
        zone, line: Where.
        direction: Which way a line was crossed.
        count: How many are in a crowd, or have crossed a line in this direction since midnight.
        start_time: When it began, be it a track or a stay [s since 1970].
        end_time: When a track was last seen [s since 1970].
        dwell_s: How long a stay has lasted [s].
        speed_mps: Over the ground [m/s].
    """

    id: str
    type: EventType
    meta: FrameMeta
    source_wh: tuple[int, int]
    seen: Sighting | None = None
    zone: str | None = None
    line: str | None = None
    direction: Direction | None = None
    count: int | None = None
    start_time: float | None = None
    end_time: float | None = None
    dwell_s: float | None = None
    speed_mps: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraEvent:
    """A camera went down or came back.

    Attributes:
        id: A ULID.
        camera: Its name.
        status: How it is now.
    """

    id: str
    camera: str
    status: CameraStatus
