"""The slots of both libraries on a simulated GPU that is late or runs ahead; tests/gpu has the real one."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

from edge_app.core.errors import DataError, DeviceError, DeviceFaultError, DeviceMemoryError, EngineError
from edge_app.cuda import Gpu
from edge_app.engine.ort.cuda import KEPT
from edge_app.model import InputSpec
from tests.cuda.fixtures import HAS_GPU
from tests.cuda.pictures import random_picture
from tests.cuda.rigs import SimulatedRig
from tests.cuda.scenarios import EVERYWHERE, SIMULATED, SPEC, mixed
from tests.cuda.selections import SELECTIONS, SELECTIONS_SIMULATED
from tests.cuda.timeline import HazardError
from tests.onnx_models import bright_pixels, echo

KINDS = ["tensorrt", "onnxruntime"]
MODES = {"late": None, "ahead": 1, "further ahead": 2}


@pytest.fixture(params=KINDS)
def rig(request, kernel_library):
    """A simulated GPU that runs nothing before it must."""
    return SimulatedRig(kernel_library, request.param)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "scenario", EVERYWHERE + SELECTIONS + SELECTIONS_SIMULATED + SIMULATED, ids=lambda scenario: scenario.__name__
)
def test_on_the_simulated_gpu(rig, tmp_path, scenario, mode):
    rig.seed = MODES[mode]
    scenario(rig, tmp_path)


def test_submit_waits_for_nothing(rig, tmp_path):
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC) as engine:
        for slot in engine.slots:
            slot.submit(mixed(1, 2))
        queues = [queue.operations for queue in rig.gpu.timeline.queues if queue.operations]
        assert all(operations[-1].finished_at is None for operations in queues)


def test_after_warm_up_nothing_is_allocated_but_for_larger_pictures(rig, tmp_path):
    rng = np.random.default_rng(0)
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC) as engine:
        warm = rig.gpu.allocations
        for allocations, size in [(0, (32, 32)), (2, (640, 360)), (2, (640, 360)), (2, (320, 240)), (4, (1280, 720))]:
            for count in (4, 1):
                engine.slots[0].submit([random_picture(rng, size) for _ in range(count)])
                engine.slots[0].wait()
            assert rig.gpu.allocations - warm == allocations, size


def test_a_batch_is_one_launch_and_one_submission(rig, tmp_path):
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC, slots=1) as engine:
        before = labels(rig)
        engine.slots[0].submit(mixed(2, 4))
        after = labels(rig)
        engine.slots[0].wait()
        assert after.count("kernel") - before.count("kernel") == 1
        assert after.count("network") - before.count("network") == 1


def test_tensorrt_is_called_only_for_what_has_no_graph_yet(kernel_library, tmp_path):
    rig = SimulatedRig(kernel_library, "tensorrt")
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC, slots=1) as engine:
        warm = list(rig.computations()[0].enqueued)
        for count in (4, 2, 4):
            engine.slots[0].submit(mixed(3, count))
            engine.slots[0].wait()
        assert warm == [4, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1]  # run, run and recorded
        assert rig.computations()[0].enqueued == warm


def test_a_network_that_is_computed_on_the_cpu_in_part_is_never_recorded(kernel_library, tmp_path):
    """A graph would replay the CPU's results of the recording, from memory that is long gone."""
    rig = SimulatedRig(kernel_library, "onnxruntime", on_cpu=True)
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC, slots=1) as engine:
        assert rig.computations()[0].enqueued == [4, 4, 3, 3, 2, 2, 1, 1]
        engine.slots[0].submit(mixed(3, 2))
        engine.slots[0].wait()
        assert rig.computations()[0].enqueued[8:] == [2]


@pytest.mark.parametrize("on_cpu", [True, False])
def test_a_session_is_waited_for_in_every_hundredth_run_without_a_graph_and_before_it_is_destroyed(
    kernel_library, tmp_path, on_cpu
):
    rig, kept = SimulatedRig(kernel_library, "onnxruntime", on_cpu=on_cpu), []
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC, slots=1) as engine:
        (session,) = rig.take_sessions()
        for _ in range(2 * KEPT):
            engine.slots[0].submit(mixed(3, 1))
            engine.slots[0].wait()
            kept.append(session.kept)
    assert kept.count(0) == (2 if on_cpu else 0)
    assert max(kept) < KEPT
    assert session.kept == 0


def labels(rig) -> list[str]:
    return [operation.label for queue in rig.gpu.timeline.queues for operation in queue.operations]


def test_a_plans_profile_bounds_the_batch(kernel_library, tmp_path):
    rig = SimulatedRig(kernel_library, "tensorrt")
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC, max_batch=8) as engine:
        assert engine.max_batch == 4


def test_a_lost_context_ends_the_process_with_its_own_code(rig, tmp_path):
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC) as engine:
        engine.slots[0].submit(mixed(3, 1))
        rig.gpu.lost = True
        with pytest.raises(DeviceFaultError, match="illegal memory access") as failure:
            engine.slots[0].wait()
    assert failure.value.exit_code == 76


def test_too_little_memory_at_load_says_how_much(rig, tmp_path):
    with pytest.raises(DeviceMemoryError, match=r"\d+ bytes asked, \d+ free") as failure:
        rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC, total=100_000)
    assert failure.value.exit_code == 69


def test_a_plan_that_cannot_be_loaded_is_refused(kernel_library, tmp_path):
    path = tmp_path / "plan"
    path.write_bytes(b"not a plan")
    with pytest.raises(DataError, match="cannot load the engine"):
        SimulatedRig(kernel_library, "tensorrt").engine(path, SPEC)


def test_outputs_whose_sizes_hang_on_the_picture_are_refused(rig, tmp_path):
    with pytest.raises(DataError, match="output"):
        rig.engine(bright_pixels(tmp_path / "m.onnx"), SPEC)


def test_a_model_that_fails_at_once_is_refused_at_load(rig, tmp_path):
    rig.refused = {4}
    with pytest.raises(DataError, match="fails on a blank picture"):
        rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC)


def test_a_failure_that_is_kept_does_not_keep_the_session_that_failed(kernel_library, tmp_path):
    """Streams and context go with the engine: a session that is destroyed after them crashes the process."""
    rig = SimulatedRig(kernel_library, "onnxruntime", broken={"graph"})  # its largest batch runs plainly
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC) as engine:
        sessions = [weakref.ref(session) for session in rig.take_sessions()]
        rig.refuse(4)
        engine.slots[0].submit(mixed(1, 4))
        with pytest.raises(EngineError, match="refused") as failure:
            engine.slots[0].wait()
    assert failure.value is not None
    assert [session() for session in sessions] == [None, None]


def test_a_plan_goes_with_the_engine(kernel_library, tmp_path):
    rig = SimulatedRig(kernel_library, "tensorrt")
    engine = rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC)
    plan = weakref.ref(rig.take_plan())
    engine.__exit__(None, None, None)
    assert plan() is None


def test_a_model_that_fails_at_load_leaves_no_session_behind(kernel_library, tmp_path):
    rig = SimulatedRig(kernel_library, "onnxruntime", refused={4})
    with pytest.raises(DataError, match="fails on a blank picture") as failure:
        rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC)
    assert failure.value is not None
    sessions = [weakref.ref(session) for session in rig.take_sessions()]
    assert [session() for session in sessions] == [None, None]


def test_bytes_that_are_not_the_pictures_are_refused(rig, tmp_path):
    with pytest.raises(DataError, match="takes bytes"):
        rig.engine(echo(tmp_path / "m.onnx", "uint8", False), InputSpec(width=32, height=32, color="bgr", scale=0.5))


def test_a_thread_that_is_stuck_in_the_gpu_does_not_hold_the_end_up(rig, tmp_path, caplog):
    engine = rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC)
    with rig.gpu.current():
        engine.__exit__(None, None, None)
    assert "a thread is stuck in it" in caplog.text


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
def test_without_a_gpu_it_is_one_line_that_says_what_to_install():
    with pytest.raises(DeviceError, match=r"no CUDA: .*pip install") as failure:
        Gpu(0)
    assert failure.value.exit_code == 69


def test_what_is_left_on_the_gpu_is_told(simulated):
    with simulated.current():
        simulated.memory(10)
    with pytest.raises(HazardError, match="leaked: memory 0"):
        simulated.close()
