"""Events of cameras that go down and come back."""

from __future__ import annotations

from edge_app.app.status_events import StatusEvents
from edge_app.core.camera_status import CameraState, CameraStatus
from edge_app.core.errors import Reason
from edge_app.core.events import CameraEvent


def told(*states: CameraState, camera: str = "gate") -> list[CameraEvent]:
    events: list[CameraEvent] = []
    status_events = StatusEvents(events.append)
    for since, state in enumerate(states):
        reason = Reason.TIMEOUT if state == "down" else None
        status_events.changed(camera, CameraStatus(state=state, reason=reason, since=since))
    return events


def test_a_camera_that_was_lost_is_told_of_when_it_goes_and_when_it_is_back() -> None:
    events = told("connecting", "up", "down", "down", "up", "up", "down")
    assert [(e.camera, e.status.state, e.status.since) for e in events] == [
        ("gate", "down", 2),
        ("gate", "up", 4),
        ("gate", "down", 6),
    ]
    assert len({event.id for event in events}) == 3


def test_a_camera_that_never_was_down_is_not_told_of() -> None:
    assert told("connecting", "up", "disabled") == []


def test_a_run_tells_of_its_cameras_where_events_are_asked_for(edge_app, configured) -> None:  # type: ignore[no-untyped-def]
    cameras = {
        "gate": {"url": "synthetic://street?seed=7&size=320x180&frames=3"},
        "yard": {"url": "rtsp://127.0.0.1:9/x"},
    }
    program = edge_app("run", configured(cameras=cameras, events={}))
    program.until(lambda: any(m.get("type") == "camera" and m["camera"] == "yard" for m in program.messages()))
    program.terminate()
    event = next(m for m in program.messages("yard") if m.get("type") == "camera")
    assert (event["state"], event["reason"], event["seq"]) == ("down", "refused", 0)
