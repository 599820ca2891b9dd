"""Cameras that are added and removed while the others run, on real streams."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.capture.conftest import Rig
from tests.rtsp.fixtures import StartServer


def indices(rig: Rig, camera: str) -> list[int]:
    return [arrival.index for arrival in rig.arrivals if arrival.camera == camera]


def threads() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("camera "))


def test_a_camera_goes_and_comes_and_the_others_notice_nothing(rig: Rig, rtsp_server: StartServer, clip: Path):
    server = rtsp_server(fps=10)
    for name in ("gate", "yard"):
        rig.add(server.url, name)
    rig.until(lambda: len(indices(rig, "yard")) > 5 and len(indices(rig, "gate")) > 5)
    rig.cameras.remove("yard")
    assert list(rig.cameras.states()) == ["gate"]
    assert rig.states[-1][0] == "yard"
    assert rig.states[-1][1].state == "disabled"
    left = len(indices(rig, "yard"))
    rig.until(lambda: threads() == ["camera gate"])
    rig.add(str(clip), "tape")
    rig.until(lambda: len(indices(rig, "tape")) == 50)
    assert len(indices(rig, "yard")) == left
    rig.add(server.url, "yard")
    rig.until(lambda: len(indices(rig, "yard")) > left + 5)
    assert rig.state("yard") == ("up", None)
    seen = indices(rig, "yard")
    assert seen == sorted(set(seen)), "its frames are counted on"
    assert indices(rig, "tape") == list(range(50))
    gate = indices(rig, "gate")
    assert gate == list(range(len(gate)))


def test_removing_a_camera_that_hangs_makes_nobody_wait(rig: Rig, rtsp_server: StartServer):
    hanging, good = rtsp_server(), rtsp_server(fps=10)
    rig.add(hanging.url, "hanging", stall_timeout_s=4)
    rig.add(good.url, "good")
    rig.until(lambda: len(indices(rig, "hanging")) > 5 and len(indices(rig, "good")) > 5)
    hanging.freeze()
    rig.cameras.remove("hanging")
    rig.until(lambda: threads() == ["camera good"])
    hanging.thaw()
    rig.add(hanging.url, "hanging")
    before = len(indices(rig, "hanging"))
    rig.until(lambda: len(indices(rig, "hanging")) > before + 5)
    good_frames = indices(rig, "good")
    assert good_frames == list(range(len(good_frames)))
