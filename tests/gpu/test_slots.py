"""The engine on a real GPU: every scenario of the simulated one, and what only a real one can show."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from edge_app.cuda import Gpu
from edge_app.engine.ort.cuda import KEPT
from edge_app.model import find
from edge_app.model.config import ModelConfig
from tests.cuda.rigs import RealRig
from tests.cuda.scenarios import EVERYWHERE, SPEC, Batches, OutputDecoder, cpu, frames, inferred, mixed
from tests.cuda.selections import SELECTIONS
from tests.gpu.metered import Metered
from tests.onnx_models import SIDE, echo, stacked

FRAMES = 1000


@pytest.fixture
def rig() -> RealRig:
    return RealRig()


@pytest.fixture
def traffic(tmp_path):
    """The bundled model."""
    return find(ModelConfig(name="traffic"), tmp_path, tmp_path)


@pytest.mark.parametrize("scenario", EVERYWHERE + SELECTIONS, ids=lambda scenario: scenario.__name__)
def test_scenario(rig, tmp_path, scenario):
    scenario(rig, tmp_path)


def batches(count: int, largest: int):
    """Batches of 1 to `largest` pictures of all sizes and formats, so many pictures in all."""
    sizes = itertools.cycle([largest, 1, 3, largest, 2])
    while count > 0:
        size = min(next(sizes), count)
        yield mixed(count, size)
        count -= size


def compared(engine, path, spec, close) -> int:
    """How many frames of the double buffer were compared with the CPU's."""
    shown = list(batches(FRAMES, engine.max_batch))
    found = inferred(Batches(map(frames, shown)), engine)
    total = 0
    for (_, outputs), pictures in zip(found, shown, strict=True):
        for array, wanted in zip(outputs.arrays, cpu(path, spec, pictures), strict=True):
            close(array, wanted)
        total += len(pictures)
    return total


def test_a_thousand_frames_reach_the_network_with_the_cpus_bits(rig, tmp_path):
    path = echo(tmp_path / "m.onnx", "float32", False)
    with rig.engine(path, SPEC) as engine:
        assert compared(engine, path, SPEC, np.testing.assert_array_equal) == FRAMES


def test_a_thousand_frames_of_the_bundled_model_are_the_cpus_within_rounding(rig, traffic):
    def close(found, wanted):
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-3)

    with rig.engine(traffic.file("fp32"), traffic.card.input, max_batch=8) as engine:
        assert compared(engine, traffic.file("fp32"), traffic.card.input, close) == FRAMES


def test_half_floats_find_what_floats_find(traffic):
    """Scores of FP16 differ by no more than its steps allow after twenty layers."""
    path, spec, pictures = traffic.file("fp32"), traffic.card.input, mixed(3, 4)
    (wanted,) = cpu(path, spec, pictures)
    with RealRig(half=True).engine(path, spec) as engine:
        engine.slots[0].submit(pictures)
        (found,) = engine.slots[0].wait().arrays
        assert found.dtype == np.float32
        assert not np.array_equal(found, wanted)
        np.testing.assert_allclose(found[..., 4:], wanted[..., 4:], atol=0.02)


def test_a_network_that_cannot_be_recorded_is_right_however_long_it_runs_and_ends_well(rig, tmp_path, caplog):
    """ONNX Runtime copies the list of so many inputs from the host, and keeps the copy until a run waits."""
    caplog.set_level("INFO")
    path, pictures = stacked(tmp_path / "m.onnx", 40), mixed(1, 3)
    expected = cpu(path, SPEC, pictures)[0]
    with rig.engine(path, SPEC) as engine:
        for slot in engine.slots * (KEPT + 10):
            slot.submit(pictures)
            np.testing.assert_array_equal(slot.wait().arrays[0], expected)
    assert "without a CUDA graph" in caplog.text


def test_a_batch_is_one_launch_and_nothing_is_allocated_after_warm_up(tmp_path):
    rig = RealRig(wrap=Metered)
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC) as engine, OutputDecoder(rig.gpu) as decoder:
        shown = [[decoder.put(picture) for picture in mixed(seed, 4)] for seed in range(3)]
        with rig.gpu.current():
            free = rig.gpu.free_bytes()
        rig.gpu.counts.clear()
        for pictures, slot in itertools.product(shown, engine.slots):
            slot.submit(pictures)
            slot.wait()
        with rig.gpu.current():
            assert rig.gpu.free_bytes() == free
        assert rig.gpu.counts["allocations"] == 0
        assert rig.gpu.counts["launches"] == len(shown) * len(engine.slots)
        assert rig.gpu.counts["downloaded"] == 4 * 3 * SIDE * SIDE * 4 * rig.gpu.counts["launches"]


@pytest.mark.skipif((os.cpu_count() or 1) < 8, reason="so few threads would not be told from the driver's")
def test_an_engine_that_computes_on_the_gpu_has_no_threads_for_the_cpu(rig, traffic):
    def threads() -> int:
        return sum(1 for _ in Path("/proc/self/task").iterdir())

    counts = []
    for _ in range(2):  # libraries start theirs once
        counts.append(threads())
        with rig.engine(traffic.file("fp32"), traffic.card.input, max_batch=8):
            counts.append(threads())
    assert counts[3] - counts[2] < os.cpu_count() - 1, counts


def test_an_engine_gives_the_gpus_memory_back(rig, traffic):
    """From the second time on: libraries keep what they load, once."""
    free = []
    for _ in range(5):
        with rig.engine(traffic.file("fp32"), traffic.card.input, max_batch=8) as engine:
            engine.slots[0].submit(mixed(1, 8))
            engine.slots[0].wait()
        gpu = Gpu(0)
        with gpu.current():
            free.append(gpu.free_bytes())
        gpu.close()
    assert len(set(free[1:])) == 1, free
