"""A worker process, told by hand what the main process tells it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_app.app.config import load_config
from edge_app.app.workers.link import Link
from edge_app.app.workers.wire import Begin, Loaded, Prepare, Read, Reload, Reloaded, RunEnded
from tests.waiting import PROGRAM_S


class Told:
    """A worker process, and the other end of its link."""

    def __init__(self, config: Path) -> None:
        self.config, self._found = load_config(config, {}), list[Any]()
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "edge_app.cli.worker", "warning", "0", str(theirs.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        self.socket, self.link = ours.dup(), Link(ours)
        threading.Thread(target=self.link.run, daemon=True).start()
        self.link.put(Prepare(self.config, 0))

    def next(self, kind: type) -> Any:
        """The next that it says of that kind; EOFError where it ends before."""
        while True:
            while self._found:
                if isinstance(found := self._found.pop(0), kind):
                    return found
            self._found += self.link.receive()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.link.close()
        self.socket.close()


@pytest.fixture
def told(shared_out) -> Iterator[Told]:
    """One that has loaded the model and begun, without a camera."""
    with closing(Told(shared_out())) as worker:
        worker.next(Loaded)
        worker.link.put(Begin({}))
        yield worker


def test_what_it_cannot_do_is_its_end(told: Told) -> None:
    told.link.put(Read("nobody", None))
    assert not told.next(RunEnded).by_itself
    assert told.process.wait(PROGRAM_S) == 1


def test_each_answer_says_what_it_is_to(told: Told) -> None:
    for number in range(3):
        told.link.put(Reload(number, told.config, {"cam0": None}))
    assert [told.next(Reloaded).number for _ in range(3)] == [0, 1, 2]
