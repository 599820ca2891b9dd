"""Cameras of this machine, played to the program below its C library; never a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_app.capture import open_source, probe_source
from edge_app.core.errors import Reason, StreamError
from tests.capture.conftest import FAST, Rig, camera_config
from tests.program import StartProgram
from tests.waiting import PATIENCE_S, PROGRAM_S
from tests.webcam.fixtures import Webcam

# Pictures are converted when all are there: none may change when the device reuses its buffer.
TEN_PICTURES = """
import itertools, json, sys, threading
from pathlib import Path
from edge_app.capture.sources.v4l2 import V4l2Source

with V4l2Source(Path(sys.argv[1])).open(threading.Event()) as frames:
    taken = list(itertools.islice(frames, 10))
pictures = [frame.convert().bgr for frame in taken]
print(json.dumps([[frame.fps, picture.shape, picture.min().item(), picture.max().item()]
                  for frame, picture in zip(taken, pictures)]))
"""


def cameras(*paths: Path) -> dict[str, Any]:
    """The section of a configuration; cameras are named after the files."""
    return {path.name: {"url": str(path), "reconnect": FAST, "stall_timeout_s": 2} for path in paths}


def test_each_picture_is_the_one_that_the_device_took(webcam: Webcam):
    command = [sys.executable, "-c", TEN_PICTURES, str(webcam.path)]
    done = subprocess.run(command, env={**os.environ, **webcam.env}, capture_output=True, text=True, timeout=PROGRAM_S)
    assert done.returncode == 0, done.stderr
    fps, shapes, darkest, brightest = zip(*json.loads(done.stdout), strict=True)
    assert (set(fps), set(map(tuple, shapes))) == ({10.0}, {(240, 320, 3)})
    assert darkest == brightest == tuple(sorted(set(darkest)))
    # Each is two steps of luma brighter, and a step of luma is 255/219 of RGB.
    assert darkest[-1] - darkest[0] == pytest.approx(9 * 2 * 255 / 219, abs=2)


def test_frames_are_published_across_an_unplugging(
    edge_app: StartProgram, configured: Callable[..., Path], webcam: Webcam
):
    program = edge_app("run", configured(cameras=cameras(webcam.path)), env=webcam.env)
    program.until(lambda: len(program.messages("video9")) >= 5)
    webcam.unplug()
    program.until(lambda: "camera video9 is down (not_found)" in program.log)
    before = len(program.messages("video9"))
    webcam.plug()
    program.until(lambda: len(program.messages("video9")) >= before + 5)
    assert program.log.count("camera video9 is down") == 1
    assert program.log.count("camera video9 is up") == 2
    code, _seconds = program.terminate()
    assert code == 0

    messages = program.messages("video9")
    ids = [message["frame_id"] for message in messages]
    assert ids == sorted(set(ids))
    assert {message["ts_source"] for message in messages} == {"arrival"}
    assert all(message["image"] == {"width": 320, "height": 240} for message in messages)


def test_a_frozen_camera_stalls_and_is_opened_anew(
    edge_app: StartProgram, configured: Callable[..., Path], webcam: Webcam
):
    program = edge_app("run", configured(cameras=cameras(webcam.path)), env=webcam.env)
    program.until(lambda: program.messages())
    webcam.freeze()
    program.until(lambda: "camera video9 is down (stalled)" in program.log)
    webcam.thaw()
    program.until(lambda: program.log.count("camera video9 is up") == 2)
    assert "stuck" not in program.log


def test_a_frozen_camera_does_not_hold_the_program_up(
    edge_app: StartProgram, configured: Callable[..., Path], webcam: Webcam
):
    program = edge_app("run", configured(cameras=cameras(webcam.path)), env=webcam.env)
    program.until(lambda: program.messages())
    webcam.freeze()
    program.until(lambda: "camera video9 is down (stalled)" in program.log)
    code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True)


def test_a_device_in_use_is_said_to_be(edge_app: StartProgram, configured: Callable[..., Path], webcam: Webcam):
    twice = {"one": {"url": str(webcam.path)}, "two": {"url": str(webcam.path)}}
    program = edge_app("run", configured(cameras=twice), env=webcam.env)
    program.until(lambda: program.messages() and "is down (failed)" in program.log)
    assert "not a camera, or in use" in program.log
    assert len({message["camera"] for message in program.messages()}) == 1


def test_a_path_that_is_no_device_is_not_found(rig: Rig):
    rig.add("/dev/no-such-video")
    rig.until(lambda: rig.is_down(Reason.NOT_FOUND))


def test_a_device_that_is_no_camera_fails():
    with pytest.raises(StreamError, match="/dev/null: not a camera") as raised:
        probe_source(open_source(camera_config("/dev/null")), timeout_s=PATIENCE_S)
    assert raised.value.reason is Reason.FAILED
