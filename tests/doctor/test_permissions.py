"""What a user without rights is told: the file, in one line, and by `doctor` what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# For root, which may do everything otherwise.
BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.fixture
def home(tmp_path: Path):
    """A place in a folder that nobody may look into."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    yield closed / "home"
    closed.chmod(0o700)


@pytest.fixture
def program(home: Path):
    """Runs a verb as somebody whom permissions bind."""
    prefix = BOUND if os.geteuid() == 0 else []
    if prefix and (not shutil.which("setpriv") or subprocess.run([*prefix, "true"], check=False).returncode):
        pytest.skip("root keeps its capabilities here")

    def run(*arguments: str, **places: str) -> subprocess.CompletedProcess[str]:
        command = [*prefix, sys.executable, "-m", "edge_app", *arguments]
        env = {"HOME": str(home), "PATH": os.environ["PATH"], **places}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return run


def test_doctor_names_the_folders_and_what_to_do(program, home):
    done = program("doctor", "--json")

    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode in (0, 69)
    assert checks["permissions"]["status"] == "warn"
    for folder in (".local/state/edge_app", ".cache/edge_app"):
        assert str(home / folder) in checks["permissions"]["detail"]
        assert str(home / folder) in checks["permissions"]["advice"]


@pytest.mark.parametrize(
    ("verb", "folder"),
    [
        (("engines", "list"), ".cache/edge_app"),
        (("engines", "prune"), ".cache/edge_app"),
        (("models", "list"), ".local/state/edge_app/models"),
    ],
)
def test_a_verb_names_the_folder(program, home, verb, folder):
    done = program(*verb)

    assert done.returncode == 77
    assert done.stderr.splitlines()[-1] == f"{home / folder}: Permission denied"
    assert "Traceback" not in done.stderr


def test_a_cache_that_cannot_be_listed_is_not_called_empty(program, home):
    done = program("engines", "list", CACHE_DIRECTORY=str(home.parent))

    assert (done.returncode, done.stdout) == (77, "")
    assert done.stderr.splitlines()[-1] == f"{home.parent}: Permission denied"


def test_build_names_the_folder(program, home):
    pytest.importorskip("tensorrt_rtx")

    done = program("build", "traffic", "--target", "sm86")

    assert done.returncode == 77
    assert done.stderr.splitlines()[-1] == f"{home / '.cache/edge_app'}: Permission denied"
