"""A camera that behaves as badly as it can, beside three good ones."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.app.test_run import camera
from tests.app.witness import GOOD, Witness
from tests.capture.http_manners import HTTP_MANNERS, HttpManner
from tests.capture.odd_http_camera import OddHttpCamera
from tests.rtsp.manners import ANSWERS, SAYS, SENDS, Manner
from tests.rtsp.odd_camera import OddCamera

HELD_UP_S = 1.0  # the good ones have twelve frames a second
SLOW_MACHINE = {"stalled", "timeout"}  # good cameras may be late too where no CPU is free, and `HELD_UP_S` is exact
ENOUGH = 5  # pictures that show that it sends; fewer may still come from before


@pytest.mark.parametrize("manners", [SAYS, ANSWERS, SENDS, HTTP_MANNERS], ids=["says", "answers", "sends", "http"])
def test_a_camera_of_the_worst_manners_costs_three_good_ones_no_frame(
    edge_app: Any,
    configured: Any,
    odd_camera: OddCamera,
    odd_http_camera: OddHttpCamera,
    manners: dict[str, Manner] | dict[str, HttpManner],
):
    bad: Any = odd_http_camera if manners is HTTP_MANNERS else odd_camera
    patient: dict[str, Any] = {"max_frame_age_ms": 1e6, "stall_timeout_s": 300}
    hasty = {"stall_timeout_s": 1.5, "reconnect": {"initial_s": 0.1, "max_s": 0.2}}
    cameras = {
        "bad": {**camera(bad.url()), **hasty},
        **{name: {**camera(odd_camera.url(name)), **patient} for name in GOOD},
    }
    program = edge_app("run", configured(cameras=cameras))
    messages = Witness(program, odd_camera)
    program.until(lambda: len(messages.read()) == len(cameras))
    messages.silence_s = 0.0
    for manner in manners.values():
        bad.behave()
        seen = len(messages.frames["bad"])
        program.until(lambda seen=seen: len(messages.read()["bad"]) > seen + ENOUGH)
        log, seen = len(program.log), len(messages.frames["bad"])
        bad.behave(manner)
        if manner.shows:
            shown = re.compile(rf"camera bad is down {manner.shows}")
            program.until(lambda log=log, shown=shown: messages.read() and shown.search(program.log, log))
        else:
            program.until(lambda seen=seen: len(messages.read()["bad"]) > seen + ENOUGH)
    before = {name: len(messages.frames[name]) for name in GOOD}
    program.until(lambda: all(len(messages.read()[name]) > before[name] for name in GOOD))
    assert messages.silence_s < HELD_UP_S
    assert program.terminate()[0] == 0
    assert "Traceback" not in program.log
    messages.read()
    for name in GOOD:
        assert messages.frames[name] == list(range(len(messages.frames[name])))
        assert set(re.findall(rf"camera {name} is down \((\w+)\)", program.log)) <= SLOW_MACHINE
