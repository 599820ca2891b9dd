"""PyCUDA behind the protocol, on a driver in software: that we call it as it wants, and leave nothing behind."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cuda.fixtures import HAS_GPU

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pycuda") is None, reason="no PyCUDA: it is built on the machine"),
    pytest.mark.skipif(HAS_GPU, reason="there is a GPU: test_letterbox.py and test_slots.py have run on it"),
]

SOURCE = Path(__file__).with_name("driver.c")
PREPARE = """
import ctypes, os, sys, threading
import numpy as np
sys.setdlopenflags(os.RTLD_LAZY)  # PyCUDA names more functions than the driver has
import tests.cuda.test_letterbox as letterbox
from edge_app.cuda import DeviceBusyError, Gpu
from edge_app.core.errors import DeviceError, DeviceFaultError, DeviceMemoryError, EngineError
from tests.cuda.pictures import random_picture
driver = ctypes.CDLL("libcuda.so.1")
gpu = Gpu(0)
"""
FINISH = """
gpu.close()
print(driver.driver_live(), driver.driver_retained())
"""


@pytest.fixture(scope="module")
def environment(kernel_library, tmp_path_factory) -> dict[str, str]:
    """What makes a process find the driver."""
    compiler = shutil.which("cc")
    folder = tmp_path_factory.mktemp("driver")
    library = folder / "libcuda.so.1"
    flags = ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wl,-soname,libcuda.so.1"]
    subprocess.run([compiler, *flags, "-o", library, SOURCE, "-ldl"], check=True)
    found = {"LD_PRELOAD": str(library), "LD_LIBRARY_PATH": str(folder), "KERNELS": str(kernel_library)}
    return {**os.environ, **found, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def run(environment):
    """Runs a script on an open `gpu`, which it closes; returns what it printed, without the last line."""

    def play(script: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", PREPARE + script + FINISH], env=environment, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        printed, left = done.stdout.rstrip().rsplit("\n", 1) if "\n" in done.stdout.rstrip() else ("", done.stdout)
        assert left.split() == ["0", "0"], "something was not freed"
        return printed

    return play


def test_the_letterbox_is_drawn(run):
    run("""
spec, rng = letterbox.specification(**letterbox.IMAGENET), np.random.default_rng(1)
batch = [random_picture(rng, (48 + i, 36), form) for i, form in enumerate(letterbox.FORMATS)]
for dtype in (np.float32, np.float16):
    for surfaces in (False, True):
        (found,) = letterbox.drawn_by_gpu(gpu, spec, [batch], dtype, False, surfaces=surfaces)
        np.testing.assert_array_equal(found, letterbox.drawn_by_cpu(spec, batch, dtype, False))
""")


def test_cells_are_selected(run):
    run("""
from edge_app.cuda import Staging
from edge_app.engine.gpu.selector import CellSelector
from edge_app.model import TensorSpec, Thresholds
from tests.cuda.selections import COLUMNS, assert_same_cells, numpys
numbers = np.random.default_rng(1).random((3, 12, 500), np.float32)
with gpu.current():
    stream, answer = gpu.stream(), Staging(gpu, numbers.nbytes)
    selector = CellSelector(gpu, COLUMNS, TensorSpec("output", (3, 12, 500), "float32"), answer.address, 3)
    answer.host[:] = numbers.reshape(-1).view(np.uint8)
    selector.thresholds = Thresholds(confidence=0.9, nms_iou=1)
    for _ in range(2):  # the lists of the first time are cleared
        answer.upload(0, answer.nbytes, stream)
        selector.upload(stream)
        selector.enqueue(3, stream)
        selector.download(3, stream)
        stream.synchronize()
        assert_same_cells(selector.found(3), numpys(COLUMNS, (numbers,), 3, 0.9))
    for part in (selector, answer, stream):
        part.free()
""")


def test_events_streams_and_graphs_are_used_as_the_driver_wants(run):
    printed = run("""
with gpu.current():
    stream, began, done = gpu.stream(), gpu.event(), gpu.event()
    began.record(gpu.default_stream)
    stream.wait_event(began)
    graph = gpu.graph(stream, lambda: None)
    graph.launch(stream)
    done.record(stream)
    done.synchronize()
    stream.synchronize()
    print(gpu.name, gpu.compute_capability, done.seconds_since(began), gpu.free_bytes(), stream.handle > 2**32)
    for part in (graph, stream, began, done):
        part.free()
""")
    assert printed == "software 0 (8, 6) 0.0015 3145728 True"


def test_what_the_driver_refuses_is_told(run):
    printed = run("""
with gpu.current():
    for call in (lambda: gpu.memory(1 << 40), lambda: gpu.kernel(b".version 6.5", "nothing")):
        try:
            call()
        except (DeviceMemoryError, EngineError) as error:
            print(type(error).__name__, error)
try:
    Gpu(1)
except DeviceError as error:
    print(error)
""")
    assert printed.splitlines() == [
        "DeviceMemoryError software 0: 1048576.0 MB asked, 3.0 MB free",
        "EngineError software 0: cuModuleGetFunction failed: refused",
        "GPU 1: cuDeviceGet failed: refused",
    ]


def test_one_thread_at_a_time_has_the_gpu(run):
    printed = run("""
def intrude():
    for call in (gpu.stream, lambda: gpu.current().__enter__()):
        try:
            call()
        except RuntimeError as error:
            print(type(error).__name__)

def use():
    with gpu.current():
        stream = gpu.stream()
        stream.synchronize()
        stream.free()

for target in (intrude, use):
    thread = threading.Thread(target=target)
    with gpu.current():
        if target is intrude:
            thread.start()
            thread.join()
    if target is use:
        thread.start()
        thread.join()
""")
    assert printed.splitlines() == ["RuntimeError", "DeviceBusyError"]


def test_a_lost_context_is_told_from_a_refusal(run):
    printed = run("""
driver.driver_break()
with gpu.current():
    try:
        gpu.stream()
    except DeviceFaultError as error:
        print(error.exit_code, error)
""")
    assert printed.startswith(
        "76 software 0: the CUDA context is lost: cuCtxSynchronize failed: an illegal memory access"
    )
