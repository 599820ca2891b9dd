"""The wire message of what happened, `edge_app.event/1`, for `<prefix>/<camera>/events`."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from edge_app.core.events import CameraEvent, SceneEvent, Sighting
from edge_app.machine import BoxClock
from edge_app.publish.messages import ENCODER, Message, ModelIdentity, Origin, clock_mark, nowhere, rfc3339


class EventWriter:
    """Makes the messages of events and numbers those of each camera. Any thread may call any method.

    Cameras come and go in other threads than the analysis, and their events count with those of what they show.
    """

    def __init__(
        self, session: str, model: ModelIdentity, labels: Sequence[str], clock: BoxClock, origin: Origin = nowhere
    ) -> None:
        self._session, self._clock, self._origin = session, clock, origin
        self._next_seq: defaultdict[str, int] = defaultdict(int)
        self._numbering = threading.Lock()
        self.use(model, labels)

    def use(self, model: ModelIdentity, labels: Sequence[str]) -> None:
        """From the next event of what a camera showed on, this model found it; the numbers go on."""
        self._model, self._labels = asdict(model), labels

    def event(self, event: SceneEvent, files: Mapping[str, str] | None = None) -> Message:
        """The message of what a camera showed; `files` are names of its picture and its clip, by their keys."""
        meta, (width, height) = event.meta, event.source_wh
        document = {
            "type": event.type,
            "camera": meta.camera,
            **({"frame_id": meta.index} if event.seen is None else self._object(event.seen)),
            **_capture(meta.time.wall, meta.time.source),
            **clock_mark(self._clock),
            **self._from(meta.camera),
            "image": {"width": width, "height": height},
            "zone": event.zone,
            "line": event.line,
            "direction": event.direction,
            "count": event.count,
            "start_time": _rounded(event.start_time),
            "end_time": _rounded(event.end_time),
            "dwell_s": _rounded(event.dwell_s),
            "speed_mps": _rounded(event.speed_mps),
            **(files or {}),
            "model": self._model,
        }
        return self._message(event.id, meta.camera, document, droppable=meta.live)

    def update(self, told: Message, news: Mapping[str, Any]) -> Message:
        """The `update` that says what has come of an event that was told; a value of None takes a key away."""
        document = json.loads(told.payload)
        head = {key: document.pop(key) for key in ("schema", "session", "seq", "id", "camera")}
        late = {key: _rounded(value) if isinstance(value, float) else value for key, value in news.items()}
        whole = {**document, "type": "update", "update_of": document["type"], "camera": head["camera"], **late}
        return self._message(head["id"], head["camera"], whole, droppable=told.droppable)

    def camera(self, event: CameraEvent) -> Message:
        """The message that a camera went down or came back."""
        status = event.status
        document = {
            "type": "camera",
            "camera": event.camera,
            **_capture(status.since, "arrival"),
            **clock_mark(self._clock),
            **self._from(event.camera),
            "state": status.state,
            "reason": None if status.reason is None else status.reason.value,
        }
        return self._message(event.id, event.camera, document, droppable=True)

    def _from(self, camera: str) -> dict[str, Any]:
        """As `Origin`; an event's `box` is where its object is, and was so first."""
        return {"box_name" if key == "box" else key: value for key, value in self._origin(camera).items()}

    def _object(self, seen: Sighting) -> dict[str, Any]:
        return {
            "frame_id": seen.meta.index,
            "label": self._labels[seen.class_id],
            "class_id": seen.class_id,
            "score": round(seen.score, 4),
            "box": [round(corner, 2) for corner in seen.box],
            "track_id": seen.track_id,
        }

    def _message(self, identity: str, camera: str, document: dict[str, Any], *, droppable: bool) -> Message:
        with self._numbering:
            seq = self._next_seq[camera]
            self._next_seq[camera] += 1
        known = {key: value for key, value in document.items() if value is not None}
        whole = {"schema": "edge_app.event/1", "session": self._session, "seq": seq, "id": identity, **known}
        return Message(camera=camera, kind="events", payload=ENCODER.encode(whole).encode(), droppable=droppable)


def _capture(wall_s: float, source: str) -> dict[str, Any]:
    """Both forms of a time, from the same whole millisecond."""
    epoch_ms = round(wall_s * 1e3)
    return {"capture_ts": rfc3339(epoch_ms), "capture_time": epoch_ms / 1e3, "ts_source": source}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
