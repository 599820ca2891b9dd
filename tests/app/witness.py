"""Who sees what becomes of good cameras beside an odd one."""

from __future__ import annotations

import json
import os
from collections import defaultdict

from tests.program import Program
from tests.rtsp.odd_camera import OddCamera
from tests.waiting import Stopwatch

GOOD = ("good1", "good2", "good3")


class Witness:
    """The messages of a program as they come, of which the odd camera is told.

    Attributes:
        frames: The numbers of the frames of each camera.
        silence_s: The longest time without any frame of a good camera, as a `Stopwatch` of the program and of this
            process, which plays the cameras, has it.
    """

    def __init__(self, program: Program, odd: OddCamera) -> None:
        self._lines, self._odd, self._rest = program.stdout.open(), odd, ""
        self._pids = program.process.pid, os.getpid()
        self._watch = Stopwatch(*self._pids)
        self.frames: defaultdict[str, list[int]] = defaultdict(list)
        self.silence_s = 0.0

    def read(self) -> dict[str, list[int]]:
        *lines, self._rest = (self._rest + self._lines.read()).split("\n")
        messages = [json.loads(line) for line in lines]
        for message in messages:
            self.frames[message["camera"]].append(message["frame_id"])
            self._odd.taken[f"/{message['camera']}"] += 1
        if any(message["camera"] in GOOD for message in messages):
            self._watch = Stopwatch(*self._pids)
        self.silence_s = max(self.silence_s, self._watch.read())
        return self.frames
