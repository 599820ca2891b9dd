"""Who listens on a port of 127.0.0.1 and keeps what comes: over TCP, with TLS, over UDP; killed and frozen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.ports import free_port
from tests.server import ServerProcess
from tests.waiting import until

PROGRAM = Path(__file__).with_name("listener.py")


class Listener(ServerProcess):
    """A process that can be killed, frozen and started again on the same port."""

    def __init__(self, folder: Path, kind: Literal["tcp", "udp"], certificates: Path | None = None) -> None:
        self.port = free_port()
        self._kind, self._folder, self._certificates = kind, folder, certificates
        self._lives = 0
        self.start()

    def start(self) -> None:
        self._lives += 1
        file = self._folder / f"life{self._lives}"
        pem = [self._certificates / "broker.pem", self._certificates / "broker.key"] if self._certificates else []
        self._process = subprocess.Popen([sys.executable, PROGRAM, self._kind, str(self.port), file, *pem])
        try:
            until(Path(f"{file}.ready").exists)
        except BaseException:
            self.kill()
            raise

    def connections(self) -> int:
        """How many there were."""
        return len(self._files())

    def documents(self) -> list[dict[str, Any]]:
        """Whole lines, one connection after the other."""
        lines = (line for file in self._files() for line in file.read_bytes().splitlines(keepends=True))
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def _files(self) -> list[Path]:
        found = [file for file in self._folder.iterdir() if file.suffix != ".ready"]
        return sorted(found, key=lambda file: (file.stem, int(file.suffix[1:] or 0)))


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Callable[..., Listener]]:
    """Starts a listener with the arguments of `Listener` after its folder; it ends with the test."""
    started: list[Listener] = []

    def start(*arguments: Any) -> Listener:
        folder = tmp_path / f"listener{len(started)}"
        folder.mkdir()
        started.append(Listener(folder, *arguments))
        return started[-1]

    yield start
    for listener in started:
        listener.kill()
