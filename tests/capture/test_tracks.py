"""Cameras with several tracks: which one is read, and what happens when it says nothing while others go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge_app.core.errors import Reason
from tests.capture.conftest import Rig
from tests.rtsp.manners import HEAD, MANNERS, TWO, UNKNOWN_FIRST, Connection, Manner, media, pictures, unit
from tests.rtsp.odd_camera import OddCamera
from tests.rtsp.rtp import Rtp, units

STEP = 4500


def of_size(rig: Rig) -> set[tuple[int, int]]:
    pictures = [frame.convert() for frame in rig.pending]
    return {(picture.width, picture.height) for picture in pictures}


def both(connection: Connection) -> Iterator[bytes]:
    """A second track of another size, whose pictures always come first."""
    first, second = Rtp(connection.channels["first"]), Rtp(connection.channels["second"], 97, 0x5678)
    for index in connection.ticks():
        yield second.unit(units(480, 272)[index % 20], STEP * index) + first.unit(unit(index), STEP * index)


def first_falls_silent(connection: Connection) -> Iterator[bytes]:
    first, second = Rtp(connection.channels["first"]), Rtp(connection.channels["second"], 97, 0x5678)
    for index in connection.ticks():
        yield second.unit(units(480, 272)[index % 20], STEP * index)
        if index < 10:
            yield first.unit(unit(index), STEP * index)


def test_the_first_of_two_tracks_is_read(rig: Rig, odd_camera: OddCamera):
    odd_camera.behave(Manner(sdp=TWO, video=both))
    rig.add(odd_camera.url())
    rig.until(rig.more(10))
    assert of_size(rig) == {(320, 240)}


@pytest.mark.parametrize("manner", ["a silent first track", "a first track of an unknown codec"])
def test_the_second_track_is_read_where_the_first_is_none(rig: Rig, odd_camera: OddCamera, manner: str):
    odd_camera.behave(manner)
    rig.add(odd_camera.url(), stall_timeout_s=2)
    rig.until(rig.more(30))
    assert [state.state for _, state in rig.states] == ["connecting", "up"]
    assert odd_camera.connections["/odd"] == 1


def test_a_track_that_falls_silent_is_stalled_whatever_the_other_sends(rig: Rig, odd_camera: OddCamera):
    odd_camera.behave(Manner(sdp=TWO, video=first_falls_silent))
    rig.add(odd_camera.url(), stall_timeout_s=2)
    rig.until(rig.more(5))
    assert rig.until(lambda: rig.is_down(Reason.STALLED)) < 2 + 1 + 1
    rig.until(lambda: rig.metrics.total("reconnects", reason="stalled"))  # the thread itself has noticed


def test_a_track_that_never_begins_times_out_whatever_the_other_sends(rig: Rig, odd_camera: OddCamera):
    odd_camera.behave(MANNERS["an unknown track that sends alone"])
    rig.add(odd_camera.url(), stall_timeout_s=1)
    rig.until(lambda: rig.is_down(Reason.TIMEOUT))
    rig.until(lambda: rig.metrics.total("reconnects", reason="timeout") >= 2)


def pauses(connection: Connection) -> Iterator[bytes]:
    """Five pictures, and from then on one in eight seconds."""
    track = Rtp()
    for index in range(5):
        yield track.unit(unit(index), STEP * index)
    for index in connection.ticks(1 / 8):
        yield track.unit(unit(index), STEP * 160 * (index + 1))


def test_a_camera_of_few_pictures_is_waited_for_as_long_as_its_stall_timeout(rig: Rig, odd_camera: OddCamera):
    odd_camera.behave(Manner(video=pauses))
    rig.add(odd_camera.url(), stall_timeout_s=300)
    rig.until(rig.more(6))
    assert [state.state for _, state in rig.states] == ["connecting", "up"]
    assert odd_camera.connections["/odd"] == 1


def test_stopping_does_not_wait_for_a_silent_track(rig: Rig, odd_camera: OddCamera):
    odd_camera.behave(Manner(sdp=UNKNOWN_FIRST, video=MANNERS["an unknown track that sends alone"].video))
    rig.add(odd_camera.url(), stall_timeout_s=100)
    rig.until(lambda: odd_camera.connections["/odd"])
    assert rig.end() < 5


def test_a_single_track_costs_no_wait(rig: Rig, odd_camera: OddCamera):
    odd_camera.behave(Manner(sdp=HEAD + media(), video=pictures))
    rig.add(odd_camera.url(), stall_timeout_s=100)
    assert rig.until(rig.more(1)) < 2
