"""A camera that behaves as badly as it can, beside three good ones."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

import pytest

from tests.app.test_run import camera
from tests.program import Program
from tests.rtsp.manners import ANSWERS, POLITE, SAYS, SENDS, Manner
from tests.rtsp.odd_camera import OddCamera
from tests.waiting import Stopwatch

GOOD = ("good1", "good2", "good3")
HELD_UP_S = 3.0  # the good ones have twelve frames a second
ENOUGH = 5  # pictures that show that it sends; fewer may still come from before


class Messages:
    """The messages of a program as they come.

    Attributes:
        frames: The numbers of the frames of each camera.
        silence_s: The longest time without any frame of a good camera, as a `Stopwatch` has it.
    """

    def __init__(self, program: Program, odd: OddCamera) -> None:
        self._lines, self._odd, self._rest = program.stdout.open(), odd, ""
        self._pid, self._watch = program.process.pid, Stopwatch(program.process.pid)
        self.frames: defaultdict[str, list[int]] = defaultdict(list)
        self.silence_s = 0.0

    def read(self) -> dict[str, list[int]]:
        *lines, self._rest = (self._rest + self._lines.read()).split("\n")
        for message in map(json.loads, lines):
            self.frames[message["camera"]].append(message["frame_id"])
            self._odd.taken[f"/{message['camera']}"] += 1
            if message["camera"] in GOOD:
                self._watch = Stopwatch(self._pid)
        self.silence_s = max(self.silence_s, self._watch.read())
        return self.frames


@pytest.mark.parametrize("manners", [SAYS, ANSWERS, SENDS], ids=["says", "answers", "sends"])
def test_a_camera_of_the_worst_manners_costs_three_good_ones_no_frame(
    edge_app: Any, configured: Any, odd_camera: OddCamera, manners: dict[str, Manner]
):
    patient: dict[str, Any] = {"max_frame_age_ms": 1e6, "stall_timeout_s": 300}
    hasty = {"stall_timeout_s": 1.5, "reconnect": {"initial_s": 0.1, "max_s": 0.2}}
    cameras = {
        "bad": {**camera(odd_camera.url()), **hasty},
        **{name: {**camera(odd_camera.url(name)), **patient} for name in GOOD},
    }
    program = edge_app("run", configured(cameras=cameras))
    messages = Messages(program, odd_camera)
    program.until(lambda: len(messages.read()) == len(cameras))
    messages.silence_s = 0.0
    for manner in manners.values():
        odd_camera.behave(POLITE)
        seen = len(messages.frames["bad"])
        program.until(lambda seen=seen: len(messages.read()["bad"]) > seen + ENOUGH)
        log, seen = len(program.log), len(messages.frames["bad"])
        odd_camera.behave(manner)
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
        assert odd_camera.connections[f"/{name}"] == 1
        assert f"camera {name} is down" not in program.log
