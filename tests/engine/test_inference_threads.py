"""Who computes a batch on the CPU: all threads together, or each a picture of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edge_app.core.errors import EngineError
from edge_app.engine.inputs import Inputs
from edge_app.engine.ort.cpu import OnnxRuntimeEngine
from edge_app.engine.ort.inference_threads import InferenceThreads
from edge_app.engine.ort.session import open_session, picture_input
from edge_app.engine.ort.slot import OnnxRuntimeSlot
from tests.engine.test_slots import SPEC, grey
from tests.onnx_models import SIDE, channel_means, images, refuses_bright, write


class Watched:
    """A session whose runs are counted, and wait at a gate.

    Attributes:
        rows: Of each run, how many pictures it had.
        gate: Opened, unless a test closes it.
    """

    def __init__(self, path):
        self._session = open_session(path, 1)
        self.rows, self.gate = [], threading.Event()
        self.gate.set()

    def __getattr__(self, name):
        return getattr(self._session, name)

    def run(self, names, feed):
        self.gate.wait()
        self.rows.append(len(feed["images"]))
        return self._session.run(names, feed)

    def run_with_iobinding(self, binding):
        self.gate.wait()
        self.rows.append(len(binding.get_outputs()[0].numpy()))
        self._session.run_with_iobinding(binding)


class Rig:
    """Two slots of an engine whose sessions are watched."""

    def __init__(self, path, threads, batch=None, fixed_outputs=True):
        self.together, self.alone = Watched(path), Watched(path)
        inference = InferenceThreads(self.together, self.alone, threads)
        inputs = [Inputs(picture_input(self.together, {}), SPEC, batch or 6, {}) for _ in range(2)]
        self.slots = [OnnxRuntimeSlot(inference, each, batch, fixed_outputs) for each in inputs]
        for slot in self.slots:
            slot.submit([grey(0)])
            slot.wait()
        self.forget()

    def forget(self):
        self.together.rows.clear()
        self.alone.rows.clear()


def answered(slot, count):
    return slot.wait().arrays[0][:count, 0].tolist()


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(
    ("threads", "pictures", "together", "alone"),
    [
        pytest.param(2, 1, [1], [], id="a lone picture gets both threads"),
        pytest.param(2, 2, [], [1, 1], id="two get one each"),
        pytest.param(2, 5, [], [1] * 5, id="five are taken one after another"),
        pytest.param(4, 3, [3], [], id="three share four threads"),
        pytest.param(4, 4, [], [1] * 4, id="four get one each"),
        pytest.param(1, 5, [], [1] * 5, id="one thread takes them one after another"),
    ],
)
def test_as_many_pictures_as_threads_are_computed_one_by_one(tmp_path, threads, pictures, together, alone, again):
    rig = Rig(channel_means(tmp_path / "m.onnx", "batch"), threads)
    values = [10.0 * i for i in range(pictures)]
    for _ in range(1 + again):  # the first time rows are bound, then they are bound
        rig.forget()
        rig.slots[0].submit([grey(int(value)) for value in values])
        assert answered(rig.slots[0], pictures) == values
    assert (rig.together.rows, rig.alone.rows) == (together, alone)


def test_a_picture_that_waits_for_another_is_computed_beside_it(tmp_path):
    rig = Rig(channel_means(tmp_path / "m.onnx", "batch"), 2)
    rig.together.gate.clear()
    rig.slots[0].submit([grey(1)])
    rig.slots[1].submit([grey(2)])
    assert answered(rig.slots[1], 1) == [2.0]
    rig.together.gate.set()
    assert answered(rig.slots[0], 1) == [1.0]
    assert (rig.together.rows, rig.alone.rows) == ([1], [1])


def test_where_nothing_is_left_to_do_a_picture_gets_all_threads_again(tmp_path):
    rig = Rig(channel_means(tmp_path / "m.onnx", "batch"), 2)
    rig.slots[0].submit([grey(1), grey(2)])
    rig.slots[0].wait()
    rig.slots[0].submit([grey(3)])
    rig.slots[0].wait()
    assert rig.together.rows == [1]


def test_two_batches_that_are_fixed_are_computed_beside_each_other(tmp_path):
    rig = Rig(channel_means(tmp_path / "m.onnx", 3), 2, batch=3)
    rig.together.gate.clear()
    for value, slot in enumerate(rig.slots):
        slot.submit([grey(value)] * 2)
    assert answered(rig.slots[1], 2) == [1.0, 1.0]
    rig.together.gate.set()
    assert answered(rig.slots[0], 2) == [0.0, 0.0]
    assert (rig.together.rows, rig.alone.rows) == ([3], [3])


def test_outputs_whose_sizes_hang_on_the_picture_are_computed_as_one_batch(tmp_path):
    rig = Rig(channel_means(tmp_path / "m.onnx", "batch"), 2, fixed_outputs=False)
    rig.slots[0].submit([grey(1), grey(2), grey(3)])
    assert answered(rig.slots[0], 3) == [1.0, 2.0, 3.0]
    assert (rig.together.rows, rig.alone.rows) == ([3], [])


@pytest.mark.parametrize(("threads", "most"), [(1, 1), (2, 2), (3, 3), (9, 8)])
def test_a_model_of_one_picture_gets_one_for_each_thread(tmp_path, threads, most):
    with OnnxRuntimeEngine(
        channel_means(tmp_path / "m.onnx", 1), SPEC, batch=1, max_batch=8, slots=2, threads=threads
    ) as engine:
        assert engine.max_batch == most
        for count in range(1, most + 1):
            engine.slots[0].submit([grey(10 * i) for i in range(count)])
            assert answered(engine.slots[0], count) == [10.0 * i for i in range(count)]


def one_inside(path):
    """A model that declares any batch and reads its input as one picture, as a traced `view(1, -1)` leaves it."""
    nodes = [
        helper.make_node("Reshape", ["images", "flat"], ["pixels"]),
        helper.make_node("ReduceMean", ["pixels"], ["output"], axes=[2, 3], keepdims=0),
    ]
    flat = numpy_helper.from_array(np.array([1, 3, SIDE, SIDE]), "flat")
    output = helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, ["batch", 3])
    return write(path, nodes, [images("batch")], [output], [flat])


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_model_whose_batch_is_one_inside_computes_its_pictures_one_by_one(tmp_path, threads, caplog):
    with OnnxRuntimeEngine(
        one_inside(tmp_path / "m.onnx"), SPEC, batch=None, max_batch=8, slots=1, threads=threads
    ) as engine:
        for count in (1, 2, 3, 8):
            engine.slots[0].submit([grey(i) for i in range(count)])
            assert answered(engine.slots[0], count) == [float(i) for i in range(count)]


def test_of_pictures_that_fail_the_others_have_ended_and_the_slot_is_free(tmp_path):
    with OnnxRuntimeEngine(
        refuses_bright(tmp_path / "m.onnx"), SPEC, batch=None, max_batch=8, slots=1, threads=2
    ) as engine:
        for _ in range(3):
            engine.slots[0].submit([grey(1), grey(200), grey(3), grey(4)])
            with pytest.raises(EngineError):
                engine.slots[0].wait()
            engine.slots[0].submit([grey(5), grey(6), grey(7)])
            assert answered(engine.slots[0], 3) == [5.0, 6.0, 7.0]


def test_every_picture_is_computed_once_whatever_the_threads_do(tmp_path):
    """Slots are filled while the threads still compute, as in the double buffer."""
    with (
        OnnxRuntimeEngine(
            channel_means(tmp_path / "m.onnx", "batch"), SPEC, batch=None, max_batch=5, slots=2, threads=3
        ) as engine,
        ThreadPoolExecutor(1) as analyse,
    ):

        def play():
            first, second = engine.slots
            for step in range(200):
                first.submit([grey((step + i) % 250) for i in range(1 + step % 5)])
                second.submit([grey((step + 7 + i) % 250) for i in range(1 + step % 3)])
                assert answered(first, 9) == [float((step + i) % 250) for i in range(1 + step % 5)]
                assert answered(second, 9) == [float((step + 7 + i) % 250) for i in range(1 + step % 3)]

        analyse.submit(play).result()
