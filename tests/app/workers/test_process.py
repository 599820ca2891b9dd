"""A worker process, told by hand what the main process tells it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from edge_app.analytics.counts import COUNTS_FILE, Counter, CountStore
from edge_app.app.config import load_config
from edge_app.app.workers.link import Link
from edge_app.app.workers.wire import Begin, Loaded, Prepare, Read, Reload, Reloaded, RunEnded
from edge_app.publish import Message
from tests.app.test_evidence import STRIPS
from tests.waiting import PROGRAM_S, until


class Told:
    """A worker process, and the other end of its link."""

    def __init__(self, config: Path) -> None:
        self.config, self.said, self._seen = load_config(config, {}), list[Any](), 0
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "edge_app.cli.worker", "warning", "0", str(theirs.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        self.link = Link(ours)
        for run in (self.link.run, self._listen):
            threading.Thread(target=run, daemon=True).start()
        self.link.put(Prepare(self.config, 0))

    def next(self, kind: type) -> Any:
        """The next that it says of that kind."""

        def found() -> bool:
            while self._seen < len(self.said):
                self._seen += 1
                if isinstance(self.said[self._seen - 1], kind):
                    return True
            return False

        until(found, PROGRAM_S)
        return self.said[self._seen - 1]

    def counts(self) -> dict[str, Any]:
        """Of each camera, as it has told them last."""
        told = [each for each in self.said if isinstance(each, Message) and each.kind == "counts"]
        cameras: dict[str, Any] = json.loads(told[-1].payload)["cameras"] if told else {}
        return cameras

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.link.close()

    def _listen(self) -> None:
        with suppress(EOFError):
            while True:
                self.said += self.link.receive()


@pytest.fixture
def told(shared_out) -> Iterator[Told]:
    """One that has loaded the model and begun, without a camera."""
    cameras = {name: {"url": "synthetic://street?seed=7&fps=5&size=160x90", "zones": STRIPS} for name in ("a", "b")}
    at_once = [{"type": "mqtt", "host": "127.0.0.1", "discovery": "homeassistant"}]
    with closing(Told(shared_out(cameras=cameras, publish=at_once))) as worker:
        worker.next(Loaded)
        worker.link.put(Begin({}))
        yield worker


def test_what_it_cannot_do_is_its_end(told: Told) -> None:
    told.link.put(Read("nobody", None))
    assert not told.next(RunEnded).by_itself
    assert told.process.wait(PROGRAM_S) == 1


def test_each_answer_says_what_it_is_to(told: Told) -> None:
    for number in range(3):
        told.link.put(Reload(number, told.config, {"a": None}))
    assert [told.next(Reloaded).number for _ in range(3)] == [0, 1, 2]


def test_what_another_worker_has_counted_of_a_camera_is_told_on(told: Told) -> None:
    told.link.put(Read("a", None))
    until(lambda: "a" in told.counts(), PROGRAM_S)
    with closing(CountStore(told.config.state_dir / COUNTS_FILE)) as of_another:
        of_another.add(Counter("b", "s0", "car", "entered"), time.time(), 1000)
        of_another.write()
    told.link.put(Read("b", None))
    until(lambda: told.counts().get("b", {}).get("s0", {}).get("car", {}).get("entered", 0) >= 1000, PROGRAM_S)
