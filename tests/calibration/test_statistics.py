"""Ranges are measured over all pictures, one after the other; what was interrupted goes on."""

from __future__ import annotations

import io
import tracemalloc
from dataclasses import replace

import numpy as np
import onnx
import pytest

from edge_app.calibration import ranges
from edge_app.calibration.cache import CalibrationCache
from edge_app.calibration.context import ReferenceModel
from edge_app.calibration.ranges import ActivationHistogram, observe
from edge_app.core.frames import Picture
from edge_app.model import InputSpec, read_signature
from edge_app.onnx_graph import OnnxGraph
from edge_app.postprocess.ssd import SsdDecoder
from tests.calibration.conftest import nobody
from tests.calibration.networks import SIDE
from tests.calibration.networks import Network as Layers

SPEC = InputSpec(width=SIDE, height=SIDE, color="bgr", scale=1 / 255)
TENSORS = ["body.act", "images"]


def layers(batch):
    n = Layers(batch)
    n.conv("head", n.silu("body.act", n.conv("body", "images", 3, 16, 3)), 16, 4)
    return n.model("head")


@pytest.fixture
def feeds(detector, tmp_path):
    """A small model, how it is fed, and pictures for it."""

    def make(batch=None, count=10, first=0):
        model = layers(batch or "batch")
        path = tmp_path / "small.onnx"
        onnx.save(model, path)
        cache = CalibrationCache(io.BytesIO(), SPEC)
        for seed in range(first, first + count):
            pixels = np.random.default_rng(seed).integers(0, 25 * (seed % 10 + 1), (SIDE, SIDE, 3), np.uint8)
            cache.add(Picture.from_bgr(pixels), str(seed))
        return model, replace(detector, signature=read_signature(path), input=SPEC), cache

    return make


def counted(model, detector, cache, folder, progress=nobody):
    return observe(OnnxGraph(model), TENSORS, detector, cache, folder, progress)


def same(a, b):
    return all((a[name].counts == b[name].counts).all() and a[name].top == b[name].top for name in TENSORS)


def test_each_tensors_values_of_all_pictures_are_counted(feeds, tmp_path):
    model, detector, cache = feeds()
    found = counted(model, detector, cache, tmp_path)
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.append(onnx.helper.make_empty_tensor_value_info("body.act"))
    onnx.save(shown, tmp_path / "shown.onnx")
    network, expected = (
        ReferenceModel(tmp_path / "shown.onnx", detector),
        {name: ActivationHistogram() for name in TENSORS},
    )
    for _, arrays in network.run(cache, ["body.act"]):
        expected["body.act"].add(arrays[0])
        expected["images"].add(network.fed("images"))
    assert same(found, expected)
    assert expected["images"].counts.sum() == len(cache) * 3 * SIDE**2


def test_a_fixed_batch_counts_every_picture(feeds, tmp_path):
    one, four = ({}, {})
    for found, batch in ((one, 1), (four, 4)):
        model, detector, cache = feeds(batch, count=8)
        (tmp_path / str(batch)).mkdir()
        found.update(counted(model, detector, cache, tmp_path / str(batch)))
    assert one["images"].counts.sum() == four["images"].counts.sum()
    assert abs(one["body.act"].range("max") / four["body.act"].range("max") - 1) < 1e-3


class Interruption(Exception):  # noqa: N818, it is not an error
    pass


def interrupted_at(picture, monkeypatch):
    """Every picture's state is saved; at that one the block is left."""
    monkeypatch.setattr(ranges, "SAVE_EVERY_S", 0.0)

    def progress(done):
        if done == picture:
            raise Interruption

    return progress


def test_an_interrupted_measurement_goes_on_to_the_same_result(feeds, tmp_path, monkeypatch):
    job = feeds()
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected = counted(*job, whole)
    with pytest.raises(Interruption):
        counted(*job, parts, interrupted_at(6, monkeypatch))
    done = []
    found = counted(*job, parts, done.append)
    assert done == [6, 7, 8, 9, 10]  # the sixth was not saved yet
    assert same(found, expected)


def test_other_pictures_begin_anew(feeds, tmp_path, monkeypatch):
    with pytest.raises(Interruption):
        counted(*feeds(), tmp_path, interrupted_at(6, monkeypatch))
    done = []
    counted(*feeds(first=1), tmp_path, done.append)
    assert done[0] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "0" * 64},
        {"input": SPEC.model_copy(update={"scale": 1.0})},
        {"decoder": SsdDecoder(SPEC, 4, (0, 1, 2, 3))},
    ],
)
def test_another_model_or_preprocessing_begins_anew(feeds, tmp_path, change):
    model, detector, cache = feeds()
    counted(model, detector, cache, tmp_path)
    done = []
    other = replace(detector, **change)
    found = counted(model, other, cache, tmp_path, done.append)
    assert done == list(range(1, 11))
    (tmp_path / "fresh").mkdir()
    assert same(found, counted(model, other, cache, tmp_path / "fresh"))


def test_a_torn_state_begins_anew(feeds, tmp_path):
    counted(*feeds(), tmp_path)
    (tmp_path / "statistics.npz").write_bytes(b"PK torn")
    done = []
    counted(*feeds(), tmp_path, done.append)
    assert done[0] == 1


def test_memory_does_not_grow_with_the_number_of_pictures(feeds, tmp_path):
    peaks = []
    for count in (10, 100):
        job, folder = feeds(count=count), tmp_path / str(count)
        folder.mkdir()  # of its own: what another run saved would be read first
        tracemalloc.start()
        counted(*job, folder)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
