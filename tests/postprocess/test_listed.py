"""The families that list their detections: what reaches the threshold comes out, once for each row, best first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.model import ModelSignature, TensorSpec
from edge_app.postprocess import Postprocess, recognise
from tests.postprocess.layouts import LAYOUTS
from tests.postprocess.reference import WH, assert_same, distinct_scores, in_source, of_one

LISTING = [
    "YOLOv7 end2end",
    "YOLOv7 end2end, ORT",
    "YOLOv10",
    "EfficientNMS",
    "YOLO-NAS, batch format",
    "YOLO-NAS, flat format",
    "SSD",
    "RT-DETR",
    "Ultralytics RT-DETR",
    "DeepStream, RT-DETR",
    "DeepStream, RT-DETR, three",
    "RTMDet",
]
MAX_CLASSES = 2000


def signature_of(layout, arrays):
    """The signature of a model with these outputs."""
    inputs = [TensorSpec("images", (None, 3, WH[1], WH[0]), layout.dtype)]
    if layout.family == "rtdetr":
        inputs.append(TensorSpec("orig_target_sizes", (None, 2), "int64"))
    if layout.scale:
        inputs.append(TensorSpec("scale_factor", (None, 2), "float32"))
    outputs = tuple(
        TensorSpec(name, (None, *array.shape[1:]), "float32" if array.dtype.kind == "f" else array.dtype.name)
        for name, array in arrays.items()
    )
    metadata = {key: value for key, value in layout.metadata.items() if key != "names"}
    return ModelSignature(Path("m.onnx"), tuple(inputs), outputs, metadata, False)


def random_picture(rng, count, seed):
    """Boxes, scores and classes, some of them NaN, infinite or of no class; a score of exactly 0 fills a list up."""
    corner = rng.uniform(-5, 50, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 30, (count, 2))], axis=1)
    scores, classes = distinct_scores(seed, count), rng.integers(0, 80, count).astype(float)
    boxes[rng.random(count) < 0.1, rng.integers(0, 4)] = rng.choice([np.nan, np.inf, -np.inf])
    scores[rng.random(count) < 0.1] = np.nan
    scores[rng.random(count) < 0.1] = 0.0
    classes[rng.random(count) < 0.1] = rng.choice([-1, MAX_CLASSES, 1_000_000])
    return boxes, scores, classes


def slow(boxes, scores, classes, confidence):
    found, invalid_rows = [], 0
    for box, score, class_id in zip(boxes.tolist(), scores.tolist(), classes.tolist(), strict=True):
        if score == 0 or score < confidence:
            continue
        if np.isfinite([*box, score]).all() and 0 <= class_id < MAX_CLASSES:
            found.append((score, int(class_id), box))
        else:
            invalid_rows += 1
    return sorted(found, key=lambda f: -f[0]), invalid_rows


def batch_of(layout, pictures):
    """The outputs of a batch; flat ones are all pictures' rows, one picture's after the other's."""
    written = []
    for number, picture in enumerate(pictures):
        with np.errstate(invalid="ignore"):
            arrays = layout.write(*picture, WH)
        if layout.family == "rtdetr":
            arrays["boxes"] = arrays["boxes"] * np.array(WH * 2)  # as the model does with what it is fed
        for array in arrays.values():
            if array.ndim == 2 and array.shape[1] == 7:
                array[:, 0] = number
        written.append(arrays)
    every = {name: np.concatenate([arrays[name] for arrays in written]) for name in written[0]}
    return {n: a.astype(np.float32) if a.dtype == np.float64 else a for n, a in every.items()}


@pytest.mark.parametrize("name", LISTING)
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), confidence=st.sampled_from([0.0, 0.3, 0.9]))
def test_a_list_equals_a_slow_reference(name, seed, confidence):
    layout, rng = LAYOUTS[name], np.random.default_rng(seed)
    pictures = [random_picture(rng, int(rng.integers(0, 60)), seed) for _ in range(2)]
    arrays = batch_of(layout, pictures)
    decoder = recognise(signature_of(layout, arrays), layout.family)
    postprocess = Postprocess(decoder, confidence=confidence, nms_iou=0.5)
    for row, picture in enumerate(pictures):
        found, invalid_rows = of_one(postprocess, tuple(arrays.values()), row)
        expected, wrong = slow(*picture, confidence)
        assert invalid_rows == wrong
        assert_same(found, in_source(expected))


@pytest.mark.parametrize("count", [np.nan, -3.0, np.inf, 101.0])
def test_a_count_that_cannot_be_is_bounded(count):
    layout = LAYOUTS["SSD"]
    arrays = batch_of(layout, [(np.array([[1.0, 2, 30, 20]]), np.array([0.9]), np.array([1.0]))])
    arrays["num_detections:0"][:] = count
    arrays["detection_boxes:0"][:] = arrays["detection_boxes:0"][:, :1]
    postprocess = Postprocess(recognise(signature_of(layout, arrays), None), confidence=0.3, nms_iou=0.5)
    found, _ = of_one(postprocess, tuple(arrays.values()))
    assert len(found) == (100 if count > 100 else 0)


def test_only_the_wanted_labels_are_kept():
    layout = LAYOUTS["YOLOv10"]
    picture = np.array([[1.0, 2, 30, 20]] * 3), np.array([0.5, 0.9, 0.7]), np.array([2.0, 1, 2])
    arrays = batch_of(layout, [picture])
    postprocess = Postprocess(recognise(signature_of(layout, arrays), None), confidence=0.3, nms_iou=0.5, class_ids=[2])
    found, _ = of_one(postprocess, tuple(arrays.values()))
    assert found.score.tolist() == pytest.approx([0.7, 0.5])
