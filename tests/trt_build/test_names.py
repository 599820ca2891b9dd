"""Every name of TensorRT's that the program uses exists in TensorRT 10.3, 10.16, 11.4 and TensorRT-RTX."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trt_build.names import VARIABLES, files_that_use_tensorrt, used_names

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "edge_app"
LIBRARIES = ("libnvinfer", "libnvinfer_plugin", "libnvonnxparser")
VERSIONS = {"10.3": "10.3.0", "10.16": "10.16.1.11", "11.4": "11.4.0.106", "rtx": None}
INTROSPECT = """
import importlib, json, sys
trt = importlib.import_module(sys.argv[1])
inner = lambda thing: {name: sorted(dir(getattr(thing, name, None))) for name in dir(thing)}
print(json.dumps({"version": trt.__version__, "names": {n: inner(getattr(trt, n)) for n in dir(trt) if n[0] != "_"}}))
"""


@pytest.fixture(scope="module")
def stubs(tmp_path_factory) -> Path:
    """Libraries that hold what the bindings link to, and do nothing."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc: make servers")
    folder = tmp_path_factory.mktemp("stubs")
    source = Path(__file__).parent / "stubs.c"
    for library in LIBRARIES:
        for major in (10, 11):
            name = f"{library}.so.{major}"
            subprocess.run(["gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", folder / name, source], check=True)
    return folder


@pytest.fixture(scope="module", params=VERSIONS)
def bindings(request, stubs) -> tuple[str, dict]:
    """A TensorRT's label, and its names with theirs."""
    version, module = VERSIONS[request.param], "tensorrt_bindings" if VERSIONS[request.param] else "tensorrt_rtx"
    environment = {**os.environ, "LD_LIBRARY_PATH": str(stubs)}
    if version:
        folder = ROOT / ".venv-bindings" / sys.implementation.cache_tag / version
        if not folder.is_dir():
            pytest.skip(f"no bindings of TensorRT {version} for this Python: tools/setup-bindings")
        environment["PYTHONPATH"] = str(folder)
    else:
        pytest.importorskip("tensorrt_rtx")
    done = subprocess.run([sys.executable, "-c", INTROSPECT, module], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert version is None or version.startswith(answer["version"].rpartition(".post")[0] or answer["version"])
    return request.param, answer["names"]


def exists(name: str, names: dict) -> bool:
    first, *rest = name.split(".")
    if first not in names:
        return first.startswith("__")
    if not rest:
        return True
    return rest[0] in names[first] and all(inner in names[first][rest[0]] for inner in rest[1:2])


def test_every_name_exists(bindings):
    label, names = bindings
    used = [
        (name, f"{file}:{line}")
        for file, variables in VARIABLES.items()
        for name, line in used_names(PACKAGE / file, variables, label)
    ]

    assert len({name for name, _ in used}) > 20
    assert not [f"{place}: {name}" for name, place in used if not exists(name, names)]


def test_names_that_a_version_lacks_are_found(bindings):
    label, names = bindings

    assert exists("Builder.create_network", names)
    assert exists("BuilderFlag.TF32.name", names)
    assert not exists("Builder.create_everything", names)
    assert exists("BuilderFlag.INT8", names) == (label in ("10.3", "10.16"))
    assert exists("ComputeCapability", names) == (label == "rtx")


def test_every_file_that_uses_tensorrt_is_read():
    assert files_that_use_tensorrt(PACKAGE) == set(VARIABLES)
