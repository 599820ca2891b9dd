"""What an engine on a GPU must do, whichever GPU and library it is: each function is one run of one engine.

They are tests in test_slots.py, on a real GPU too; and what test_mutants.py expects to fail when a wait is left out.
"""

from __future__ import annotations

import gc
import itertools
import threading
import weakref

import numpy as np
import pytest

from edge_app.core.errors import DataError, DeviceMemoryError, EngineError
from edge_app.core.frames import Frame, Picture
from edge_app.cuda import DeviceBusyError
from edge_app.engine import infer
from edge_app.engine.ort.cpu import OnnxRuntimeEngine
from edge_app.model import InputSpec, find
from edge_app.model.config import ModelConfig
from tests.cuda.pictures import Surfaces, random_picture
from tests.frames import frame
from tests.onnx_models import SIDE, channel_means, echo, over_all_pictures

SPEC = InputSpec(width=SIDE, height=SIDE, color="rgb", scale=1 / 255, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))
BYTES = InputSpec(width=SIDE, height=SIDE, color="rgb")
SIZES = [(32, 32), (48, 36), (37, 101), (64, 24), (9, 7)]


def mixed(seed: int, count: int) -> list[Picture]:
    """Pictures of all formats and sizes."""
    rng = np.random.default_rng(seed)
    return [
        random_picture(rng, SIZES[rng.integers(len(SIZES))], ["bgr", "nv12", "i420"][rng.integers(3)], padding=3)
        for _ in range(count)
    ]


def frames(pictures: list[Picture]) -> list[Frame]:
    return [frame(picture, index=i) for i, picture in enumerate(pictures)]


class Batches(list):
    """Batches that are all there."""

    @property
    def waiting(self):
        return bool(self)

    def __iter__(self):
        while self:
            yield self.pop(0)


def inferred(batches: Batches, engine):
    """What `infer` yields; no frame may be dropped."""
    dropped = lambda frame, error: pytest.fail(f"{frame.index}: {error}")  # noqa: E731, a line is enough
    return infer(batches, engine.slots, dropped, concurrent=engine.concurrent_slots)


def same(rig, found: np.ndarray, expected: np.ndarray) -> None:
    if rig.exact:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def cpu(path, spec, pictures, constants=None) -> tuple[np.ndarray, ...]:
    """What ONNX Runtime makes of the pictures on the CPU."""
    with OnnxRuntimeEngine(
        path, spec, batch=None, max_batch=len(pictures), slots=1, threads=1, constants=constants or {}
    ) as engine:
        engine.slots[0].submit(pictures)
        return tuple(array.copy() for array in engine.slots[0].wait().arrays)


def batches_in_both_slots_have_the_cpus_outputs(rig, tmp_path, dtype="float32", channels_last=False, slots=2):
    path, spec = echo(tmp_path / "m.onnx", dtype, channels_last), BYTES if dtype == "uint8" else SPEC
    batches = [mixed(seed, count) for seed, count in enumerate([4, 1, 3, 3, 2, 4, 4, 1])]
    expected = [cpu(path, spec, pictures)[0] for pictures in batches]
    with rig.engine(path, spec, slots=slots) as engine:
        found = inferred(Batches(map(frames, batches)), engine)
        for (shown, outputs), wanted in zip(found, expected, strict=True):
            assert len(shown) == len(outputs.letterboxes) == len(wanted)
            same(rig, outputs.arrays[0], wanted)
            assert outputs.arrays[0].dtype == dtype
            assert outputs.preprocess_s > 0
            assert outputs.infer_s > 0


def half_floats_channels_last_have_the_cpus_outputs(rig, tmp_path):
    batches_in_both_slots_have_the_cpus_outputs(rig, tmp_path, "float16", channels_last=True)


def batches_in_three_slots_have_the_cpus_outputs(rig, tmp_path):
    batches_in_both_slots_have_the_cpus_outputs(rig, tmp_path, slots=3)


def bytes_have_the_cpus_outputs_in_one_slot(rig, tmp_path):
    batches_in_both_slots_have_the_cpus_outputs(rig, tmp_path, "uint8", slots=1)


def constants_are_fed_once_a_picture(rig, tmp_path):
    path, constants = echo(tmp_path / "m.onnx", "float32", False, "sizes"), {"sizes": np.array([[32, 31]])}
    with rig.engine(path, SPEC, constants=constants) as engine:
        for slot in engine.slots:
            slot.submit(mixed(1, 3))
            assert slot.wait().arrays[1].tolist() == [[32, 31]] * 3


def a_fixed_batch_is_padded(rig, tmp_path):
    path, pictures = channel_means(tmp_path / "m.onnx", 4), mixed(2, 3)
    expected = cpu(channel_means(tmp_path / "any.onnx", "batch"), SPEC, pictures)[0]
    with rig.engine(path, SPEC, max_batch=8) as engine:
        assert engine.max_batch == 4
        for count in (3, 1):
            engine.slots[0].submit(pictures[:count])
            found = engine.slots[0].wait().arrays[0]
            assert len(found) == 4
            np.testing.assert_allclose(found[:count], expected[:count], rtol=1e-5)


def pictures_that_a_decoder_is_still_writing_are_read_when_it_is_done(rig, tmp_path):
    path = echo(tmp_path / "m.onnx", "float32", False)
    batches = [mixed(seed, 3) for seed in range(4)]
    expected = [cpu(path, SPEC, pictures)[0] for pictures in batches]
    with rig.engine(path, SPEC) as engine, OutputDecoder(rig.gpu) as decoder:
        on_the_gpu = [[decoder.put(pictures[0]), pictures[1], decoder.put(pictures[2])] for pictures in batches]
        found = inferred(Batches(map(frames, on_the_gpu)), engine)
        for (_, outputs), wanted in zip(found, expected, strict=True):
            same(rig, outputs.arrays[0], wanted)


def the_bundled_model_has_the_cpus_outputs(rig, tmp_path):
    found = find(ModelConfig(name="traffic"), tmp_path, tmp_path)
    path, spec, pictures = found.file("fp32"), found.card.input, mixed(14, 3)
    expected = cpu(path, spec, pictures)
    with rig.engine(path, spec) as engine:
        engine.slots[1].submit(pictures)
        for array, wanted in zip(engine.slots[1].wait().arrays, expected, strict=True):
            np.testing.assert_allclose(array, wanted, rtol=2e-4, atol=2e-4)


class OutputDecoder:
    """Puts pictures on the GPU, and frees them at the end."""

    def __init__(self, gpu) -> None:
        self._gpu = gpu
        self._surfaces = Surfaces(gpu)

    def put(self, picture: Picture, owner: object = None) -> Picture:
        with self._gpu.current():
            return self._surfaces.put(picture, owner)

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        with self._gpu.current():
            self._surfaces.free()


class Surface:
    """What a decoder takes back as soon as nothing refers to it."""


def a_pictures_owner_lives_until_its_batch_is_done(rig, tmp_path):
    path = echo(tmp_path / "m.onnx", "float32", False)
    with rig.engine(path, SPEC) as engine, OutputDecoder(rig.gpu) as decoder:
        surface = Surface()
        alive = weakref.ref(surface)
        shown = decoder.put(mixed(3, 1)[0], surface)
        engine.slots[0].submit([shown])
        del surface, shown
        gc.collect()
        assert alive() is not None
        engine.slots[0].wait()
        gc.collect()
        assert alive() is None


def an_engine_that_is_left_in_the_middle_of_a_batch_is_freed_after_it(rig, tmp_path):
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC) as engine:
        for slot in engine.slots:
            slot.submit(mixed(4, 2))


def outputs_stay_while_the_slot_computes_its_next_batch(rig, tmp_path):
    path, (one, other) = echo(tmp_path / "m.onnx", "float32", False), mixed(5, 2)
    with rig.engine(path, SPEC) as engine:
        first, second = engine.slots
        first.submit([one])
        second.submit([other])
        kept = first.wait().arrays[0]
        first.submit([other, one])
        second.wait()
        second.submit([one, other])
        for slot in (first, second):
            slot.wait()
        same(rig, kept, cpu(path, SPEC, [one])[0])


def a_batch_passes_its_events_in_order(rig, tmp_path):
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC) as engine:
        with rig.gpu.current():
            origin, stream = rig.gpu.event(), rig.gpu.stream()
            origin.record(stream)
            origin.synchronize()
        engine.slots[0].submit(mixed(8, 3))
        engine.slots[0].wait()
        times = engine.slots[0].passed(origin)
        with rig.gpu.current():
            for part in (origin, stream):
                part.free()
    assert list(times) == ["began", "uploaded", "filled", "started", "computed", "done"]
    assert list(times.values()) == sorted(times.values())


def one_thread_after_another_may_use_the_engine(rig, tmp_path):
    path, pictures = echo(tmp_path / "m.onnx", "float32", False), mixed(6, 2)
    found: list[np.ndarray] = []
    with rig.engine(path, SPEC) as engine:

        def analyse() -> None:
            engine.slots[0].submit(pictures)
            found.append(engine.slots[0].wait().arrays[0].copy())

        thread = threading.Thread(target=analyse)
        thread.start()
        thread.join()
    same(rig, found[0], cpu(path, SPEC, pictures)[0])


def nothing_is_called_outside_the_device_or_from_two_threads(rig, tmp_path):
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC) as engine:
        with pytest.raises(RuntimeError, match="does not have the GPU"):
            rig.gpu.stream()
        with rig.gpu.current(), pytest.raises(DeviceBusyError):
            engine.slots[0].submit(mixed(7, 1))
        errors: list[RuntimeError] = []

        def intrude() -> None:
            try:
                rig.gpu.stream()
            except RuntimeError as error:
                errors.append(error)

        with rig.gpu.current():
            thread = threading.Thread(target=intrude)
            thread.start()
            thread.join()
        assert len(errors) == 1


def nothing_is_uploaded_while_the_host_is_still_waited_for(rig, tmp_path):
    """A picture's bytes may change as soon as `submit` has returned."""
    path, (picture,) = echo(tmp_path / "m.onnx", "float32", False), mixed(8, 1)
    expected = cpu(path, SPEC, [picture])[0]
    with rig.engine(path, SPEC) as engine:
        engine.slots[0].submit([picture])
        for plane in picture.planes:
            plane.data[:] = 0
        same(rig, engine.slots[0].wait().arrays[0], expected)


def slots_are_used_in_order(rig, tmp_path):
    with rig.engine(echo(tmp_path / "m.onnx", "float32", False), SPEC, max_batch=2) as engine:
        slot = engine.slots[0]
        with pytest.raises(RuntimeError, match="waited without"):
            slot.wait()
        with pytest.raises(ValueError, match="want 1 to 2 pictures, got 3"):
            slot.submit(mixed(9, 3))
        slot.submit(mixed(9, 1))
        with pytest.raises(RuntimeError, match="submitted twice"):
            slot.submit(mixed(9, 1))


def a_model_whose_outputs_are_no_rows_is_refused_and_leaves_nothing_in_flight(rig, tmp_path):
    """Also not what ONNX Runtime releases behind a run that waits: a real session that ends before that aborts."""
    if rig.kind == "onnxruntime":
        with pytest.raises(DataError, match="not one row per picture"):
            rig.engine(over_all_pictures(tmp_path / "m.onnx", 40), SPEC)


EVERYWHERE = [
    batches_in_both_slots_have_the_cpus_outputs,
    half_floats_channels_last_have_the_cpus_outputs,
    batches_in_three_slots_have_the_cpus_outputs,
    bytes_have_the_cpus_outputs_in_one_slot,
    constants_are_fed_once_a_picture,
    the_bundled_model_has_the_cpus_outputs,
    a_fixed_batch_is_padded,
    pictures_that_a_decoder_is_still_writing_are_read_when_it_is_done,
    a_pictures_owner_lives_until_its_batch_is_done,
    an_engine_that_is_left_in_the_middle_of_a_batch_is_freed_after_it,
    outputs_stay_while_the_slot_computes_its_next_batch,
    a_batch_passes_its_events_in_order,
    one_thread_after_another_may_use_the_engine,
    nothing_is_called_outside_the_device_or_from_two_threads,
    nothing_is_uploaded_while_the_host_is_still_waited_for,
    slots_are_used_in_order,
    a_model_whose_outputs_are_no_rows_is_refused_and_leaves_nothing_in_flight,
]


def a_batch_that_the_library_refuses_is_tried_frame_by_frame(rig, tmp_path):
    path, pictures = echo(tmp_path / "m.onnx", "float32", False), mixed(10, 12)
    expected = cpu(path, SPEC, pictures)[0]
    with rig.engine(path, SPEC) as engine:
        rig.refuse(3)
        batches = Batches(frames(pictures[a:b]) for a, b in itertools.pairwise([0, 2, 3, 6, 8, 11, 12]))
        found = [outputs.arrays[0].copy() for _, outputs in inferred(batches, engine)]
    np.testing.assert_array_equal(np.concatenate(found), expected)


def a_slot_that_failed_is_drained_before_it_is_used_again(rig, tmp_path):
    path, pictures = echo(tmp_path / "m.onnx", "float32", False), mixed(11, 4)
    with rig.engine(path, SPEC) as engine:
        rig.refuse(4)
        slot = engine.slots[0]
        slot.submit(pictures)
        with pytest.raises(EngineError, match="refuse"):
            slot.wait()
        slot.submit(pictures[::-1][:3])
        np.testing.assert_array_equal(slot.wait().arrays[0], cpu(path, SPEC, pictures[::-1][:3])[0])


def a_picture_too_large_for_the_gpu_costs_its_batch_and_no_more(rig, tmp_path):
    path, (picture,) = echo(tmp_path / "m.onnx", "float32", False), mixed(12, 1)
    huge = random_picture(np.random.default_rng(0), (1200, 1000))
    with rig.engine(path, SPEC, total=2_000_000) as engine:
        slot = engine.slots[0]
        slot.submit([huge])
        with pytest.raises(EngineError, match=r"3600000 bytes asked, .* free"):
            slot.wait()
        slot.submit([picture])
        np.testing.assert_array_equal(slot.wait().arrays[0], cpu(path, SPEC, [picture])[0])


def a_batch_that_breaks_behind_the_network_is_waited_for(rig, tmp_path):
    path, pictures = echo(tmp_path / "m.onnx", "float32", False), mixed(13, 3)
    with rig.engine(path, SPEC) as engine:
        slot = engine.slots[0]
        slot.submit(pictures)
        assert slot.wait().arrays
        rig.gpu.broken = {"download"}
        slot.submit(pictures)
        with pytest.raises(EngineError, match="download"):
            slot.wait()
        slot.submit(pictures[::-1])
        np.testing.assert_array_equal(slot.wait().arrays[0], cpu(path, SPEC, pictures[::-1])[0])


def pictures_whose_upload_or_launch_was_refused_are_drawn_as_any(rig, tmp_path):
    rng, path = np.random.default_rng(20), echo(tmp_path / "m.onnx", "float32", False)
    for refused in ("upload", "kernel"):
        small, wide, tall = (random_picture(rng, size) for size in ((32, 32), (80, 20), (20, 80)))
        for batch in ([wide], [small, tall], [wide, small]):  # sizes of its own, of its neighbour, anew
            with rig.engine(path, SPEC, slots=1) as engine:
                slot = engine.slots[0]
                slot.submit([small])
                slot.wait()
                rig.gpu.broken = {refused}
                slot.submit([wide])
                with pytest.raises(EngineError, match=refused):
                    slot.wait()
                slot.submit(batch)
                np.testing.assert_array_equal(slot.wait().arrays[0], cpu(path, SPEC, batch)[0])


def an_engine_that_finds_no_memory_half_way_leaves_nothing_behind(rig, tmp_path):
    """Each allocation in turn is the one that fails."""
    path, constants = echo(tmp_path / "m.onnx", "float32", False, "sizes"), {"sizes": np.array([[32, 31]])}
    for rig.refused_allocation in itertools.count(1):
        try:
            rig.engine(path, SPEC, constants=constants).__exit__(None, None, None)
        except DeviceMemoryError:
            continue
        break
    assert rig.refused_allocation > 20


def a_network_that_cannot_be_recorded_runs_plainly(rig, tmp_path):
    rig.broken = {"graph"}
    path, pictures = echo(tmp_path / "m.onnx", "float32", False), mixed(15, 4)
    with rig.engine(path, SPEC) as engine:  # its largest batch is the first
        engine.slots[0].submit(pictures)
        np.testing.assert_array_equal(engine.slots[0].wait().arrays[0], cpu(path, SPEC, pictures)[0])


SIMULATED = [
    a_network_that_cannot_be_recorded_runs_plainly,
    a_batch_that_breaks_behind_the_network_is_waited_for,
    pictures_whose_upload_or_launch_was_refused_are_drawn_as_any,
    an_engine_that_finds_no_memory_half_way_leaves_nothing_behind,
    a_batch_that_the_library_refuses_is_tried_frame_by_frame,
    a_slot_that_failed_is_drained_before_it_is_used_again,
    a_picture_too_large_for_the_gpu_costs_its_batch_and_no_more,
]
