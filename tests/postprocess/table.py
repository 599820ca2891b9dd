"""Layouts as people bring them, and what each is taken for: one row a layout.

A row says what the file shows (outputs, inputs, metadata), what the model answers to a blank picture, and the family;
or the choices, where the error must list them. All inputs are 320 x 320, so that the grids of 8, 16 and 32 pixels have
2,100 cells. To add a family, add its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from edge_app.model import TensorSpec
from tests.postprocess.layouts import RTDETR, YOLO

SIDE = 320
CELLS = 1600 + 400 + 100
P2_CELLS = 6400 + CELLS
P6_CELLS = CELLS + 25
TINY_CELLS = 400 + 100

Answer = tuple[np.ndarray, ...]


def out(name, *shape, dtype="float32"):
    return TensorSpec(name, shape, dtype)


# What models answer to a blank picture. Scores are low, as they are there; each is (1, rows, columns).


def _unit(seed, *shape, most=0.05):
    return np.random.default_rng(seed).uniform(0, most, shape).astype(np.float32)


def _positions(rows):
    """Where the cells of a picture are [px], row by row."""
    side = int(np.ceil(np.sqrt(rows)))
    y, x = np.divmod(np.arange(rows), side)
    return np.stack([x, y], axis=1).astype(np.float32) * (SIDE / side)


def offsets(rows, classes) -> Answer:
    """Offsets and log sizes in cells, objectness, classes: a YOLOX without its decoding."""
    box = np.random.default_rng(1).normal(0.3, 0.8, (rows, 4)).astype(np.float32)
    return (np.concatenate([box, _unit(2, rows, 1 + classes)], axis=1)[None],)


def centres(rows, classes, objectness=None, most=0.4) -> Answer:
    """Centre boxes in pixels, an objectness of that value or a low one, classes, which may be higher than it."""
    size = _unit(3, rows, 2, most=90) + 4
    sure = _unit(4, rows, 1) if objectness is None else np.full((rows, 1), objectness, np.float32)
    return (np.concatenate([_positions(rows), size, sure, _unit(5, rows, classes, most=most)], axis=1)[None],)


def centres_and_classes(rows, classes, most=0.05) -> Answer:
    """Centre boxes in pixels, classes."""
    return (np.delete(centres(rows, classes, most=most)[0], 4, axis=2),)


def corner_classes(rows, classes) -> Answer:
    """Corners in pixels, classes."""
    return (np.concatenate([corners(rows)[0][:, :, :4], _unit(21, 1, rows, classes)], axis=2),)


def always_sure(rows) -> Answer:
    """Centre boxes in pixels, an objectness, and a class that is 1 throughout, as half floats round it."""
    array = centres(rows, 1)[0].copy()
    array[:, :, 5] = 1
    return (array,)


def turned(answer: Answer) -> Answer:
    return (answer[0].transpose(0, 2, 1),)


def corners(rows, classes=80, ordered=False) -> Answer:
    """Corners in pixels, score, class; sorted by score where they were selected."""
    low = _positions(rows)
    score = _unit(6, rows, 1)
    score = -np.sort(-score, axis=0) if ordered else score
    class_id = np.random.default_rng(7).integers(0, classes, (rows, 1)).astype(np.float32)
    return (np.concatenate([low, low + _unit(8, rows, 2, most=60) + 1, score, class_id], axis=1)[None],)


def with_objectness(rows) -> Answer:
    """Centre boxes in pixels, score, class, objectness."""
    box = centres(rows, 1)[0][0, :, :4]
    class_id = np.random.default_rng(16).integers(0, 3, (rows, 1)).astype(np.float32)
    return (np.concatenate([box, _unit(17, rows, 1), class_id, _unit(18, rows, 1, most=0.4)], axis=1)[None],)


def with_one_class(answer: Answer) -> Answer:
    """The same rows, of a model that has one class."""
    array = answer[0].copy()
    array[:, :, 5] = 0
    return (array,)


def with_last(answer: Answer, least, most) -> Answer:
    """The same rows with a column behind them: angles, say."""
    last = np.random.default_rng(19).uniform(least, most, (*answer[0].shape[:2], 1)).astype(np.float32)
    return (np.concatenate([answer[0], last], axis=2),)


def with_points(answer: Answer, number) -> Answer:
    """The same rows with so many key points behind them: two places in pixels, and how sure they are."""
    for _ in range(number):
        answer = with_last(with_last(with_last(answer, 0, SIDE), 0, SIDE), 0, 1)
    return answer


def flat(columns) -> Answer:
    """Three rows of one picture's number and corners, and of a score and a class, in this order."""
    boxes = [[10, 20, 60, 90], [100, 110, 180, 190], [200, 50, 300, 120]]
    each = {"score": [0.03, 0.02, 0.01], "class": [0, 41, 7]}
    rows = zip(boxes, each[columns[0]], each[columns[1]], strict=True)
    return (np.array([[0, *box, *last] for box, *last in rows], np.float32),)


def lists(side) -> Answer:
    """Corners in a picture of that side, classes and scores of three finds."""
    boxes = np.array([[0.1, 0.2, 0.3, 0.4], [0, 0.5, 0.2, 0.9], [0.6, 0.1, 1, 0.5]], np.float32) * side
    return boxes, np.array([1, 2, 7]), np.array([0.03, 0.02, 0.01], np.float32)


def count_and_list(side) -> Answer:
    """How many, and the same three in a list of a hundred, the rest of which is anything."""
    boxes, classes, scores = lists(side)
    rest = np.full((1, 97, 4), 7 * side, np.float32)
    padded = [np.pad(each[None], ((0, 0), (0, 97))).astype(np.float32) for each in (scores, classes)]
    return np.array([[3]]), np.concatenate([boxes[None], rest], axis=1), *padded


def pairs(classes) -> Answer:
    """Corners in pixels, and scores."""
    return corners(CELLS)[0][:, :, :4], _unit(20, 1, CELLS, classes)


def centred_pairs(classes) -> Answer:
    """Centre boxes in pixels, and scores."""
    return centres(CELLS, 1)[0][:, :, :4], _unit(20, 1, CELLS, classes)


CENTRE_BOXES = ((150, 100, 60, 120), (60, 200, 80, 40), (240, 70, 30, 50))
CORNERS = ((150, 100, 180, 220), (60, 200, 140, 240), (240, 70, 270, 120))
EITHER = ((150, 100, 160, 120), (60, 200, 80, 220))  # corners, or centres and sizes


def planted(*columns, boxes=CENTRE_BOXES, rows=CELLS) -> Answer:
    """These boxes, these columns behind each of them, and nothing else."""
    array = np.zeros((1, rows, 4 + len(columns)), np.float32)
    array[0, : len(boxes)] = [[*box, *columns] for box in boxes]
    return (array,)


def shares(rows) -> Answer:
    """Centre boxes as shares of the input, score, class."""
    box = _unit(9, rows, 4, most=1)
    class_id = np.random.default_rng(10).integers(0, 80, (rows, 1)).astype(np.float32)
    return (np.concatenate([box, -np.sort(-_unit(11, rows, 1), axis=0), class_id], axis=1)[None],)


def shares_and_classes(rows, classes) -> Answer:
    """Centre boxes as shares of the input, classes."""
    return (np.concatenate([_unit(12, rows, 4, most=1), _unit(13, rows, classes)], axis=1)[None],)


def distributions(rows, classes, bins=32) -> Answer:
    """Classes, and for each side of a box the logits of eight distances."""
    sides = np.random.default_rng(14).normal(0, 3, (rows, bins)).astype(np.float32)
    return (np.concatenate([_unit(15, rows, classes), sides], axis=1)[None],)


def one_of(classes):
    """The scores of a box of the last class."""
    return (*[0] * (classes - 1), 0.9)


def with_class_of_some(answer: Answer) -> Answer:
    """The same rows, the first of class 0."""
    array = answer[0].copy()
    array[0, 0, 5] = 0
    return (array,)


def classes_first(rows, classes) -> Answer:
    """Classes, then centre boxes in pixels."""
    return (np.roll(centres_and_classes(rows, classes)[0], classes, axis=2),)


def zeros(rows, columns) -> Answer:
    """A list that found nothing."""
    return (np.zeros((1, rows, columns), np.float32),)


def three(answer: Answer) -> Answer:
    """Boxes, scores and classes as outputs of their own."""
    return answer[0][:, :, :4], answer[0][:, :, 4:5], answer[0][:, :, 5:6]


def as_centres(answer: Answer) -> Answer:
    """The same rows with centres and sizes instead of corners."""
    box = answer[0][0, :, :4]
    centre = np.concatenate([(box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]], axis=1)
    return (np.concatenate([centre[None], answer[0][:, :, 4:]], axis=2),)


def in_shares(answer: Answer) -> Answer:
    """The same rows with boxes as shares of the input."""
    array = answer[0].copy()
    array[:, :, :4] /= SIDE
    return (array,)


def logits(answer: Answer) -> Answer:
    """The same with scores as they are before their sigmoid."""
    array = answer[0].copy()
    array[:, :, 4:] = np.log(array[:, :, 4:] / (1 - array[:, :, 4:]))
    return (array,)


@dataclass(frozen=True)
class Row:
    """A layout.

    Attributes:
        name: What it is.
        outputs: What the file declares.
        taken_for: The family, or the choices that the error lists; none if no layout is known.
        answer: To a blank picture, and to one of patches; None if nothing can compute the model.
        patches: The answer to patches, if it is another.
        metadata: Of the file.
        inputs: Besides the picture.
        kind: Of the model, as a `config.json` beside the file says.
        picture: What the file calls its picture.
    """

    name: str
    outputs: tuple[TensorSpec, ...]
    taken_for: str | tuple[str, ...]
    answer: Callable[[], Answer] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[TensorSpec, ...] = ()
    kind: str = ""
    picture: str = "images"
    patches: Callable[[], Answer] | None = None


DETECT = {"task": "detect"}
TWO_CLASSES = {**RTDETR, "names": "['a', 'b']"}
DECODED = ("yolox_decoded", "ultralytics")
FOUR = ("yolox", "yolox_decoded", "ultralytics", "yolov6")
FIVE = (*FOUR, "nanodet_first")
SIX = ("end2end", "rtdetr_ultralytics", "rtdetr_ultralytics_old", "deepstream_detr")
SCALE = (out("scale_factor", 1, 2),)


def row(name, outputs, taken_for, answer=None, metadata=None, **others):
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return Row(name, outputs, taken_for, answer, metadata or {}, **others)


def rows_of(count, *names, classes="float32"):
    """Three outputs of so many rows."""
    shapes = zip(names, (4, 1, 1), ("float32", "float32", classes), strict=True)
    return tuple(out(name, 1, count, columns, dtype=dtype) for name, columns, dtype in shapes)


def counted(names, count="int32"):
    shapes = (1, 1), (1, 100, 4), (1, 100), (1, 100)
    return tuple(
        out(name, *shape, dtype=count if place == 0 else "float32")
        for place, (name, shape) in enumerate(zip(names, shapes, strict=True))
    )


NVIDIA = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
NAS = ("graph2_num_predictions", "graph2_pred_boxes", "graph2_pred_scores", "graph2_pred_classes")
LISTS = (out("boxes", None, 4), out("labels", None, dtype="int64"), out("scores", None))
PAIR = (out("scores", 1, CELLS, 80), out("boxes", 1, CELLS, 4))
DETR = (out("labels", 1, 300, dtype="int64"), out("boxes", 1, 300, 4), out("scores", 1, 300))
HUGGING_FACE = (out("logits", 1, 300, 80), out("pred_boxes", 1, 300, 4))
SIZES = (out("orig_target_sizes", 1, 2, dtype="int64"),)

TABLE = [
    # YOLOX
    row("YOLOX, COCO", out("output", 1, CELLS, 85), "yolox", lambda: offsets(CELLS, 80)),
    row("YOLOX, one class, any batch", out("output", None, CELLS, 6), "yolox", lambda: offsets(CELLS, 1)),
    row("YOLOX, P6", out("output", 1, P6_CELLS, 8), "yolox", lambda: offsets(P6_CELLS, 3)),
    row("YOLOX, two grids", out("output", 1, TINY_CELLS, 8), "yolox", lambda: offsets(TINY_CELLS, 3)),
    row("YOLOX --dynamic", out("output", None, None, None), "yolox", lambda: offsets(CELLS, 80)),
    row("YOLOX, its rank open", out("output"), "yolox", lambda: offsets(CELLS, 80)),
    row("YOLOX, its rows open", out("output", None, None, 7), "yolox", lambda: offsets(CELLS, 2)),
    row("YOLOX of half floats", out("output", 1, CELLS, 85, dtype="float16"), "yolox", lambda: offsets(CELLS, 80)),
    row("YOLOX, no sigmoid", out("output", 1, CELLS, 7), "yolox", lambda: logits(offsets(CELLS, 2))),
    row("YOLOX, not asked", out("output", 1, CELLS, 85), FIVE),
    row(
        "YOLOX, its picture called data",
        out("o", 1, P6_CELLS, 85),
        "yolox",
        lambda: offsets(P6_CELLS, 80),
        picture="data",
    ),
    row("YOLOX decoded, COCO", out("output", 1, CELLS, 85), "yolox_decoded", lambda: centres(CELLS, 80)),
    row("YOLOX decoded, --dynamic", out("output", None, None, None), "yolox_decoded", lambda: centres(CELLS, 80)),
    row("YOLOX decoded, three classes", out("output", 1, CELLS, 8), "yolox_decoded", lambda: centres(CELLS, 3)),
    row("YOLOX decoded, sure of two boxes", out("output", 1, CELLS, 7), "yolox_decoded", lambda: planted(0.9, 0.95, 0)),
    row("v8 turned, sure of two boxes", out("output0", 1, CELLS, 7), "ultralytics", lambda: planted(0.9, 0, 0)),
    row(
        "corners, two scores, class",
        out("output", 1, CELLS, 7),
        (*FOUR, "deepstream_centres"),
        lambda: planted(0.9, 0.8, 2, boxes=EITHER),
    ),
    row("YOLOX decoded or v8 turned", out("output", 1, CELLS, 8), DECODED, lambda: centres(CELLS, 3, most=0.05)),
    row(
        "YOLOX decoded, its classes named",
        out("output", 1, CELLS, 8),
        "yolox_decoded",
        lambda: centres(CELLS, 3, most=0.05),
        {"names": "['a', 'b', 'c']"},
    ),
    row(
        "v8 turned, its classes named",
        out("output", 1, CELLS, 8),
        "ultralytics",
        lambda: centres(CELLS, 3, most=0.05),
        {"names": "['a', 'b', 'c', 'd']"},
    ),
    row("v8 turned, COCO, an answer of zeros", out("o", 1, CELLS, 84), FOUR, lambda: zeros(CELLS, 84)),
    row(
        "corners where YOLOX has offsets",
        out("o", 1, CELLS, 85),
        FIVE,
        lambda: planted(0.9, *one_of(80), boxes=((20, 30, 200, 300), (30, 10, 90, 70), (40, 40, 44, 280))),
    ),
    row(
        "corners in shares where YOLOX has offsets",
        out("o", 1, CELLS, 85),
        ("yolox",),
        lambda: in_shares(planted(0.9, *one_of(80), boxes=CORNERS)),
    ),
    row("YOLOX, an answer of zeros", out("output", 1, CELLS, 8), FOUR, lambda: zeros(CELLS, 8)),
    # YOLOv6
    row("YOLOv6, COCO", out("outputs", 1, CELLS, 85), "yolov6", lambda: centres(CELLS, 80, 1)),
    row("YOLOv6, one class", out("outputs", None, CELLS, 6), "yolov6", lambda: centres(CELLS, 1, 1)),
    row("YOLOv6, P6", out("outputs", 1, P6_CELLS, 15), "yolov6", lambda: centres(P6_CELLS, 10, 1)),
    row("YOLOv6, --dynamic", out("outputs", None, None, None), "yolov6", lambda: centres(CELLS, 80, 1)),
    # Ultralytics
    row("v8, COCO", out("output0", 1, 84, CELLS), "ultralytics"),
    row("v8 with its metadata", out("output0", 1, 84, CELLS), "ultralytics", metadata=DETECT),
    row("v8, asked", out("output0", 1, 84, CELLS), "ultralytics", lambda: turned(centres_and_classes(CELLS, 80))),
    row("v8 without a task", out("output0", 1, 84, CELLS), "ultralytics", metadata={"task": ""}),
    row("v8 of another's words", out("output0", 1, 84, CELLS), "ultralytics", metadata={"task": "Object-Detection"}),
    row("v8 that answers NaN", out("o", 1, 84, CELLS), "ultralytics", lambda: (np.full((1, 84, CELLS), np.nan),)),
    row("YOLOX's shape, of shares", out("o", 1, CELLS, 85), FIVE, lambda: in_shares(centres(CELLS, 80))),
    row(
        "YOLOX's shape, of corners in shares",
        out("o", 1, CELLS, 85),
        FIVE,
        lambda: in_shares(corner_classes(CELLS, 81)),
    ),
    row("v8 turned, of shares", out("o", 1, CELLS, 84), FIVE, lambda: in_shares(centres_and_classes(CELLS, 80))),
    row("v8 of shares", out("o", 1, 84, CELLS), (), lambda: turned(in_shares(centres_and_classes(CELLS, 80)))),
    row("v8 of corners", out("output0", 1, 84, CELLS), (), lambda: turned(corner_classes(CELLS, 80))),
    row(
        "v8 of oriented boxes",
        out("output0", 1, 20, CELLS),
        (),
        lambda: turned(with_last(centres_and_classes(CELLS, 15), -0.78, 2.35)),
    ),
    row(
        "v8 of oriented boxes that all lean alike",
        out("output0", 1, 20, CELLS),
        (),
        lambda: turned(with_last(centres_and_classes(CELLS, 15), 0.6, 0.9)),
    ),
    row(
        "v8 of oriented boxes, turned",
        out("output0", 1, CELLS, 20),
        FOUR,
        lambda: with_last(centres_and_classes(CELLS, 15), -0.78, 2.35),
    ),
    row(
        "v8 of poses", out("output0", 1, 56, CELLS), (), lambda: turned(with_points(centres_and_classes(CELLS, 1), 17))
    ),
    row(
        "v8 of oriented boxes that lie straight in a blank picture",
        out("output0", 1, 20, CELLS),
        (),
        lambda: turned(with_last(centres_and_classes(CELLS, 15), 0, 0.001)),
        patches=lambda: turned(with_last(centres_and_classes(CELLS, 15), -0.78, 2.35)),
    ),
    row(
        "v8 of oriented boxes, few of them",
        out("output0", 1, 20, CELLS),
        (),
        lambda: turned(planted(*one_of(15), 1.5)),
    ),
    row("YOLOX decoded and turned", out("o", 1, 85, CELLS), (), lambda: turned(centres(CELLS, 80))),
    row(
        "YOLOX decoded and turned, of a few boxes", out("o", 1, 8, CELLS), (), lambda: turned(planted(0.9, 0.95, 0, 0))
    ),
    row("YOLOv6 turned", out("o", 1, 85, CELLS), (), lambda: turned(centres(CELLS, 80, 1))),
    row(
        "DeepStream's six turned, a few of class 1",
        out("o", 1, 6, CELLS),
        (),
        lambda: turned(planted(0.9, 1)),
    ),
    row("v8 of a few boxes of one class, sure", out("o", 1, 5, CELLS), "ultralytics", lambda: turned(planted(1))),
    row("classes before boxes", out("o", 1, CELLS, 84), FIVE, lambda: classes_first(CELLS, 80)),
    row("v8 of a few boxes", out("o", 1, 84, CELLS), "ultralytics", lambda: turned(planted(*one_of(80)))),
    row(
        "v8 of a few corners",
        out("o", 1, 84, CELLS),
        (),
        lambda: turned(planted(*one_of(80), boxes=CORNERS)),
    ),
    row(
        "v8 of a few boxes that may be either",
        out("o", 1, 84, CELLS),
        ("ultralytics",),
        lambda: turned(planted(*one_of(80), boxes=EITHER)),
    ),
    row("v8 of a few boxes in shares", out("o", 1, 84, CELLS), (), lambda: turned(in_shares(planted(*one_of(80))))),
    row("v8, one class", out("output0", 1, 5, CELLS), "ultralytics"),
    row("v8, two classes", out("output0", 1, 6, CELLS), "ultralytics"),
    row("v8-p2", out("output0", 1, 84, P2_CELLS), "ultralytics"),
    row("v3-tiny", out("output0", 1, 84, TINY_CELLS), "ultralytics"),
    row("v5u, P6", out("output0", 1, 84, P6_CELLS), "ultralytics"),
    row("v8 of other cells, told by the metadata", out("output0", 1, 84, 777), "ultralytics", metadata=DETECT),
    row("v8 of other cells, not told", out("output0", 1, 84, 777), ()),
    row("v8, dynamic", out("output0", None, 84, None), "ultralytics", lambda: turned(centres_and_classes(CELLS, 80))),
    row("v8, dynamic, with its metadata", out("output0", None, 84, None), "ultralytics", metadata=DETECT),
    row(
        "v8, all open", out("output0", None, None, None), "ultralytics", lambda: turned(centres_and_classes(CELLS, 80))
    ),
    row("v8 turned, COCO", out("output0", 1, CELLS, 84), "ultralytics", lambda: centres_and_classes(CELLS, 80)),
    row("v8 turned, not asked", out("output0", 1, CELLS, 84), FIVE),
    row("v8 turned, loud", out("output0", 1, CELLS, 8), DECODED, lambda: centres_and_classes(CELLS, 4, most=0.4)),
    row(
        "v8 turned, COCO, loud", out("o", 1, CELLS, 84), "ultralytics", lambda: centres_and_classes(CELLS, 80, most=0.1)
    ),
    row("v8 turned, louder", out("o", 1, CELLS, 20), DECODED, lambda: centres_and_classes(CELLS, 16, most=0.12)),
    row(
        "v8 turned, its first class alone quiet in a blank picture, found in patches",
        out("o", 1, CELLS, 8),
        "ultralytics",
        lambda: centres_and_classes(CELLS, 4),
        patches=lambda: planted(0.9, 0.01, 0.01, 0.01),
    ),
    row(
        "v8 turned, one class, loud",
        out("o", 1, CELLS, 5),
        "ultralytics",
        lambda: centres_and_classes(CELLS, 1, most=0.4),
    ),
    row("v8 turned, one class", out("output0", 1, CELLS, 5), "ultralytics"),
    row("v8 turned, told", out("output0", 1, CELLS, 84), "ultralytics", metadata=DETECT),
    row("v8 for segmentation", out("output0", 1, 116, CELLS), (), metadata={"task": "segment"}),
    row("v10 exported raw", out("output0", 1, 84, CELLS), "ultralytics", metadata={**YOLO, "end2end": "False"}),
    # YOLOv5
    row("v5, COCO", out("output", 1, 3 * CELLS, 85), "yolov5"),
    row(
        "v5 of a few boxes, sure of their class",
        out("o", 1, 3 * CELLS, 8),
        "yolov5",
        lambda: planted(0.9, 0, 0, 1, rows=3 * CELLS),
    ),
    row("v5, one class", out("output", 1, 3 * CELLS, 6), "yolov5", lambda: centres(3 * CELLS, 1)),
    row("v5, one class, four anchors", out("output", 1, 4 * CELLS, 6), "yolov5", lambda: centres(4 * CELLS, 1)),
    row("v5, four anchors", out("output0", 1, 4 * CELLS, 8), "yolov5", lambda: centres(4 * CELLS, 3)),
    row("v5, four anchors, or a YOLOX of strides 4 to 16", out("output0", 1, 4 * CELLS, 8), ("yolox", "yolov5")),
    row("YOLOX of strides 4 to 16", out("output", 1, 4 * CELLS, 8), "yolox", lambda: offsets(4 * CELLS, 3)),
    row("v5, P6", out("output", 1, 3 * P6_CELLS, 85), "yolov5"),
    row("v5's v3-tiny", out("output", 1, 3 * TINY_CELLS, 85), "yolov5"),
    row("v5, dynamic", out("output0", None, None, 85), "yolov5", lambda: centres(3 * CELLS, 80)),
    row(
        "v5 with its raw maps",
        (out("output", 1, 3 * CELLS, 85), *(out(str(n), 1, 3, 40, 40, 85) for n in range(3))),
        "yolov5",
    ),
    row("v5 of shares", out("output", 1, 3 * CELLS, 85), (), lambda: in_shares(centres(3 * CELLS, 80))),
    row("v5 of corners", out("output", 1, 3 * CELLS, 86), (), lambda: corner_classes(3 * CELLS, 82)),
    row("v5 of faces", out("output", 1, 3 * CELLS, 21), (), lambda: with_points(centres(3 * CELLS, 1), 5)),
    # DeepStream
    row("DeepStream, v8", out("output", 1, CELLS, 6), "deepstream", lambda: corners(CELLS)),
    row("DeepStream, any batch", out("output", None, CELLS, 6), "deepstream", lambda: corners(CELLS)),
    row("DeepStream, one class", out("output", None, CELLS, 6), "deepstream", lambda: corners(CELLS, 1)),
    row("DeepStream, v5", out("output", None, 3 * CELLS, 6), "deepstream", lambda: corners(3 * CELLS)),
    row("DeepStream, any rows", out("output", None, 1234, 6), "deepstream", lambda: corners(1234)),
    row("DeepStream, a small model", out("output", None, 525, 6), "deepstream", lambda: corners(525)),
    row("DeepStream, all open", out("output", None, None, None), "deepstream", lambda: corners(CELLS)),
    row("DeepStream, not asked", out("output", 1, CELLS, 6), (*FOUR, "deepstream", "deepstream_centres")),
    row(
        "DeepStream, six with centres", out("o", 1, CELLS, 6), "deepstream_centres", lambda: as_centres(corners(CELLS))
    ),
    row(
        "DeepStream, six with centres, v5",
        out("output", None, 3 * CELLS, 6),
        "deepstream_centres",
        lambda: as_centres(corners(3 * CELLS)),
    ),
    row(
        "DeepStream, six with centres, one class",
        out("output", 1, CELLS, 6),
        (*DECODED, "deepstream_centres"),
        lambda: with_one_class(as_centres(corners(CELLS))),
    ),
    row(
        "DeepStream, a few boxes",
        out("o", 1, CELLS, 6),
        "deepstream",
        lambda: planted(0.9, 1, boxes=CORNERS),
    ),
    row(
        "DeepStream, two boxes that may be either",
        out("o", 1, CELLS, 6),
        ("deepstream", "deepstream_centres"),
        lambda: planted(0.9, 2, boxes=EITHER),
    ),
    row(
        "DeepStream, a few centres of class 1",
        out("o", 1, CELLS, 6),
        ("yolox_decoded", "deepstream_centres"),
        lambda: planted(0.9, 1),
    ),
    row(
        "DeepStream, seven, a few boxes of classes 0 and 1",
        out("o", 1, CELLS, 7),
        ("yolox_decoded", "deepstream_centres"),
        lambda: with_class_of_some(planted(0.9, 1, 0.8)),
    ),
    row(
        "DeepStream, seven, a few boxes of class 2",
        out("o", 1, CELLS, 7),
        "deepstream_centres",
        lambda: planted(0.9, 2, 0.8),
    ),
    row(
        "objectness, score, class 1 of a few",
        out("o", 1, CELLS, 7),
        ("yolox_decoded",),
        lambda: planted(0.9, 0.8, 1),
    ),
    row(
        "DeepStream, seven: score, class, objectness",
        out("output", 1, CELLS, 7),
        "deepstream_centres",
        lambda: with_objectness(CELLS),
    ),
    row(
        "DeepStream, seven, v5",
        out("output", None, 3 * CELLS, 7),
        "deepstream_centres",
        lambda: with_objectness(3 * CELLS),
    ),
    row(
        "DeepStream, seven, one class",
        out("output", 1, CELLS, 7),
        ("yolox_decoded", "deepstream_centres"),
        lambda: with_one_class(with_objectness(CELLS)),
    ),
    row(
        "v5 of one class that it is always sure of", out("o", 1, 3 * CELLS, 6), "yolov5", lambda: always_sure(3 * CELLS)
    ),
    row("DeepStream's RT-DETR", out("output", 1, 300, 6), "deepstream_detr", lambda: corners(300)),
    row("DeepStream's D-FINE, any batch", out("output", None, 300, 6), "deepstream_detr", lambda: corners(300)),
    row(
        "DeepStream's RT-DETR, three outputs",
        rows_of(300, "boxes", "scores", "classes"),
        "deepstream_detr",
        lambda: three(as_centres(corners(300))),
    ),
    row(
        "three outputs of 300 rows, in shares",
        rows_of(300, "boxes", "scores", "classes"),
        (),
        lambda: three(in_shares(as_centres(corners(300)))),
    ),
    row("DeepStream's PP-YOLOE", out("o", 1, CELLS, 6), "deepstream", lambda: corners(CELLS), inputs=SCALE),
    row(
        "DeepStream's PP-YOLOE, three outputs of any names",
        rows_of(CELLS, "a", "b", "c"),
        "deepstream",
        lambda: three(corners(CELLS)),
        inputs=SCALE,
    ),
    row(
        "DeepStream, three outputs, classes as integers",
        rows_of(CELLS, "boxes", "scores", "classes", classes="int64"),
        "deepstream_centres",
        lambda: three(as_centres(corners(CELLS))),
    ),
    row(
        "DeepStream, three outputs",
        (out("boxes", 1, CELLS, 4), out("scores", 1, CELLS, 1), out("classes", 1, CELLS, 1)),
        "deepstream",
        lambda: three(corners(CELLS)),
    ),
    row(
        "DeepStream, three outputs of centres",
        (out("boxes", None, CELLS, 4), out("scores", None, CELLS, 1), out("classes", None, CELLS, 1)),
        "deepstream_centres",
        lambda: three(as_centres(corners(CELLS))),
    ),
    row(
        "DeepStream, three outputs, not asked",
        (out("boxes", 1, CELLS, 4), out("scores", 1, CELLS, 1), out("classes", 1, CELLS, 1)),
        ("deepstream", "deepstream_centres"),
    ),
    # Lists
    row("v10 with its metadata", out("output0", 1, 300, 6), "end2end", metadata=YOLO),
    row("v10, dynamic, with its metadata", out("output0", None, None, 6), "end2end", metadata=YOLO),
    row("v10 without metadata", out("output0", 1, 300, 6), "end2end", lambda: corners(300, ordered=True)),
    row("nms=True, nothing found", out("output0", 1, 300, 6), ("end2end",), lambda: zeros(300, 6)),
    row("six columns, not asked", out("output0", 1, 300, 6), SIX),
    row("v7, flat", out("output", None, 7), "yolov7_flat"),
    row("v6, flat", out("outputs", None, 7), "yolov7_flat"),
    row("NAS, flat", out("graph2_flat_predictions", None, 7), "yolonas"),
    row("flat, of an unknown name", out("boxes", None, 7), ("yolov7_flat", "yolonas")),
    row("v7, flat, nothing found", out("output", None, 7), "yolov7_flat", lambda: (np.zeros((0, 7), np.float32),)),
    row("v7, flat, filled up", out("output", None, 7), "yolov7_flat", lambda: (np.zeros((9, 7), np.float32),)),
    row("v7, flat, by its numbers", out("boxes", None, 7), "yolov7_flat", lambda: flat(("class", "score"))),
    row("NAS, flat, of v7's name", out("output", None, 7), "yolonas", lambda: flat(("score", "class"))),
    row("NAS, batch format", counted(NAS, "int64"), "yolonas"),
    row("NAS, raw", (out("913", 1, CELLS, 4), out("904", 1, CELLS, 80)), "yolonas", lambda: pairs(80)),
    row("NAS, raw, four classes", (out("a", 1, CELLS, 4), out("b", 1, CELLS, 4)), "yolonas", lambda: pairs(4)),
    row(
        "boxes and scores, but centres", (out("a", 1, CELLS, 4), out("b", 1, CELLS, 80)), (), lambda: centred_pairs(80)
    ),
    row("EfficientNMS: an integer count", counted(NVIDIA), "efficientnms"),
    row("EfficientNMS, asked", counted(NVIDIA), "efficientnms", lambda: count_and_list(SIDE)),
    row("EfficientNMS' names, but shares", counted(NVIDIA), (), lambda: count_and_list(1)),
    row("NAS' names, but shares", counted(NAS, "int64"), (), lambda: count_and_list(1)),
    row("v7, end2end", counted(("num_dets", "det_boxes", "det_scores", "det_classes")), "efficientnms"),
    row("TensorFlow: a float count", counted(NVIDIA, "float32"), "ssd"),
    # DETR
    row("RT-DETR, its authors'", DETR, "rtdetr", inputs=SIZES),
    row("RT-DETR with Ultralytics' metadata", out("output0", 1, 300, 6), "rtdetr_ultralytics", metadata=RTDETR),
    row("RT-DETR without metadata", out("output0", 1, 300, 6), "rtdetr_ultralytics", lambda: shares(300)),
    row("older RT-DETR with its metadata", out("output0", 1, 300, 7), "rtdetr_ultralytics_old", metadata=RTDETR),
    row("older RT-DETR without metadata", out("output0", 1, 300, 84), "rtdetr_ultralytics_old"),
    row(
        "older RT-DETR, two classes",
        out("output0", 1, 300, 6),
        "rtdetr_ultralytics_old",
        lambda: shares_and_classes(300, 2),
        TWO_CLASSES,
    ),
    row("a sorted list of corners in shares", out("o", 1, 300, 6), SIX, lambda: in_shares(corners(300, ordered=True))),
    row(
        "a few corners in shares",
        out("o", 1, 300, 6),
        SIX,
        lambda: in_shares(planted(0.9, 0, boxes=CORNERS, rows=300)),
    ),
    row("a few centres in shares", out("o", 1, 300, 6), SIX, lambda: in_shares(planted(0.9, 0, rows=300))),
    row("a few corners", out("o", 1, 300, 6), "end2end", lambda: planted(0.9, 0, boxes=CORNERS, rows=300)),
    row(
        "two boxes that may be either",
        out("o", 1, 300, 6),
        ("end2end",),
        lambda: planted(0.9, 0, boxes=EITHER, rows=300),
    ),
    row("a list of oriented boxes", out("o", 1, 300, 7), (), lambda: planted(0.9, 2, 1.5, rows=300)),
    row("a list of seven columns, nothing found", out("o", 1, 300, 7), (), lambda: zeros(300, 7)),
    row("RF-DETR", (out("dets", 1, 300, 4), out("labels", 1, 300, 91)), "rfdetr"),
    row("RT-DETR by Hugging Face", HUGGING_FACE, "hf_detr_sigmoid", kind="rt_detr_v2"),
    row("YOLOS by Hugging Face", HUGGING_FACE, "hf_detr_softmax", kind="YolosForObjectDetection"),
    row("Hugging Face's, of no known kind", HUGGING_FACE, ("hf_detr_sigmoid", "hf_detr_softmax")),
    # Others
    row("torchvision", LISTS, "torchvision"),
    row(
        "torchvision, by shape",
        (out("6379", None, 4), out("6383", None), out("6381", None, dtype="int64")),
        ("torchvision", "detectron2"),
    ),
    row(
        "Detectron2, its last output the picture's size",
        (out("a", None, 4), out("b", None, dtype="int64"), out("c", None), out("d", 2, dtype="int64")),
        "detectron2",
    ),
    row(
        "Detectron2, its outputs named",
        (out("pred_boxes", None, 4), out("scores", None), out("pred_classes", None, dtype="int64")),
        "detectron2",
    ),
    row("torchvision, asked", LISTS, "torchvision", lambda: lists(SIDE)),
    row("torchvision's names, but shares", LISTS, (), lambda: lists(1)),
    row("MMYOLO", counted(("num_dets", "boxes", "scores", "labels")), "efficientnms"),
    row("YOLO-World, suppression outside", PAIR, "yoloworld"),
    row("YOLO-World, asked", PAIR, "yoloworld", lambda: pairs(80)[::-1]),
    row("YOLO-World of centres", PAIR, ("damoyolo", "yoloworld"), lambda: centred_pairs(80)[::-1]),
    row("scores and boxes of other names", (out("a", 1, CELLS, 80), out("b", 1, CELLS, 4)), ("damoyolo", "yoloworld")),
    row("YOLOv9-e", (out("output0", 1, 84, CELLS), out("2731", 1, 84, CELLS)), "ultralytics"),
    row(
        "YOLOv9-e, its main branch asked",
        (out("output0", 1, 84, CELLS), out("2731", 1, 84, CELLS)),
        "ultralytics",
        lambda: (*turned(corner_classes(CELLS, 80)), *turned(centres_and_classes(CELLS, 80))),
    ),
    row("v8 for segmentation, without metadata", (out("o", 1, 116, CELLS), out("p", 1, 32, 80, 80)), ()),
    row(
        "RTMDet's names, but shares",
        (out("dets", 1, None, 5), out("labels", 1, None, dtype="int64")),
        (),
        lambda: (np.insert(lists(1)[0], 4, 0.02, axis=1)[None], lists(1)[1][None]),
    ),
    row("RTMDet", (out("dets", 1, 100, 5), out("labels", 1, 100, dtype="int64")), "rtmdet"),
    row(
        "PP-YOLOE",
        (out("multiclass_nms3_0.tmp_0", None, 6), out("multiclass_nms3_0.tmp_2", None, dtype="int32")),
        "ppyoloe",
        inputs=(out("scale_factor", 1, 2),),
    ),
    row("DAMO-YOLO", (out("output", 1, CELLS, 80), out("953", 1, CELLS, 4)), "damoyolo"),
    row(
        "DAMO-YOLO, four classes",
        (out("output", 1, CELLS, 4), out("b", 1, CELLS, 4)),
        "damoyolo",
        lambda: pairs(4)[::-1],
    ),
    row(
        "of four classes, not asked",
        (out("a", 1, CELLS, 4), out("b", 1, CELLS, 4)),
        ("yolonas", "damoyolo", "yoloworld"),
    ),
    row("NanoDet, the first", out("output", 1, CELLS, 112), "nanodet_first", lambda: distributions(CELLS, 80)),
    row("NanoDet, the first, of eleven bins", out("output", 1, CELLS, 124), FIVE, lambda: distributions(CELLS, 80, 44)),
    row("NanoDet-Plus, COCO", out("output", 1, P6_CELLS, 112), "nanodet", lambda: distributions(P6_CELLS, 80)),
    row("NanoDet-Plus, not asked", out("output", 1, P6_CELLS, 112), (*FOUR, "nanodet")),
    row(
        "YOLOX decoded, of strides 8 and 16",
        out("output", 1, 2000, 85),
        ("yolox_decoded", "yolov5"),
        lambda: centres(2000, 80),
    ),
    # None of them
    row("nothing known", out("output", 1, 100, 9), ()),
    row("a classifier", out("output", 1, 1000), ()),
    row("rows of seven columns", out("o", 1, 500, 7), (*FOUR, "deepstream_centres"), lambda: zeros(500, 7)),
    row("an input that nothing feeds", counted(NVIDIA), (), inputs=(out("threshold", 1),)),
]
