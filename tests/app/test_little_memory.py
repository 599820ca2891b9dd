"""Where memory is short, a camera that cannot be analysed is not `up`, and nothing ends with a traceback."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

import pytest

from edge_app.capture.rotation import converted
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Picture
from tests.capture.conftest import Rig, rig  # noqa: F401, a fixture
from tests.waiting import PROGRAM_S

# The program, for which the system has no thread of that name.
NO_THREAD = """
import sys, threading
from edge_app.__main__ import main

def start(self, name=sys.argv.pop(1), start=threading.Thread.start):
    if self.name == name:
        raise RuntimeError("can't start new thread")
    start(self)

threading.Thread.start = start
main()
"""


def test_a_camera_that_cannot_be_analysed_is_not_up(rig: Rig):  # noqa: F811
    rig.add("synthetic://street?fps=20&size=320x180", stall_timeout_s=1)
    rig.until(rig.is_up)
    rig.cameras.analysed("gate", "no memory")
    rig.until(lambda: rig.is_down(Reason.FAILED))
    assert rig.cameras.statuses()["gate"].detail.endswith("its pictures cannot be analysed: no memory")
    rig.until(rig.more(20))
    assert rig.is_down(Reason.FAILED)
    rig.cameras.analysed("gate", "")
    rig.until(rig.is_up)


def test_one_picture_that_cannot_be_analysed_changes_nothing(rig: Rig):  # noqa: F811
    rig.add("synthetic://street?fps=20&size=320x180", stall_timeout_s=60)
    rig.until(rig.is_up)
    rig.cameras.analysed("gate", "")
    rig.cameras.analysed("gate", "no memory")
    rig.until(rig.more(20))
    assert rig.is_up()


def test_a_picture_that_memory_does_not_suffice_for_is_one_that_cannot_be_converted():
    def convert() -> Picture:
        raise MemoryError

    with pytest.raises(StreamError, match="MemoryError"):
        converted(convert, 0)


@pytest.mark.parametrize("megabytes", [300, 400])
def test_a_start_without_memory_is_one_line(megabytes: int, configured: Any):
    path = configured(cameras={"gate": {"url": "synthetic://street"}})
    limit = megabytes * 1_000_000
    ended = subprocess.run(
        [sys.executable, "-m", "edge_app", "run", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (75, 1), ended.stderr


@pytest.mark.parametrize("thread", ["signals", "publish stdout", "analyse", "camera gate"])
def test_a_start_without_memory_for_a_thread_says_so_and_ends(thread: str, configured: Any):
    path = configured(cameras={"gate": {"url": "synthetic://street"}})
    ended = subprocess.run(
        [sys.executable, "-c", NO_THREAD, thread, "run", str(path), "--log-level", "error"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PROGRAM_S,
    )
    assert (ended.returncode, ended.stderr) == (75, "there is not enough memory\n")
