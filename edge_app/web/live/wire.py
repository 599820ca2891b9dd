"""The messages of a live view: text is JSON, binary has a header and what belongs to it.

{"kind": "video", "codec": "avc1.4d401e"}      fragments of this follow, and before them their head
{"kind": "objects", "captured": 1795446000.1, "width": 1920, "height": 1080, "objects": [{"label": …, "box": […], …}]}
{"kind": "alive"}                              nothing else is to be told
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from edge_app.core.detections import UNTRACKED, Result, label_of

HEADER = struct.Struct(">Bddd")  # what it is; when it is shown in the video, was captured, and was made [s]
ALIVE = '{"kind":"alive"}'


class Holds(IntEnum):
    """What a binary message holds."""

    HEAD = 0
    FRAGMENT = 1
    PICTURE = 2


def binary(kind: Holds, content: bytes, *, shown_s: float = 0.0, captured: float = 0.0) -> bytes:
    """A binary message of what is shown at that time of the video [s], and was captured then [s since 1970]."""
    return HEADER.pack(kind, shown_s, captured, time.time()) + content


def video_text(codec: str) -> str:
    """Says what the fragments that follow are."""
    return json.dumps({"kind": "video", "codec": codec})


def objects_text(result: Result, labels: Sequence[str]) -> str:
    """What was found in a frame."""
    width, height = result.source_wh
    document = {
        "kind": "objects",
        "captured": round(result.meta.time.wall, 4),
        "width": width,
        "height": height,
        "objects": _objects(result, labels),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _objects(result: Result, labels: Sequence[str]) -> list[dict[str, Any]]:
    found = result.detections
    tracks = [UNTRACKED] * len(found) if found.track_id is None else found.track_id.tolist()
    zones = found.zones or [()] * len(found)
    rows = zip(found.class_id.tolist(), found.score.tolist(), found.xyxy.tolist(), tracks, zones, strict=True)
    return [
        {"label": label_of(labels, class_id), "score": round(score, 2), "box": [round(side, 1) for side in box]}
        | ({"track": track} if track > 0 else {})
        | ({"zones": list(inside)} if inside else {})
        for class_id, score, box, track, inside in rows
    ]
