"""NanoDet, DAMO-YOLO, raw YOLO-NAS and PP-YOLOE: every pair of a box and a class is suppressed; PP-YOLOE's counts."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.core.errors import DataError
from edge_app.model import ModelSignature, TensorSpec, read_signature
from edge_app.postprocess import Postprocess, recognise
from tests.postprocess.layouts import LAYOUTS
from tests.postprocess.models import planted
from tests.postprocess.reference import (
    BOX,
    CELLS,
    CLASSES,
    WH,
    assert_same,
    distinct_scores,
    in_source,
    of_one,
    signature,
    slow_nms,
)
from tests.postprocess.test_program import MODEL_WH, outputs

STRIDES = (8, 16, 32, 64)
NANODET_CELLS = CELLS + 1


def slow_nanodet(rows, strides, place):
    """Cell by cell, as its head does it."""
    found, index = [], 0
    for stride in strides:
        for y in range(math.ceil(WH[1] / stride)):
            for x in range(math.ceil(WH[0] / stride)):
                values = rows[index].tolist()
                index += 1
                sides = []
                for side in range(4):
                    bins = [math.exp(value) for value in values[CLASSES + 8 * side :][:8]]
                    sides.append(stride * sum(n * power for n, power in enumerate(bins)) / sum(bins))
                px, py = (x + place) * stride, (y + place) * stride
                box = px - sides[0], py - sides[1], px + sides[2], py + sides[3]
                found += [(values[c], c, box) for c in range(CLASSES) if values[c] >= 0.3]
    return found


@pytest.mark.parametrize(
    ("family", "cells", "strides", "place"),
    [("nanodet", NANODET_CELLS, STRIDES, 0), ("nanodet_first", CELLS, STRIDES[:3], 0.5)],
)
@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), iou=st.floats(0.1, 0.9))
def test_nanodet_equals_a_slow_reference_on_random_tensors(family, cells, strides, place, seed, iou):
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-4, 4, (cells, CLASSES + 32)).astype(np.float32)
    rows[:, :CLASSES] = distinct_scores(seed, cells * CLASSES).reshape(-1, CLASSES)
    decoder = recognise(signature(1, cells, CLASSES + 32), family)
    found, invalid_rows = of_one(Postprocess(decoder, confidence=0.3, nms_iou=iou), (rows[None],))
    assert invalid_rows == 0
    assert_same(found, in_source(slow_nms(slow_nanodet(rows, strides, place), iou)))


@pytest.mark.parametrize("column", [0, CLASSES, CLASSES + 31])
def test_nanodet_counts_nan(column):
    rows = np.zeros((1, NANODET_CELLS, CLASSES + 32), np.float32)
    rows[0, [3, 20], 0] = 0.5
    rows[0, 3, column] = np.nan
    decoder = recognise(signature(1, NANODET_CELLS, CLASSES + 32), "nanodet")
    found, invalid_rows = of_one(Postprocess(decoder, confidence=0.3, nms_iou=0.5), (rows,))
    assert (len(found), invalid_rows) == (1, 1)


def paddle(*outputs):
    inputs = (
        TensorSpec("im_shape", (1, 2), "float32"),
        TensorSpec("image", (1, 3, WH[1], WH[0]), "float32"),
        TensorSpec("scale_factor", (1, 2), "float32"),
    )
    return recognise(ModelSignature(Path("m.onnx"), inputs, outputs, {}, False), None)


def raw(family):
    if family == "damoyolo":
        outputs = TensorSpec("output", (1, CELLS, CLASSES), "float32"), TensorSpec("9", (1, CELLS, 4), "float32")
        return recognise(signature(outputs=outputs), None)
    if family == "yolonas":
        outputs = TensorSpec("9", (1, CELLS, 4), "float32"), TensorSpec("output", (1, CELLS, CLASSES), "float32")
        return recognise(signature(outputs=outputs), None)
    return paddle(TensorSpec("a", (1, CELLS, 4), "float32"), TensorSpec("b", (1, CLASSES, CELLS), "float32"))


@pytest.mark.parametrize("family", ["damoyolo", "yolonas", "ppyoloe"])
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_class_of_a_box_that_reaches_the_threshold_is_a_detection(family, seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(-5, 50, (CELLS, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 30, (CELLS, 2))], axis=1).astype(np.float32)
    scores = distinct_scores(seed, CELLS * CLASSES).reshape(-1, CLASSES).astype(np.float32)
    arrays = {
        "damoyolo": (scores[None], boxes[None]),
        "yolonas": (boxes[None], scores[None]),
        "ppyoloe": (boxes[None], scores.T[None]),
    }[family]
    found, _ = of_one(Postprocess(raw(family), confidence=0.3, nms_iou=0.5), arrays)
    pairs = [(float(scores[i, c]), c, boxes[i].tolist()) for i, c in zip(*np.nonzero(scores >= 0.3), strict=True)]
    assert_same(found, in_source(slow_nms(pairs, 0.5)))


def test_ppyoloe_is_fed_its_own_size_and_a_scale_of_one():
    constants = raw("ppyoloe").constants
    assert {name: row.tolist() for name, row in constants.items()} == {
        "scale_factor": [[1, 1]],
        "im_shape": [[WH[1], WH[0]]],
    }


IMAGENET = {"type": "NormalizeImage", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "is_scale": True}
UNIT = {"type": "NormalizeImage", "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0], "norm_type": "none"}
RESIZE = {"type": "Resize", "target_size": [64, 64], "keep_ratio": False, "interp": 2}


@pytest.mark.parametrize(
    ("steps", "scale", "mean"),
    [
        pytest.param([RESIZE, IMAGENET, {"type": "Permute"}], 1 / 255, 0.485, id="PP-YOLOE"),
        pytest.param([RESIZE, UNIT, {"type": "Permute"}], 1 / 255, 0.0, id="PP-YOLOE+"),
        pytest.param([RESIZE, {**IMAGENET, "norm_type": "none"}], 1 / 255, 0.0, id="not normalised after all"),
        pytest.param([RESIZE, {**UNIT, "is_scale": False}], 1.0, 0.0, id="not scaled"),
        pytest.param([RESIZE, {"type": "Permute"}], 1.0, 0.0, id="normalised inside"),
        pytest.param([], 1 / 255, 0.0, id="nothing said"),
    ],
)
def test_infer_cfg_says_what_ppyoloe_is_fed(tmp_path, steps, scale, mean):
    layout = LAYOUTS["PP-YOLOE"]
    path = planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH)
    config = {"mode": "paddle", "arch": "YOLO", "Preprocess": steps, "label_list": ["cat", "dog", "cow"]}
    (tmp_path / "infer_cfg.yml").write_text(yaml.safe_dump(config))
    signature = read_signature(path)
    spec = recognise(signature, None).preprocessing
    assert (spec.scale, spec.mean[0], spec.color, spec.letterbox) == (scale, mean, "rgb", "stretch")
    assert signature.companion.labels == ("cat", "dog", "cow")


@pytest.mark.parametrize("text", ["Preprocess: {", "- a", "Preprocess: [{mean: [1]}]", "[" * 5000])
def test_a_broken_infer_cfg_is_named(tmp_path, text):
    layout = LAYOUTS["PP-YOLOE"]
    path = planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH)
    (tmp_path / "infer_cfg.yml").write_text(text)
    with pytest.raises(DataError, match=r"infer_cfg\.yml:"):
        read_signature(path)


def test_a_git_lfs_pointer_in_place_of_infer_cfg_is_called_one(tmp_path):
    path = planted(tmp_path / "m.onnx", LAYOUTS["PP-YOLOE"], outputs(LAYOUTS["PP-YOLOE"]), MODEL_WH)
    (tmp_path / "infer_cfg.yml").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1f2e\nsize 9\n")
    with pytest.raises(DataError, match=r"infer_cfg\.yml: a Git LFS pointer: run git lfs pull$"):
        read_signature(path)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([2, 1], [[0.9, 0.8], [0.7]], id="one picture's after the other's"),
        pytest.param([0, 3], [[], [0.9, 0.8, 0.7]], id="none of the first"),
        pytest.param([5, 5], [[0.9, 0.8, 0.7], []], id="more than there are"),
        pytest.param([-4, 2], [[], [0.9, 0.8]], id="less than none"),
    ],
)
def test_ppyoloes_rows_are_shared_out_by_their_counts(counts, expected):
    decoder = paddle(TensorSpec("rows", (None, 6), "float32"), TensorSpec("counts", (None,), "int32"))
    rows = np.array([[1, score, 1, 2, 30, 20] for score in (0.9, 0.8, 0.7)], np.float32)
    found = Postprocess(decoder, confidence=0.3, nms_iou=0.5)(
        (rows, np.array(counts, np.int32)), [BOX, BOX], [(128, 64)] * 2
    )
    assert [each.detections.score.tolist() for each in found] == [pytest.approx(scores) for scores in expected]
