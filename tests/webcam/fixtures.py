"""Fixtures: a webcam that is played to a process of its own, below its C library (v4l2.c)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("v4l2.c")
CHARACTER_DEVICE = Path("/dev/full")  # any that everybody may read and write: it is looked at, never opened


class Webcam:
    """A webcam of 320x240 pixels and 10 fps whose pictures get brighter; plugged in at first.

    Attributes:
        path: Where it is, below /dev.
        env: What a process needs in order to see it.
    """

    def __init__(self, path: Path, library: Path) -> None:
        self.path = path
        self.env = {"LD_PRELOAD": str(library), "FAKE_V4L2": str(path)}
        self._mark = path.with_name(f"{path.name}.frozen")
        self.plug()

    def plug(self) -> None:
        self.path.symlink_to(CHARACTER_DEVICE)

    def unplug(self) -> None:
        self.path.unlink()

    def freeze(self) -> None:
        """It stays, and sends nothing."""
        self._mark.touch()

    def thaw(self) -> None:
        """It sends again to whoever opens it from now on."""
        self._mark.unlink()


@pytest.fixture(scope="session")
def v4l2_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that plays it, compiled; skips where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: apt-get install gcc libc6-dev")
    library = tmp_path_factory.mktemp("v4l2") / "v4l2.so"
    arguments = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, SOURCE, "-ldl"]
    subprocess.run([compiler, *arguments], check=True)
    return library


@pytest.fixture
def webcam(v4l2_library: Path) -> Iterator[Webcam]:
    if not os.access("/dev", os.W_OK):
        pytest.skip("not root: a device belongs below /dev")
    with tempfile.TemporaryDirectory(dir="/dev") as folder:
        yield Webcam(Path(folder) / "video9", v4l2_library)
