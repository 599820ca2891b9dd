"""The program as its users start it: a process, its messages, its log."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_app.cli import execute
from edge_app.cli.logs import Stderr
from tests.waiting import PATIENCE_S, PROGRAM_S, Stopwatch

MODULE = ("-m", "edge_app")  # what Python runs


class Program:
    """`edge-app VERB …`; stdout and stderr go to files.

    Attributes:
        stdout: The file of its messages.
    """

    def __init__(
        self, folder: Path, *arguments: object, env: dict[str, str] | None = None, python: Sequence[str] = MODULE
    ) -> None:
        self.stdout, self._err = folder / "stdout", folder / "stderr"
        self._messages: list[dict[str, Any]] = []
        self._read = 0  # bytes of stdout, which are those messages
        with self.stdout.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, *python, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **(env or {})},
                cwd=folder,
            )

    @property
    def log(self) -> str:
        return self._err.read_text()

    @property
    def output(self) -> str:
        return self.stdout.read_text()

    def messages(self, camera: str | None = None) -> list[dict[str, Any]]:
        """The whole lines on stdout so far; each is read once, as tests ask often."""
        with self.stdout.open("rb") as file:
            file.seek(self._read)
            lines = file.read().rpartition(b"\n")[0]
        if lines:
            self._messages += map(json.loads, lines.split(b"\n"))
            self._read += len(lines) + 1
        return [message for message in self._messages if camera in (None, message["camera"])]

    def until(self, condition: Callable[[], object], timeout_s: float = PROGRAM_S) -> None:
        """Waits for the condition, while the program runs."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.log[-2000:]}"
            assert time.monotonic() < deadline, f"not true within {timeout_s} s: {self.log[-2000:]}"
            time.sleep(0.02)

    def wait(self, timeout_s: float = PROGRAM_S) -> int:
        """Its exit code."""
        return self.process.wait(timeout_s)

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; its exit code, and how long that took [s], as a `Stopwatch` has it."""
        watch = Stopwatch(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        deadline, seconds = time.monotonic() + PATIENCE_S, watch.read()
        while self.process.poll() is None and time.monotonic() < deadline:
            seconds = watch.read()
            time.sleep(0.02)
        return self.process.wait(0), seconds


StartProgram = Callable[..., Program]


@pytest.fixture
def verb(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a verb here; returns its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = execute([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return run


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Verbs set up the log of a whole process, on a stderr that is closed when the test is over."""
    yield
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler, Stderr)]


@pytest.fixture
def edge_app(tmp_path: Path) -> Iterator[StartProgram]:
    """Starts programs, each in a folder of its own; all are killed at the end."""
    started: list[Program] = []

    def start(*arguments: object, env: dict[str, str] | None = None, python: Sequence[str] = MODULE) -> Program:
        folder = tmp_path / f"program{len(started)}"
        folder.mkdir()
        started.append(Program(folder, *arguments, env=env, python=python))
        return started[-1]

    yield start
    for program in started:
        program.process.kill()
        program.process.wait()


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Path]:
    """Writes a configuration of the bundled model; sections are keyword arguments."""

    def write(**sections: Any) -> Path:
        path = tmp_path / "config.yaml"
        engine: dict[str, Any] = {"threads": 1}
        if "model" not in sections:
            engine["precision"] = "fp32"  # else it measures first whether INT8 is faster
        sections = {"model": {"name": "traffic"}, "engine": engine, "publish": [{"type": "stdout"}], **sections}
        path.write_text(yaml.safe_dump(sections))
        return path

    return write
