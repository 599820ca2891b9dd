"""The scripts that set up and run the tests, on Pythons that are played by programs which only succeed."""

import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def tried(tmp_path):
    """Runs tools/test-pythons where only these Pythons are there; what each becomes, and the exit code."""

    def run(here, *asked):
        tools = tmp_path / "tools"
        tools.mkdir()
        for name in ("test-pythons", "run-tests"):
            shutil.copy(TOOLS / name, tools)
        scripts = {
            "find-python": f'case " {here} " in *" $1 "*) echo python$1 ;; *) exit 1 ;; esac',
            "setup-venv": "mkdir -p $2/bin && cp tools/setup-bindings $2/bin/python",
            "setup-bindings": "exit 0",
        }
        for name, script in scripts.items():
            (tools / name).write_text(f"#!/bin/sh\n{script}\n")
            (tools / name).chmod(0o755)
        done = subprocess.run(["tools/test-pythons", *asked], cwd=tmp_path, capture_output=True, text=True, check=False)
        results = [line.split(": ") for line in done.stdout.splitlines() if ": " in line]
        return dict(results), done.returncode

    return run


@pytest.mark.parametrize(
    ("here", "asked", "missing", "code"),
    [
        pytest.param("3.10 3.11 3.12 3.13", [], [], 0, id="all four"),
        pytest.param("3.11 3.13", [], ["3.10", "3.12"], 1, id="two of four"),
        pytest.param("", [], ["3.10", "3.11", "3.12", "3.13"], 1, id="none"),
        pytest.param("3.11", ["3.11"], [], 0, id="the one that is asked for"),
        pytest.param("3.11", ["3.11", "3.12"], ["3.12"], 1, id="one of two that are asked for"),
    ],
)
def test_a_python_that_is_not_found_is_named_and_fails_the_run(tried, here, asked, missing, code):
    results, returncode = tried(here, *asked)
    assert [version for version, result in results.items() if result == "not found"] == missing
    assert {result for version, result in results.items() if version not in missing} <= {"passed"}
    assert returncode == code
