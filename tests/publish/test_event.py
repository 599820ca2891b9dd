"""The messages of events: that they fit their schema, and say what the event says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edge_app.core.camera_status import CameraStatus
from edge_app.core.errors import Reason
from edge_app.core.events import CameraEvent, EventType, SceneEvent, Sighting
from edge_app.machine import BoxClock
from edge_app.publish import EventWriter
from tests.clocks import RIGHT, WRONG
from tests.frames import frame_meta
from tests.publish.test_message import IDENTITY, LABELS, validator

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAW"
CLIP = f"gate/2026-11-23/{ID}.mp4"
META = frame_meta("gate", 1240, wall=1795446000.1234, source="rtcp")
SEEN = Sighting(
    meta=META, source_wh=(1920, 1080), class_id=0, score=0.91234567, box=(1.004, 2.006, 30.5, 40), track_id=7
)
STAY: dict[str, Any] = {"zone": "door", "start_time": 1795446000.1234}


def writer(clock: BoxClock = RIGHT) -> EventWriter:
    return EventWriter("01ARZ3NDEKTSV4RRFFQ69G5FAV", IDENTITY, LABELS, clock)


def event(kind: EventType, seen: Sighting | None = SEEN, **more: Any) -> SceneEvent:
    return SceneEvent(id=ID, type=kind, meta=META, source_wh=(1920, 1080), seen=seen, **more)


def document(made: SceneEvent) -> dict[str, Any]:
    return json.loads(writer().event(made).payload)


def test_a_message_is_the_one_of_the_design() -> None:
    made = writer().event(event("enter", **STAY))
    assert (made.camera, made.kind, made.droppable) == ("gate", "events", True)
    assert list(json.loads(made.payload).items()) == [
        ("schema", "edge_app.event/1"),
        ("session", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("seq", 0),
        ("id", ID),
        ("type", "enter"),
        ("camera", "gate"),
        ("frame_id", 1240),
        ("label", "person"),
        ("class_id", 0),
        ("score", 0.9123),
        ("box", [1.0, 2.01, 30.5, 40]),
        ("track_id", 7),
        ("capture_ts", "2026-11-23T15:00:00.123Z"),
        ("capture_time", 1795446000.123),
        ("ts_source", "rtcp"),
        ("image", {"width": 1920, "height": 1080}),
        ("zone", "door"),
        ("start_time", 1795446000.123),
        ("model", {"name": "yolox_nano", "sha256": "c7" * 32, "engine": "onnxruntime-cpu", "precision": "int8"}),
    ]


@pytest.mark.parametrize(
    ("kind", "more", "misses"),
    [
        ("new", {"start_time": 1.0}, "start_time"),
        ("update", {"start_time": 1.0}, "track_id"),
        ("end", {"start_time": 1.0, "end_time": 2.0}, "end_time"),
        ("enter", STAY, "zone"),
        ("leave", {**STAY, "dwell_s": 3.0}, "dwell_s"),
        ("dwell", {**STAY, "dwell_s": 3.0}, "start_time"),
        ("cross", {"line": "entrance", "direction": "in", "count": 41}, "count"),
        ("crowd", {"zone": "door", "count": 5}, "zone"),
        ("calm", {"zone": "door", "count": 0}, "count"),
    ],
)
def test_every_type_fits_the_schema_which_wants_what_it_needs(kind: Any, more: dict[str, Any], misses: str) -> None:
    made = document(event(kind, None if kind in ("crowd", "calm") else SEEN, **more))
    validator("event").validate(made)
    del made[misses]
    assert not validator("event").is_valid(made)


@pytest.mark.parametrize("change", [{"type": "vanish"}, {"colour": "red"}, {"capture_ts": "yesterday"}, {"id": "7"}])
def test_the_schema_refuses_what_is_no_event(change: dict[str, Any]) -> None:
    assert not validator("event").is_valid({**document(event("enter", **STAY)), **change})


def test_a_camera_that_is_down_is_an_event_of_its_own() -> None:
    status = CameraStatus(state="down", reason=Reason.AUTH_FAILED, since=1795446000.0)
    made = json.loads(writer().camera(CameraEvent(id=ID, camera="gate", status=status)).payload)
    validator("event").validate(made)
    assert (made["state"], made["reason"], made["capture_ts"]) == ("down", "auth_failed", "2026-11-23T15:00:00.000Z")
    assert "frame_id" not in made


def test_all_events_of_a_camera_share_one_numbering() -> None:
    numbers, status = writer(), CameraStatus(state="up", reason=None, since=1.0)
    made = [
        numbers.event(event("enter", **STAY)),
        numbers.camera(CameraEvent(id=ID, camera="yard", status=status)),
        numbers.camera(CameraEvent(id=ID, camera="gate", status=status)),
        numbers.event(event("enter", **STAY)),
    ]
    assert [(each.camera, json.loads(each.payload)["seq"]) for each in made] == [
        ("gate", 0), ("yard", 0), ("gate", 1), ("gate", 2),
    ]  # fmt: skip


def test_an_event_says_that_nobody_keeps_the_clock_right() -> None:
    came_back = CameraEvent(id=ID, camera="gate", status=CameraStatus(state="up", reason=None, since=0))
    for clock, mark in ((WRONG, "unsynchronised"), (RIGHT, None)):
        for made in (writer(clock).event(event("new", start_time=0.0)), writer(clock).camera(came_back)):
            told = json.loads(made.payload)
            validator("event").validate(told)
            assert told.get("clock") == mark


def test_an_update_says_what_came_later_of_an_event_that_was_told() -> None:
    events = writer()
    told = events.event(event("dwell", **STAY, dwell_s=10.0), {"snapshot": f"gate/2026-11-23/{ID}.jpg", "clip": CLIP})
    other = events.event(event("leave", **STAY, dwell_s=12.0))
    update = json.loads(events.update(told, {"clip": CLIP, "clip_start": 1795446000.12345, "clip_note": None}).payload)
    validator("event").validate(update)
    first = json.loads(told.payload)
    assert (first["seq"], json.loads(other.payload)["seq"], update["seq"]) == (0, 1, 2)
    assert update == first | {"type": "update", "update_of": "dwell", "seq": 2, "clip_start": 1795446000.123}
    gone = json.loads(events.update(told, {"clip": None, "clip_note": "the camera went away"}).payload)
    validator("event").validate(gone)
    assert "clip" not in gone


def test_an_update_of_a_crowd_has_no_object() -> None:
    events = writer()
    told = events.event(event("crowd", seen=None, zone="door", count=5))
    validator("event").validate(json.loads(events.update(told, {"clip": CLIP}).payload))
