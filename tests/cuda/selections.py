"""What must be true of cells that are selected on a GPU, whichever it is; scenarios as in scenarios.py."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from edge_app.engine.gpu.selector import ROOM
from edge_app.model import InputSpec, Thresholds
from edge_app.postprocess import Postprocess
from edge_app.postprocess.candidates import reaches
from edge_app.postprocess.selection import CellLayout, SelectedCells, scores_of, select
from edge_app.postprocess.ultralytics import UltralyticsDecoder
from edge_app.postprocess.yolox import YoloxDecoder
from tests.cuda.scenarios import Batches, frames, inferred, mixed
from tests.onnx_models import images, write

SIDE = 64
SPEC = InputSpec(width=SIDE, height=SIDE, color="rgb", scale=1 / 255)
COLUMNS = CellLayout(output=0, classes=8, objectness=False, columns=True)
TURNED = CellLayout(output=-1, classes=12, objectness=False, columns=False)
ROWS = CellLayout(output=0, classes=3, objectness=True, columns=False)
FIELDS = ("picture", "cell", "box", "objectness", "best", "class_id")


def cells_model(path, layout: CellLayout, dtype="float32"):
    """The picture's numbers as cells: between 0 and 1.04, and NaN where it is dark."""
    numbers = layout.first_class + layout.classes
    cells = 3 * SIDE * SIDE // numbers
    shape = (numbers, cells) if layout.columns else (cells, numbers)
    kind = TensorProto.FLOAT if dtype == "float32" else TensorProto.FLOAT16
    constants = {"dark": np.float32(0.02), "more": np.float32(1.05), "shape": np.array([0, *shape])}
    nodes = [
        helper.make_node("Sub", ["images", "dark"], ["brighter"]),
        helper.make_node("Sqrt", ["brighter"], ["root"]),
        helper.make_node("Mul", ["root", "more"], ["numbers"]),
        helper.make_node("Reshape", ["numbers", "shape"], ["cells"]),
        helper.make_node("Cast", ["cells"], ["output"], to=kind),
    ]
    output = helper.make_tensor_value_info("output", kind, ["batch", *shape])
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    return write(path, nodes, [images("batch", SIDE)], [output], tensors)


def boxes_model(path, layout: CellLayout, cells: int, box: tuple[float, float]):
    """Some of the picture's numbers as cells, whose boxes are so many times as much, and sizes, of any shape and place.

    Where the picture is padding, cells are equal; where it is black, their scores are no numbers.
    """
    numbers = layout.first_class + layout.classes
    scale = np.full((1, cells, numbers), 1.02, np.float32)
    scale[..., :2], scale[..., 2:4] = box
    constants = {"dark": np.float32(0.004), "scale": scale, "from": [0], "to": [cells * numbers], "axis": [1]}
    constants |= {"flat": [0, -1], "shape": [0, cells, numbers]}
    nodes = [
        helper.make_node("Sub", ["images", "dark"], ["brighter"]),
        helper.make_node("Sqrt", ["brighter"], ["root"]),
        helper.make_node("Reshape", ["root", "flat"], ["all"]),
        helper.make_node("Slice", ["all", "from", "to", "axis"], ["some"]),
        helper.make_node("Reshape", ["some", "shape"], ["rows"]),
        helper.make_node("Mul", ["rows", "scale"], ["scaled" if layout.columns else "output"]),
    ]
    if layout.columns:
        nodes.append(helper.make_node("Transpose", ["scaled"], ["output"], perm=[0, 2, 1]))
    shape = ["batch", *((numbers, cells) if layout.columns else (cells, numbers))]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    return write(path, nodes, [images("batch", SIDE)], [output], tensors)


def all_from(confidence: float) -> Thresholds:
    """With these, suppression drops nothing."""
    return Thresholds(confidence=confidence, nms_iou=1)


def whole(engine, pictures):
    """The outputs of a batch, of which nothing is selected."""
    engine.select(None)
    engine.slots[0].submit(pictures)
    outputs = engine.slots[0].wait()
    assert outputs.selected is None
    assert not outputs.overflowed
    return tuple(array.copy() for array in outputs.arrays)


def numpys(layout, arrays, pictures, confidence) -> SelectedCells:
    """What NumPy selects whose score, and not its objectness alone, reaches the confidence."""
    cells = select(layout, arrays, range(pictures), confidence)
    reached = reaches(scores_of(cells), confidence)
    return SelectedCells(*(getattr(cells, name)[reached] for name in FIELDS))


def assert_same_cells(found: SelectedCells, expected: SelectedCells) -> None:
    for name in FIELDS:
        one, other = getattr(found, name), getattr(expected, name)
        np.testing.assert_array_equal(one, other, err_msg=name)
        assert one.dtype == other.dtype, name


def selected_cells_are_those_that_numpy_selects(rig, tmp_path):
    for layout, dtype, confidence in (
        (COLUMNS, "float32", 0.98),
        (TURNED, "float32", 0.99),
        (ROWS, "float32", 0.6),
        (COLUMNS, "float16", 0.98),
        (ROWS, "float16", 0.6),
    ):
        path = cells_model(tmp_path / "m.onnx", layout, dtype)
        batches = [mixed(seed, count) for seed, count in enumerate([4, 1, 3, 2])]
        with rig.engine(path, SPEC, layout=layout) as engine:
            expected = [numpys(layout, whole(engine, shown), len(shown), confidence) for shown in batches]
            engine.select(all_from(confidence))
            found = inferred(Batches(map(frames, batches)), engine)
            for (_, outputs), wanted in zip(found, expected, strict=True):
                assert_same_cells(outputs.answer, wanted)
            assert np.isnan(np.concatenate([wanted.best for wanted in expected])).any()
            assert min(len(wanted.cell) for wanted in expected) > 0


def cells_that_suppression_drops_for_sure_may_be_missing_and_nothing_else(rig, tmp_path):
    centres = UltralyticsDecoder(SPEC, 4, False, True)
    grids = YoloxDecoder((SIDE, SIDE), 3, (8, 16, 32))
    for decoder, cells, box, least in (
        (centres, 600, (60.0, 40.0), 500),
        (centres, 600, (5000.0, 3000.0), 0),  # too far out for floats to be sure of much
        (grids, 84, (1.0, 3.0), 15),
    ):
        path = boxes_model(tmp_path / "m.onnx", decoder.layout, cells, box)
        with rig.engine(path, SPEC, layout=decoder.layout) as engine:
            missing = 0
            for seed, confidence, iou in ((1, 0.3, 0.5), (2, 0.6, 0.7), (3, 0.5, 0.2), (4, 0.7, 0.45)):
                pictures = mixed(seed, 4)
                answer, sizes = whole(engine, pictures), [(p.width, p.height) for p in pictures]
                engine.select(Thresholds(confidence=confidence, nms_iou=iou))
                engine.slots[0].submit(pictures)
                outputs = engine.slots[0].wait()
                postprocess = Postprocess(decoder, confidence=confidence, nms_iou=iou)
                found = postprocess(outputs.answer, outputs.letterboxes, sizes)
                assert_same_detections(found, postprocess(answer, outputs.letterboxes, sizes))
                missing += len(numpys(decoder.layout, answer, 4, confidence).cell) - len(outputs.answer.cell)
            assert missing >= least


def assert_same_detections(found, expected) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one.invalid_rows, one.cut) == (other.invalid_rows, other.cut)
        for name in ("xyxy", "score", "class_id"):
            np.testing.assert_array_equal(getattr(one.detections, name), getattr(other.detections, name), err_msg=name)


def a_picture_with_too_many_cells_brings_the_whole_outputs(rig, tmp_path):
    few = CellLayout(output=0, classes=2, objectness=False, columns=True)
    path, pictures = cells_model(tmp_path / "m.onnx", few), mixed(3, 3)
    with rig.engine(path, SPEC, layout=few) as engine:
        expected = whole(engine, pictures)
        assert expected[0].shape[2] > ROOM
        for confidence, fits in ((0.0, False), (1.0, True), (0.0, False)):
            engine.select(all_from(confidence))
            for slot in engine.slots:
                slot.submit(pictures)
            for slot in engine.slots:
                outputs = slot.wait()
                assert outputs.overflowed is not fits
                if fits:
                    assert_same_cells(outputs.answer, numpys(few, expected, 3, confidence))
                else:
                    np.testing.assert_array_equal(outputs.answer[0], expected[0])


def a_threshold_that_changes_counts_from_the_next_batch_on(rig, tmp_path):
    path, pictures = cells_model(tmp_path / "m.onnx", COLUMNS), mixed(5, 2)
    with rig.engine(path, SPEC, layout=COLUMNS, slots=1) as engine:
        arrays, (slot,) = whole(engine, pictures), engine.slots
        for confidence in (0.9, 0.99, 0.95):
            engine.select(all_from(confidence))
            slot.submit(pictures)
            engine.select(all_from(0.5))
            assert_same_cells(slot.wait().answer, numpys(COLUMNS, arrays, 2, confidence))


def cells_of_another_layout_come_as_whole_outputs(rig, tmp_path):
    path, pictures = cells_model(tmp_path / "m.onnx", COLUMNS), mixed(6, 2)
    with rig.engine(path, SPEC, layout=ROWS) as engine:
        arrays = whole(engine, pictures)
        engine.select(all_from(0.5))
        engine.slots[1].submit(pictures)
        np.testing.assert_array_equal(engine.slots[1].wait().answer[0], arrays[0])


def cells_behind_a_network_that_is_not_recorded_are_selected_too(rig, tmp_path):
    rig.on_cpu = True
    path, pictures = cells_model(tmp_path / "m.onnx", COLUMNS), mixed(7, 3)
    with rig.engine(path, SPEC, layout=COLUMNS) as engine:
        arrays = whole(engine, pictures)
        engine.select(all_from(0.98))
        engine.slots[0].submit(pictures)
        assert_same_cells(engine.slots[0].wait().answer, numpys(COLUMNS, arrays, 3, 0.98))


def a_network_is_computed_again_with_at_most_one_batch_of_a_slot_in_work(rig, tmp_path):
    with rig.engine(cells_model(tmp_path / "m.onnx", COLUMNS), SPEC, layout=COLUMNS) as engine:
        assert {engine.compute_again() for _ in range(10)} == {4}
        enqueued = [operation for queue in rig.gpu.timeline.queues for operation in queue.operations]
        assert sum(each.label == "network" and each.finished_at is None for each in enqueued) <= 2


SELECTIONS_SIMULATED = [
    cells_behind_a_network_that_is_not_recorded_are_selected_too,
    a_network_is_computed_again_with_at_most_one_batch_of_a_slot_in_work,
]
SELECTIONS = [
    selected_cells_are_those_that_numpy_selects,
    cells_that_suppression_drops_for_sure_may_be_missing_and_nothing_else,
    a_picture_with_too_many_cells_brings_the_whole_outputs,
    a_threshold_that_changes_counts_from_the_next_batch_on,
    cells_of_another_layout_come_as_whole_outputs,
]
