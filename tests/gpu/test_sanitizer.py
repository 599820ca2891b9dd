"""NVIDIA's compute-sanitizer on the kernel and the slots: no stray access, no race, and it would tell of one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(shutil.which("compute-sanitizer") is None, reason="no compute-sanitizer")

KERNEL = """
import numpy as np
import tests.cuda.test_letterbox as letterbox
from edge_app.cuda import Gpu
from tests.cuda.pictures import random_picture
gpu, dice, spec = Gpu(0), np.random.default_rng(1), letterbox.specification(**letterbox.IMAGENET)
batch = [random_picture(dice, (97 + 31 * i, 61 + i), form) for i, form in enumerate(letterbox.FORMATS)]
for dtype, last in ((np.float32, False), (np.float16, True)):
    (found,) = letterbox.drawn_by_gpu(gpu, spec, [batch], dtype, last, surfaces=True)
    np.testing.assert_array_equal(found, letterbox.drawn_by_cpu(spec, batch, dtype, last))
gpu.close()
"""
SLOTS = """
import pathlib, sys
from tests.cuda.rigs import RealRig
from tests.cuda.scenarios import batches_in_both_slots_have_the_cpus_outputs
batches_in_both_slots_have_the_cpus_outputs(RealRig(), pathlib.Path(sys.argv[1]))
"""
SELECTION = """
import pathlib, sys
from tests.cuda.rigs import RealRig
from tests.cuda import selections
selections.selected_cells_are_those_that_numpy_selects(RealRig(), pathlib.Path(sys.argv[1]))
selections.cells_that_suppression_drops_for_sure_may_be_missing_and_nothing_else(RealRig(), pathlib.Path(sys.argv[1]))
"""
STRAY = """
import numpy as np
import tests.cuda.test_letterbox as letterbox
from edge_app.cuda import Gpu
from edge_app.preprocess import gpu_letterboxer
from tests.cuda.pictures import random_picture
grid = gpu_letterboxer.grid
gpu_letterboxer.grid = lambda spec, pictures: grid(spec, 1 << 12)  # more rows than there are
picture = random_picture(np.random.default_rng(1), (64, 48))
letterbox.drawn_by_gpu(Gpu(0), letterbox.specification(), [[picture]], np.float32, False)
"""
FOUND = 9


def checked(tool: str, script: str, tmp_path) -> subprocess.CompletedProcess[str]:
    command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", str(FOUND), sys.executable, "-c", script]
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([*command, str(tmp_path)], env=path, capture_output=True, text=True)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("script", [KERNEL, SLOTS, SELECTION], ids=["kernel", "slots", "selection"])
@pytest.mark.parametrize("tool", ["memcheck", "racecheck"])
def test_it_finds_nothing(tool, script, tmp_path):
    done = checked(tool, script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_would_find_a_stray_access(tmp_path):
    done = checked("memcheck", STRAY, tmp_path)
    assert done.returncode != 0
    assert "Invalid __global__" in done.stdout
