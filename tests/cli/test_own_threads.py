"""The program's threads are its own: none stands by for arithmetic that it does not do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PROGRAM_S

# Without a verb, the module of each is imported.
IMPORTED = """
import os, sys
from edge_app.__main__ import main
sys.argv = ["edge-app"]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
import cv2, numpy, onnxruntime, scipy.optimize
print(len(os.listdir("/proc/self/task")), os.environ.get("OPENBLAS_NUM_THREADS"))
"""


def threads(env: dict[str, str]) -> list[str]:
    """How many threads the program has once all is imported, and how many OpenBLAS was told to use."""
    others = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED],
        env=others | env,
        capture_output=True,
        text=True,
        check=True,
        timeout=PROGRAM_S,
    )
    return done.stdout.splitlines()[-1].split()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not list threads")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="on one core no library has threads of its own")
def test_what_is_imported_has_no_threads():
    assert threads({}) == ["1", "1"]


def test_whoever_says_otherwise_is_heeded():
    assert threads({"OPENBLAS_NUM_THREADS": "2"})[1] == "2"
