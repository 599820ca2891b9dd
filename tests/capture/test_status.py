"""A camera's status, as it is told."""

from __future__ import annotations

import time

from edge_app.capture.status import StatusTracker
from edge_app.core.camera_status import CameraStatus, CameraWarning
from edge_app.core.errors import Reason
from tests.waiting import until

FROZEN = (CameraWarning(reason="frozen_picture", since=1.0, detail="the same picture"),)


class Told:
    """A tracker, and every status that it has told."""

    def __init__(self) -> None:
        self.statuses: list[CameraStatus] = []
        self.tracker = StatusTracker("gate", "connecting", lambda _, status: self.statuses.append(status))


def test_another_reason_is_told_and_the_camera_is_down_since_it_went_down() -> None:
    told = Told()
    told.tracker.down(Reason.TIMEOUT, "no answer")
    began = told.tracker.status.since
    until(lambda: time.time() > began)
    told.tracker.down(Reason.REFUSED, "refused")
    assert [status.reason for status in told.statuses] == [None, Reason.TIMEOUT, Reason.REFUSED]
    assert told.tracker.status.since == began
    told.tracker.up()
    assert told.tracker.status.since > began


def test_a_warning_is_told_once_and_leaves_the_state_as_it_is() -> None:
    told = Told()
    told.tracker.up()
    for warnings in ((), FROZEN, FROZEN, ()):
        told.tracker.warn(warnings)
    up, frozen, over = told.statuses[1:]
    assert [len(status.warnings) for status in (up, frozen, over)] == [0, 1, 0]
    assert {(status.state, status.since) for status in (up, frozen, over)} == {("up", up.since)}


def test_a_camera_that_is_not_up_is_not_warned_of() -> None:
    told = Told()
    told.tracker.up()
    told.tracker.warn(FROZEN)
    told.tracker.down(Reason.STALLED, "no frame")
    assert told.tracker.status.warnings == ()
    told.tracker.warn(FROZEN)  # of a picture that came before
    assert told.tracker.status.warnings == ()
    told.tracker.remove()
    told.tracker.warn(FROZEN)
    assert told.tracker.status.state == "disabled"
    assert told.tracker.status.warnings == ()
