"""Who sees what becomes of good cameras beside an odd one."""

from __future__ import annotations

import json
from collections import defaultdict

from tests.program import Program
from tests.rtsp.odd_camera import OddCamera
from tests.waiting import Stopwatch

GOOD = ("good1", "good2", "good3")


class Witness:
    """The messages of a program as they come, of which the odd camera is told.

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
