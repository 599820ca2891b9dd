"""A camera that wants the memory of the machine does not get it."""

from __future__ import annotations

import re
from typing import Any

import psutil
import pytest

from tests.app.test_run import camera
from tests.rtsp.greedy import GREEDY
from tests.rtsp.odd_camera import OddCamera

PX = 640 * 480
MOST_MB = 120  # beside what a good camera takes: libav puts together twice 16 MiB, and the decoder gets a copy


@pytest.mark.parametrize(
    "manner",
    [
        "an endless picture",
        "endless parameter sets",
        "an endless picture of H.265",
        "as many tracks as a description has room for",
        "a thousand tracks",
    ],
)
def test_a_camera_that_wants_all_memory_does_not_get_it(
    edge_app: Any, configured: Any, odd_camera: OddCamera, manner: str
):
    settings = {"max_picture_px": PX, "reconnect": {"initial_s": 0.1, "max_s": 0.2}}
    program = edge_app("run", configured(cameras={"bad": {**camera(odd_camera.url()), **settings}}))
    program.until(lambda: len(program.messages()) > 20)
    process, most = psutil.Process(program.process.pid), 0
    before, messages, log = process.memory_info().rss, len(program.messages()), len(program.log)
    odd_camera.behave(greedy := GREEDY[manner])

    def is_over() -> object:
        nonlocal most
        most = max(most, process.memory_info().rss)
        down = re.search(rf"camera bad is down {greedy.shows}", program.log[log:])
        return down if greedy.shows else len(program.messages()) > messages + 20

    program.until(is_over)
    assert program.terminate()[0] == 0
    assert most - before < MOST_MB * 1e6
