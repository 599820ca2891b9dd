"""Fixtures: a box whose clock a test sets while a program runs on it (clock.c)."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("clock.c")
KEPT_RIGHT_US, NEVER_SET_US, FORBIDDEN = 30_000, 16_000_000, -1


class Box:
    """A box whose clock is right, and kept so, at first.

    Attributes:
        env: What a process needs in order to be on it.
    """

    def __init__(self, file: Path, library: Path) -> None:
        file.write_bytes(bytes(16))
        self.env = {"LD_PRELOAD": str(library), "BOX_CLOCK": str(file)}
        with file.open("r+b") as opened:
            self._clock = mmap.mmap(opened.fileno(), 16)
        self.ahead_s = 0
        self.set()

    def set(self, ahead_s: int | None = None, error_us: int = KEPT_RIGHT_US) -> None:
        """Sets the wall clock so far ahead of ours [s], and what the kernel says that it may be off [us]."""
        self.ahead_s = self.ahead_s if ahead_s is None else ahead_s
        struct.pack_into("=qq", self._clock, 0, self.ahead_s, error_us)


@pytest.fixture(scope="session")
def box_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that plays its clock, compiled; skips where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: apt-get install gcc libc6-dev")
    library = tmp_path_factory.mktemp("box") / "clock.so"
    arguments = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, SOURCE, "-ldl"]
    subprocess.run([compiler, *arguments], check=True)
    return library


@pytest.fixture
def box(box_library: Path, tmp_path: Path) -> Box:
    return Box(tmp_path / "box_clock", box_library)
