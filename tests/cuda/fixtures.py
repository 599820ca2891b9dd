"""Fixtures: a simulated GPU that is late, one that runs ahead, and the real one if there is one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_app.cuda import Device, Gpu
from tests.cuda.kernel import compile_kernel
from tests.cuda.simulated import SimulatedGpu

HAS_GPU = Path("/dev/nvidiactl").exists() or Path("/dev/nvhost-gpu").exists()
DEVICES = ["late", "ahead", *([pytest.param("real", marks=pytest.mark.gpu)] if HAS_GPU else [])]


@pytest.fixture(autouse=True)
def _one_test_at_a_time_on_the_gpu(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Tests count what is free on the real GPU: those of pytest-xdist's other workers wait meanwhile."""
    if request.node.get_closest_marker("gpu") is None or "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    with (tmp_path_factory.getbasetemp().parent / "gpu.lock").open("w") as lock:  # the folder of all workers
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def kernel_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The letterbox kernel compiled as C++; skips without a compiler."""
    library = compile_kernel(tmp_path_factory.mktemp("kernel"))
    if library is None:
        pytest.skip("no C++ compiler: apt-get install g++")
    return library


@pytest.fixture
def simulated(kernel_library: Path) -> Iterator[SimulatedGpu]:
    """A simulated GPU that runs nothing before it must."""
    gpu = SimulatedGpu(kernel_library)
    yield gpu
    gpu.forget()


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest, kernel_library: Path) -> Iterator[Device]:
    """Each GPU in turn; at the end nothing may be left on it."""
    kind = request.param
    gpu: Device = Gpu(0) if kind == "real" else SimulatedGpu(kernel_library, seed=7 if kind == "ahead" else None)
    yield gpu
    gpu.close()
