"""Leaving out any wait of our code, or confusing the slots, makes a scenario fail on the simulated GPU."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import edge_app.cuda
import edge_app.engine
import edge_app.preprocess
from edge_app.engine import double_buffer
from edge_app.engine.gpu import engine as gpu_engine
from edge_app.engine.gpu import executor as gpu_executor
from edge_app.engine.gpu import selector as gpu_selector
from edge_app.engine.gpu import slot as gpu_slot
from edge_app.engine.ort import cuda as ort_cuda
from edge_app.engine.trt import executor as trt_executor
from tests.cuda.mutants import Mutant, replaced, without_a_wait
from tests.cuda.rigs import SimulatedRig
from tests.cuda.scenarios import EVERYWHERE, SIMULATED
from tests.cuda.selections import SELECTIONS, SELECTIONS_SIMULATED

# PyCUDA's own names, which no simulated GPU reaches.
BEHIND_THE_PROTOCOL = {"edge_app.cuda.driver", "edge_app.cuda.resources", "edge_app.cuda.gpu", "edge_app.cuda.graph"}

MODULES = [
    importlib.import_module(found.name)
    for package in (edge_app.cuda, edge_app.preprocess, edge_app.engine)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if found.name not in BEHIND_THE_PROTOCOL
]

WAITS = [mutant for module in MODULES for mutant in without_a_wait(module)]

MADE = "GpuSlot(device, e, spec, constants, layout)"
SLOTS = [
    *replaced(double_buffer, "free.popleft()", "free[0]"),  # a slot that is in use
    *replaced(double_buffer, "running.popleft()", "running.pop()"),  # the newest batch first
    *replaced(gpu_engine, MADE, MADE.replace(" e,", " executors[0],")),
    *replaced(gpu_executor, "self.follow(batch)", "None"),  # nothing looks at the outputs
    *replaced(gpu_selector, "batch * LIST.itemsize", "0"),  # lists that are not cleared
    *replaced(gpu_selector, "wanted == self._uploaded", "self._uploaded is not None"),  # the first thresholds for ever
    *replaced(gpu_selector, "rows.take(order, 0)", "rows"),  # in whichever order threads have found them
    *replaced(gpu_selector, "self._limits.address + 4", "self._limits.address"),  # the score for the overlap
    *replaced(gpu_selector, "grid.address", "0"),  # offsets for places
    *replaced(gpu_slot, "self._executor.stream", "self._upload"),  # not the stream that the model computes on
    *replaced(ort_cuda, "streams", "streams[::-1]"),  # each session on the other's stream
    *replaced(trt_executor, "self.stream.handle", "0"),
]


@pytest.mark.parametrize("mutant", WAITS + SLOTS, ids=lambda mutant: mutant.name)
def test_every_mutant_fails(kernel_library, tmp_path, mutant: Mutant):
    with mutant.applied():
        assert failure(kernel_library, tmp_path), "every scenario passes"


def failure(kernel_library, tmp_path) -> str | None:
    """The first scenario that fails, and on what."""
    for kind in ("tensorrt", "onnxruntime"):
        for scenario in EVERYWHERE + SELECTIONS + SELECTIONS_SIMULATED + SIMULATED:
            for seed in (None, 1):
                try:
                    scenario(SimulatedRig(kernel_library, kind, seed), tmp_path)
                except (Exception, pytest.fail.Exception) as error:
                    return f"{scenario.__name__}, {kind}, {seed}: {error}"
    return None


def test_waits_were_found():
    assert len(WAITS) >= 12
