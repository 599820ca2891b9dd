"""The script that runs the tests: what fails beside others has another turn by itself, and no more than that."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/run-tests"
STARVED = """
import os, pytest
@pytest.mark.parametrize("number", range({number}))
def test_starved(number):
    assert "PYTEST_XDIST_WORKER" not in os.environ
"""


@pytest.mark.parametrize(
    ("tests", "code", "again"),
    [
        pytest.param("def test_right(): pass", 0, False, id="all right"),
        pytest.param(STARVED.format(number=2), 0, True, id="right by themselves"),
        pytest.param(STARVED.format(number=11), 1, False, id="too many"),
        pytest.param("def test_wrong(): assert False", 1, True, id="wrong"),
        pytest.param("no python", 2, True, id="no test"),
    ],
)
def test_a_few_that_fail_beside_others_run_again_by_themselves(tmp_path, tests, code, again):
    (tmp_path / "test_it.py").write_text(tests)
    (tmp_path / "tools").mkdir()
    shutil.copy(TOOL, tmp_path / "tools")
    command = ["tools/run-tests", sys.executable, "-c", "/dev/null", "--rootdir", str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    assert ("run again by themselves" in done.stdout) == again
