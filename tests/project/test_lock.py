"""requirements.lock fits pyproject.toml, whatever Python it is asked for."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def applies(requirement, python):
    """Whether pip on this Python of a Linux box heeds it."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    return not requirement.marker or requirement.marker.evaluate(environment)


def locked(python):
    """Name to version, as pip on this Python of a Linux box reads the lock."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line.partition("#")[0]) for line in lines if not line.startswith("#")]
    here = [pin for pin in pins if applies(pin, python)]
    found = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in here}
    assert len(found) == len(here), "a name is pinned twice"
    return found


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_every_direct_dependency_is_locked_to_a_version_that_pyproject_allows(python):
    tomllib = pytest.importorskip("tomllib", reason="tomllib came with Python 3.11")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    every = map(Requirement, project["dependencies"] + project["optional-dependencies"]["dev"])
    wanted = [one for one in every if applies(one, python)]
    pins = locked(python)

    unfit = [str(one) for one in wanted if not one.specifier.contains(pins.get(canonicalize_name(one.name), "0"))]
    assert not unfit, "run: make lock"


def test_the_lock_names_no_registry():
    lock = (ROOT / "requirements.lock").read_text()

    assert "://" not in lock
    assert "\n-" not in lock
