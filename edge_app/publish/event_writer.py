"""The wire message of what happened, `edge_app.event/1`, for `<prefix>/<camera>/events`."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from edge_app.core.events import CameraEvent, SceneEvent, Sighting
from edge_app.core.frames import FrameMeta
from edge_app.publish.messages import ENCODER, Message, ModelIdentity, rfc3339


class EventWriter:
    """Makes the messages of events and numbers those of each camera. Any thread may call any method.

    Cameras come and go in other threads than the analysis, and their events count with those of what they show.
    """

    def __init__(self, session: str, model: ModelIdentity, labels: Sequence[str]) -> None:
        self._session, self._model, self._labels = session, asdict(model), labels
        self._next_seq: defaultdict[str, int] = defaultdict(int)
        self._numbering = threading.Lock()

    def event(self, event: SceneEvent) -> Message:
        """The message of what a camera showed."""
        meta, (width, height) = event.meta, event.source_wh
        document = {
            "type": event.type,
            "camera": meta.camera,
            **({"frame_id": meta.index} if event.seen is None else self._object(event.seen)),
            **_times(event.meta),
            "image": {"width": width, "height": height},
            "zone": event.zone,
            "line": event.line,
            "direction": event.direction,
            "count": event.count,
            "start_time": _rounded(event.start_time),
            "end_time": _rounded(event.end_time),
            "dwell_s": _rounded(event.dwell_s),
            "speed_mps": _rounded(event.speed_mps),
            "model": self._model,
        }
        return self._message(event.id, meta.camera, document, live=meta.live)

    def camera(self, event: CameraEvent) -> Message:
        """The message that a camera went down or came back."""
        status = event.status
        document = {
            "type": "camera",
            "camera": event.camera,
            **_capture(status.since, "arrival"),
            "state": status.state,
            "reason": None if status.reason is None else status.reason.value,
        }
        return self._message(event.id, event.camera, document, live=True)

    def _object(self, seen: Sighting) -> dict[str, Any]:
        return {
            "frame_id": seen.meta.index,
            "label": self._labels[seen.class_id],
            "class_id": seen.class_id,
            "score": round(seen.score, 4),
            "box": [round(corner, 2) for corner in seen.box],
            "track_id": seen.track_id,
        }

    def _message(self, identity: str, camera: str, document: dict[str, Any], *, live: bool) -> Message:
        with self._numbering:
            seq = self._next_seq[camera]
            self._next_seq[camera] += 1
        known = {key: value for key, value in document.items() if value is not None}
        whole = {"schema": "edge_app.event/1", "session": self._session, "seq": seq, "id": identity, **known}
        return Message(camera=camera, kind="events", payload=ENCODER.encode(whole).encode(), live=live)


def _times(meta: FrameMeta) -> dict[str, Any]:
    return _capture(meta.time.wall, meta.time.source)


def _capture(wall_s: float, source: str) -> dict[str, Any]:
    """Both forms of a time, from the same whole millisecond."""
    epoch_ms = round(wall_s * 1e3)
    return {"capture_ts": rfc3339(epoch_ms), "capture_time": epoch_ms / 1e3, "ts_source": source}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
