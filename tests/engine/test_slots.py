"""Slots and the double buffer, on ONNX Runtime with models whose answer is known."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

import cv2
import numpy as np
import onnx
import pytest

from edge_app.core.errors import DataError
from edge_app.core.frames import Frame, Picture
from edge_app.engine import infer
from edge_app.engine.ort.cpu import OnnxRuntimeEngine
from edge_app.engine.ort.cuda import cuda_executors
from edge_app.model import InputSpec, read_signature
from edge_app.preprocess import Letterboxer, normalisation_table
from tests.frames import frame as made
from tests.onnx_models import SIDE, bright_pixels, channel_means, echo, refuses_bright

SPEC = InputSpec(width=SIDE, height=SIDE, color="bgr", letterbox="top_left", rounding="floor")


def grey(value: int, side: int = SIDE) -> Picture:
    return Picture.from_bgr(np.full((side, side, 3), value, np.uint8))


def frame(index: int, value: int | None = None) -> Frame:
    return made(grey(index if value is None else value), index=index)


def open_engine(path, batch, *, slots=2, max_batch=4):
    return OnnxRuntimeEngine(path, SPEC, batch=batch, max_batch=max_batch, slots=slots, threads=1)


@dataclass
class Batches:
    """Batches that are all there, or that come one by one."""

    batches: list[list[Frame]]
    all_there: bool = True
    left: list[list[Frame]] = field(default_factory=list)

    @property
    def waiting(self):
        return self.all_there and bool(self.left)

    def __iter__(self):
        self.left = list(self.batches)
        while self.left:
            yield self.left.pop(0)


def values(batches, engine, drop=None):
    """What `infer` yields, as (indices, means of the first channel)."""
    found = infer(batches, engine.slots, drop or (lambda f, e: pytest.fail(f"frame {f.meta.index} dropped: {e}")))
    return [([f.meta.index for f in frames], outputs.arrays[0][:, 0].tolist()) for frames, outputs in found]


@pytest.mark.parametrize("batch", [pytest.param(None, id="any batch"), pytest.param(4, id="fixed at 4")])
@pytest.mark.parametrize("count", [1, 3, 4])
def test_a_batch_has_one_answer_a_picture(tmp_path, batch, count):
    with open_engine(channel_means(tmp_path / "m.onnx", batch or "batch"), batch) as engine:
        slot = engine.slots[0]
        slot.submit([grey(10 * i) for i in range(count)])
        answer = slot.wait().arrays[0]
        assert answer[:count].tolist() == [[10.0 * i] * 3 for i in range(count)]
        assert len(answer) == (batch or count)


@pytest.mark.parametrize("slots", [1, 2])
@pytest.mark.parametrize("all_there", [True, False])
@pytest.mark.parametrize("count", range(6))
def test_infer_yields_every_batch_in_order_with_its_own_outputs(tmp_path, slots, all_there, count):
    with open_engine(channel_means(tmp_path / "m.onnx", 1), 1, slots=slots) as engine:
        found = values(Batches([[frame(i)] for i in range(count)], all_there), engine)
    assert found == [([i], [float(i)]) for i in range(count)]


def test_a_frame_is_not_held_back_when_none_is_waiting(tmp_path):
    with open_engine(channel_means(tmp_path / "m.onnx", 1), 1) as engine:
        batches = Batches([[frame(1)], [frame(2)]], all_there=False)
        next(infer(batches, engine.slots, lambda f, e: None))
        assert len(batches.left) == 1, "the second frame was asked for before the first was given"


def test_the_other_slot_computes_while_frames_are_waiting(tmp_path):
    with open_engine(channel_means(tmp_path / "m.onnx", 1), 1) as engine:
        batches = Batches([[frame(i)] for i in range(3)])
        next(infer(batches, engine.slots, lambda f, e: None))
        with pytest.raises(RuntimeError, match="twice"):
            engine.slots[1].submit([grey(0)])


@pytest.mark.parametrize(("slots", "concurrent", "busy"), [(2, True, True), (2, False, False), (1, True, False)])
def test_a_slot_computes_its_next_batch_while_its_outputs_are_handled_where_slots_are_concurrent(
    tmp_path, slots, concurrent, busy
):
    with open_engine(channel_means(tmp_path / "m.onnx", 1), 1, slots=slots) as engine:
        batches = Batches([[frame(i)] for i in range(3)])
        next(infer(batches, engine.slots, lambda f, e: None, concurrent=concurrent))
        if busy:
            with pytest.raises(RuntimeError, match="twice"):
                engine.slots[0].submit([grey(0)])
        else:
            engine.slots[0].submit([grey(0)])
            engine.slots[0].wait()


@pytest.mark.parametrize("concurrent", [False, True])
def test_at_an_empty_batch_what_is_running_is_finished_though_frames_are_waiting(tmp_path, concurrent):
    with open_engine(channel_means(tmp_path / "m.onnx", 1), 1) as engine:
        batches = Batches([[frame(0)], [frame(1)], [], [frame(2)]])
        found = infer(batches, engine.slots, lambda f, e: None, concurrent=concurrent)
        assert [frames[0].meta.index for frames, _ in (next(found), next(found))] == [0, 1]
        assert batches.left == [[batches.batches[3][0]]]


def test_a_failed_batch_is_tried_frame_by_frame_and_only_the_bad_one_is_dropped(tmp_path):
    dropped = []
    with open_engine(refuses_bright(tmp_path / "m.onnx"), None) as engine:
        batches = Batches([[frame(1), frame(2, value=200), frame(3)], [frame(4)]])
        found = values(batches, engine, lambda f, e: dropped.append(f.meta.index))
    assert found == [([1], [1.0]), ([3], [3.0]), ([4], [4.0])]
    assert dropped == [2]


def test_outputs_stay_valid_until_the_slots_next_submit(tmp_path):
    with open_engine(channel_means(tmp_path / "m.onnx", 1), 1) as engine:
        first, second = engine.slots
        first.submit([grey(5)])
        kept = first.wait().arrays[0]
        second.submit([grey(9)])
        second.wait()
        assert kept[0, 0] == 5.0


def test_no_buffer_is_allocated_after_the_first_batch_of_a_size(tmp_path):
    with open_engine(channel_means(tmp_path / "m.onnx", 1), 1, slots=1) as engine:
        addresses = set()
        for value in range(3):
            engine.slots[0].submit([grey(value)])
            addresses.add(engine.slots[0].wait().arrays[0].ctypes.data)
        assert len(addresses) == 1


def test_a_model_that_cannot_compute_is_refused_at_load(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(DataError, match=r"broken\.onnx"):
        open_engine(path, 1)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
def test_a_picture_is_fed_in_the_models_dtype_and_layout(tmp_path, dtype, channels_last):
    picture = Picture.from_bgr(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8))
    with open_engine(echo(tmp_path / "m.onnx", dtype, channels_last), None) as engine:
        for count in (1, 2):
            engine.slots[0].submit([grey(0)] * (count - 1) + [picture])
            seen = engine.slots[0].wait().arrays[0][count - 1]
            assert seen.dtype == dtype
            np.testing.assert_array_equal(seen if channels_last else seen.transpose(1, 2, 0), picture.bgr)


@pytest.mark.parametrize("fixed_outputs", [False, True])
def test_a_picture_is_fed_alone_where_the_model_has_no_batch_axis(tmp_path, fixed_outputs):
    path = echo(tmp_path / "m.onnx", "float32", False, alone=True)
    batch = read_signature(path).batch
    with OnnxRuntimeEngine(
        path, SPEC, batch=batch, max_batch=4, slots=2, threads=1, fixed_outputs=fixed_outputs
    ) as engine:
        assert engine.max_batch == 1
        for value in (3, 5):
            for slot in engine.slots:
                slot.submit([grey(value)])
                assert (slot.wait().arrays[0] == np.full((3, SIDE, SIDE), value)).all()


def test_a_gpu_refuses_a_model_without_a_batch_axis(tmp_path):
    signature = read_signature(echo(tmp_path / "m.onnx", "float32", False, alone=True))
    with ExitStack() as stack, pytest.raises(DataError, match="has no batch axis"):
        cuda_executors(signature, ordinal=0, max_batch=1, slots=1)(None, stack)


def test_constants_are_fed_once_a_picture(tmp_path):
    with OnnxRuntimeEngine(
        echo(tmp_path / "m.onnx", "uint8", False, "sizes"),
        SPEC,
        batch=None,
        max_batch=4,
        slots=1,
        threads=1,
        constants={"sizes": np.array([[32, 31]])},
    ) as engine:
        engine.slots[0].submit([grey(1)] * 3)
        assert engine.slots[0].wait().arrays[1].tolist() == [[32, 31]] * 3


def test_outputs_whose_size_hangs_on_the_picture_have_that_size(tmp_path):
    path = bright_pixels(tmp_path / "m.onnx")
    assert not read_signature(path).fixed_outputs
    with OnnxRuntimeEngine(path, SPEC, batch=1, max_batch=1, slots=1, threads=1, fixed_outputs=False) as engine:
        for side, bright in ((8, 3 * 8 * SIDE), (SIDE, 3 * SIDE * SIDE), (1, 3 * SIDE)):
            pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
            pixels[:side] = 200
            engine.slots[0].submit([Picture.from_bgr(pixels)])
            assert engine.slots[0].wait().arrays[0].shape == (bright, 4)


@pytest.mark.parametrize(
    ("dtype", "spec", "words"),
    [
        pytest.param("uint8", SPEC.model_copy(update={"scale": 1 / 255}), "takes bytes: scale must be 1", id="scaled"),
        pytest.param("float64", SPEC, "want float32, float16 or uint8", id="doubles"),
    ],
)
def test_an_input_that_cannot_be_filled_is_refused_at_load(tmp_path, dtype, spec, words):
    path = echo(tmp_path / "m.onnx", dtype, False)
    with pytest.raises(DataError, match=rf"m\.onnx: .*{words}"):
        OnnxRuntimeEngine(path, spec, batch=None, max_batch=1, slots=1, threads=1)


def test_the_border_is_the_pad_value_whatever_was_drawn_before():
    tensor = np.zeros((3, SIDE, SIDE), np.float32)
    letterboxer = Letterboxer(SPEC, tensor)
    letterboxer.fill(grey(200))
    letterbox = letterboxer.fill(Picture.from_bgr(np.full((16, 64, 3), 7, np.uint8)))
    assert (tensor[:, : letterbox.height, : letterbox.width] == 7).all()
    assert (tensor[:, letterbox.height :] == 114).all()


@pytest.mark.parametrize("color", ["bgr", "rgb"])
@pytest.mark.parametrize("mode", ["centre", "top_left", "stretch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("size", [(48, 36), (37, 100), (32, 32), (640, 360)])
def test_preprocessing_equals_the_official_one_written_plainly(color, mode, dtype, channels_last, size):
    spec = InputSpec(
        width=64,
        height=48,
        color=color,
        scale=1 / 255,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        letterbox=mode,
    )
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    tensor = np.zeros((48, 64, 3), dtype).transpose(2, 0, 1) if channels_last else np.zeros((3, 48, 64), dtype)
    letterbox = Letterboxer(spec, tensor).fill(Picture.from_bgr(pixels))
    padded = np.full((48, 64, 3), 114, np.uint8)
    small = cv2.resize(pixels, (letterbox.width, letterbox.height), interpolation=cv2.INTER_LINEAR)
    padded[letterbox.top : letterbox.top + letterbox.height, letterbox.left : letterbox.left + letterbox.width] = small
    ordered = padded if color == "bgr" else padded[:, :, ::-1]
    plain = (ordered / 255.0 - np.array(spec.mean)) / np.array(spec.std)
    np.testing.assert_array_equal(tensor, plain.transpose(2, 0, 1).astype(np.float32).astype(dtype))


def test_the_table_is_rounded_once():
    spec = InputSpec(width=1, height=1, color="rgb", scale=1 / 255, mean=(0.5, 0, 0), std=(0.25, 1, 1))
    assert normalisation_table(spec)[0, 255] == np.float32((255 / 255 - 0.5) / 0.25)
    assert normalisation_table(spec)[1, 51] == np.float32(51 * (1 / 255))


def test_a_model_of_a_newer_opset_says_what_to_install(tmp_path):
    model = onnx.load(channel_means(tmp_path / "m.onnx", 1))
    model.opset_import[0].version = 99
    onnx.save(model, tmp_path / "m.onnx")
    words = (
        r"m\.onnx: ONNX Runtime cannot load it .*; its opset 99 is newer than \d+: pip install -U onnx onnxruntime, or "
    )
    with pytest.raises(DataError, match=words):
        open_engine(tmp_path / "m.onnx", 1)
