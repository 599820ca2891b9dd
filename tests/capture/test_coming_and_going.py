"""Cameras are removed and added while others run, which notice nothing: real servers, a file, a camera that hangs."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import pytest

from edge_app.core.errors import Reason
from tests.capture.conftest import Rig
from tests.rtsp.fixtures import StartServer
from tests.waiting import Stopwatch


def indices(rig: Rig, camera: str) -> list[int]:
    return [frame.meta.index for frame in rig.pending if frame.meta.camera == camera]


def accounted(rig: Rig, camera: str) -> bool:
    """Whether every frame that was captured was taken or counted as dropped."""
    taken = len(indices(rig, camera))
    captured = rig.metrics.total("frames_captured", camera=camera)
    return taken + rig.metrics.total("frames_dropped", camera=camera) == captured


def threads_of(camera: str) -> int:
    return [thread.name for thread in threading.enumerate()].count(f"camera {camera}")


def test_one_goes_and_returns_and_the_others_miss_nothing(rig: Rig, rtsp_server: StartServer, long_clip: Path):
    servers = {name: rtsp_server() for name in ("gate", "yard", "door")}
    for name, server in servers.items():
        rig.add(server.url, name=name)
    rig.add(str(long_clip), name="tape")
    rig.until(lambda: all(len(indices(rig, name)) > 10 for name in (*servers, "tape")))
    for _ in range(3):
        last = indices(rig, "gate")[-1]
        rig.cameras.remove("gate")
        assert rig.states[-1][0] == "gate"
        assert rig.states[-1][1].state == "disabled"
        assert "gate" not in rig.cameras.statuses()
        rig.until(lambda: threads_of("gate") == 0)
        assert accounted(rig, "gate")
        rig.add(servers["gate"].url, name="gate")
        rig.until(lambda last=last: indices(rig, "gate")[-1] > last + 5)
        assert rig.is_up()
    assert [threads_of(name) for name in servers] == [1, 1, 1]
    rig.until(lambda: rig.state("tape") == ("down", Reason.ENDED) and not rig.inbox.waiting)
    assert indices(rig, "gate") == sorted(set(indices(rig, "gate")))
    assert indices(rig, "tape") == list(range(len(indices(rig, "tape"))))
    for name in ("yard", "door"):
        assert [state.state for camera, state in rig.states if camera == name] == ["connecting", "up"]
        dropped = rig.metrics.by("frames_dropped", "reason", camera=name)
        assert len(indices(rig, name)) + sum(dropped.values()) >= indices(rig, name)[-1] - 1
        assert set(dropped) <= {"queue", "stale"}  # as on a busy machine


def test_one_that_hangs_is_removed_at_once_and_returns_while_its_thread_still_hangs(rig: Rig, rtsp_server: StartServer):
    hung, well = rtsp_server(), rtsp_server()
    rig.add(hung.url, stall_timeout_s=6)
    rig.add(well.url, name="yard")
    rig.until(lambda: len(indices(rig, "gate")) > 5 and len(indices(rig, "yard")) > 5)
    hung.freeze()
    frozen_at = rig.metrics.total("frames_captured", camera="gate")
    rig.until(
        lambda: (
            time.monotonic() - [frame for frame in rig.pending if frame.meta.camera == "gate"][-1].meta.queued_mono
            > 0.5
        )
    )
    watch = Stopwatch()
    rig.cameras.remove("gate")
    assert watch.read() < 0.5
    assert threads_of("gate") == 1, "it is still in libav"
    rig.add(well.url)
    rig.until(lambda: rig.is_up() and indices(rig, "gate")[-1] > frozen_at + 5)
    states = [state.state for camera, state in rig.states if camera == "gate"]
    rig.until(lambda: threads_of("gate") == 1)
    rig.until(rig.more(10))
    assert states == ["connecting", "up", "disabled", "connecting", "up"]
    assert [state.state for camera, state in rig.states if camera == "gate"] == states, "the old thread says nothing"
    assert indices(rig, "gate") == sorted(set(indices(rig, "gate")))
    yard = [frame for frame in rig.pending if frame.meta.camera == "yard"]
    assert max(b.meta.time.mono - a.meta.time.mono for a, b in itertools.pairwise(yard)) < 1


@pytest.mark.parametrize("again", [True, False])
def test_a_file_that_is_removed_half_way_loses_nothing_that_was_read(rig: Rig, clip: Path, again: bool):
    """What waits in its cell is still taken, also when it begins anew before that."""
    rig.add(str(clip))
    rig.until(lambda: rig.metrics.total("frames_captured") > 2)
    rig.cameras.remove("gate")
    if again:
        rig.add(str(clip))
    # Without a camera it waits for another one: only what was read to its end exhausts it.
    rig.until(lambda: rig.inbox.exhausted if again else not rig.inbox.waiting)
    rig.until(lambda: threads_of("gate") == 0)
    assert rig.inbox.exhausted == again
    assert accounted(rig, "gate")
    assert set(rig.metrics.by("frames_dropped", "reason")) <= {"removed"}
    assert rig.metrics.total("frames_dropped") <= 1, "the one that its thread had in its hand"
    assert rig.threads.error is None
