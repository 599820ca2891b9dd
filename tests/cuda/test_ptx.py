"""The kernels as the package carries them: made from the sources that are here, for every GPU from Turing on."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
KERNELS = {"letterbox": "edge_app.preprocess", "select": "edge_app.engine.gpu", "thin": "edge_app.engine.gpu"}

every_kernel = pytest.mark.parametrize("name", KERNELS)


def packaged(name: str) -> str:
    return resources.files(KERNELS[name]).joinpath(f"{name}.ptx").read_text()


@every_kernel
def test_the_ptx_was_made_from_the_kernel_that_is_here(name):
    source = resources.files(KERNELS[name]).joinpath(f"{name}.cu").read_bytes()
    assert packaged(name).startswith(f"// {name}.cu {hashlib.sha256(source).hexdigest()}\n"), "run tools/build-ptx"


@every_kernel
def test_the_ptx_is_for_old_drivers_and_turing(name):
    assert re.search(r"^\.version 6\.5$", packaged(name), re.MULTILINE)
    assert re.search(r"^\.target sm_75$", packaged(name), re.MULTILINE)


def test_the_selection_rounds_each_product_by_itself():
    """As NumPy does; a sum that is fused with it would be another number."""
    assert "fma" not in packaged("select")
    assert ".ftz" not in packaged("select")


def test_the_kernels_build_to_the_ptx_in_the_package(tmp_path):
    if shutil.which("nvcc") is None:
        pytest.skip("no nvcc")
    subprocess.run([TOOLS / "build-ptx", tmp_path], check=True)
    compiler = re.compile(r"// Cuda compilation tools.*")
    for name in KERNELS:
        made, kept = (tmp_path / f"{name}.ptx").read_text(), packaged(name)
        if compiler.search(made).group() != compiler.search(kept).group():
            pytest.skip(f"the package's was made by another nvcc: {compiler.search(kept).group()}")
        assert made == kept


@every_kernel
@pytest.mark.parametrize("chip", ["sm_75", "sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_100", "sm_120"])
def test_the_ptx_assembles_for_every_chip(tmp_path, name, chip):
    if shutil.which("ptxas") is None:
        pytest.skip("no ptxas")
    path = resources.files(KERNELS[name]).joinpath(f"{name}.ptx")
    made = subprocess.run(
        ["ptxas", "-v", f"-arch={chip}", "-o", tmp_path / "out", path], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    assert " 0 bytes spill stores" in made.stderr
