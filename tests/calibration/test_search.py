"""Which layers INT8 hurts, measured; and those go back to float until it agrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

from edge_app.calibration.cache import open_cache
from edge_app.calibration.context import ReferenceModel
from edge_app.calibration.evaluation import Evaluation
from edge_app.calibration.float_layers import FallbackSearch
from edge_app.calibration.placement import only, place
from edge_app.calibration.qdq import quantized
from edge_app.calibration.sensitivity import damage, damages, measure_sqnr, multiplications
from edge_app.calibration.series import find_series
from tests.calibration.conftest import nobody
from tests.calibration.networks import every_layout
from tests.model.boxes import CAR, NOTHING, detections

BAD = "node_conv2d_7"  # what it reads shares its scale with nothing


@pytest.fixture(scope="module")
def reference(detector):
    return ReferenceModel(detector.signature.path, detector)


@pytest.fixture(scope="module")
def evaluation(some, detector, reference, tmp_path_factory):
    with open_cache(tmp_path_factory.mktemp("cache") / "holdout", detector.input) as cache:
        (series,) = find_series([some / "holdout"])
        for shown in series.read(range(series.count)):
            cache.add(shown.picture, shown.name, shown.file)
        yield Evaluation(cache, reference, detector, nobody)


@pytest.fixture(scope="module")
def spoilt(context, tmp_path_factory):
    """One tensor's range is cut to a fortieth."""
    node = context.graph.node(BAD)
    ranges = {**context.ranges, node.input[0]: context.ranges[node.input[0]] / 40}
    return replace(context, ranges=ranges, work_dir=tmp_path_factory.mktemp("spoilt"))


@pytest.fixture(scope="module")
def placement(context):
    return place(context.graph)


def test_the_layer_that_was_spoilt_hurts_most(spoilt, placement, cache, reference):
    hurt = damages(spoilt, placement, cache, reference)
    assert set(hurt) == set(placement.layers)
    assert max(hurt, key=hurt.__getitem__) == BAD


def test_what_was_measured_is_not_measured_again(spoilt, placement, cache, reference, monkeypatch):
    first = damages(spoilt, placement, cache, reference)
    monkeypatch.setattr(type(spoilt), "quantized", lambda *_: pytest.fail("measured again"))
    assert damages(spoilt, placement, cache, reference) == first


def test_where_the_model_finds_nothing_nothing_is_measured(context, placement, detector, reference, tmp_path):
    from edge_app.core.frames import Picture

    with open_cache(tmp_path / "black", detector.input) as black:
        for _ in range(3):
            black.add(Picture.from_bgr(np.zeros((20, 20, 3), np.uint8)), "black")
        assert damages(context, placement, black, reference) == {}


def test_the_spoilt_layer_goes_back_to_float_and_no_other(spoilt, evaluation, placement):
    search = FallbackSearch(spoilt, evaluation, 0.95)
    before = search.measure()
    assert search.falls_short(before)
    found = search.run(before, [placement.layers[0], BAD, placement.layers[5]])
    assert [each.layer for each in found.fallbacks] == [BAD]
    assert found.fallbacks[0].gain > 0.05
    assert set(placement.layers) - set(found.placement.layers) == {BAD}
    assert not search.falls_short(search.measure([BAD]))


def test_an_interrupted_search_goes_on(spoilt, evaluation, placement, detector, tmp_path, monkeypatch):
    context, order = replace(spoilt, work_dir=tmp_path), [BAD, placement.layers[0]]
    search = FallbackSearch(context, evaluation, 0.95)
    found = search.run(search.measure(), order)
    monkeypatch.setattr(Evaluation, "detect", lambda *_: pytest.fail("measured again"))
    again = FallbackSearch(context, evaluation, 0.95)
    assert again.run(again.measure(), order).fallbacks == found.fallbacks
    with pytest.raises(pytest.fail.Exception):
        FallbackSearch(replace(context, detector=replace(detector, sha256="0" * 64)), evaluation, 0.95).measure()


def test_what_no_layer_mends_is_told_after_one_trial(spoilt, evaluation, placement):
    tried = []
    told = Evaluation.detect
    search = FallbackSearch(spoilt, evaluation, 0.95)
    before = search.measure()
    evaluation_detect = lambda network, step: tried.append(step) or told(evaluation, network, step)  # noqa: E731, a line is enough
    evaluation.detect = evaluation_detect
    found = search.run(before, [layer for layer in placement.layers if layer != BAD][:3])
    del evaluation.detect
    assert found.fallbacks == ()
    assert search.falls_short(found.best_in_float)
    assert tried == ["INT8 on the holdout, 3 layers in float"]


def test_ground_truth_is_read_from_the_labels(evaluation):
    truth = evaluation.ground_truth(evaluation.reference)
    assert truth.fp32_map50 == truth.int8_map50 > 0.9
    half = evaluation.ground_truth([NOTHING] * len(evaluation.cache))
    assert half.int8_map50 == 0 < half.fp32_map50


def test_damage_is_what_is_missing_of_the_boxes():
    reference = detections([CAR, (60, 60, 10, 10, 0.6, 0), (90, 90, 5, 5, 0.2, 0)])
    assert damage(reference, reference) == pytest.approx(0, abs=1e-6)
    assert damage(reference, NOTHING) == 2
    assert damage(reference, detections([(*CAR[:4], 0.4, 1)])) == pytest.approx(1.5)
    assert damage(reference, detections([(*CAR[:4], 0.8, 0)])) == 2
    assert damage(reference, detections([(10, 10, 20, 10, 0.9, 1)])) == pytest.approx(1.5)


def test_a_layers_noise_is_that_of_the_layer_by_itself(context, placement, cache):
    """Against the outputs of the model and of one with that layer quantized, whose inputs are the same."""
    pictures = [cache[0], cache[1]]
    layers = {layer.name: layer.sqnr_db for layer in measure_sqnr(context, placement, pictures)}
    assert set(layers) == set(placement.layers)
    layer = placement.layers[7]
    output = context.graph.node(layer).output[0]
    outputs = [
        np.stack([arrays[0] for arrays in shown(model, output, context, pictures)])
        for model in (context.graph.to_model(), quantized(context.graph, only(placement, layer), context.ranges))
    ]
    exact, noisy = outputs
    expected = 10 * np.log10((exact**2).sum() / ((exact - noisy) ** 2).sum())
    assert layers[layer] == pytest.approx(expected, abs=0.05)


def shown(model, output, context, pictures):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.output.append(onnx.helper.make_empty_tensor_value_info(output))
    path = context.work_dir / "shown.onnx"
    onnx.save(copy, path)
    return [arrays for _, arrays in ReferenceModel(path, context.detector).run(pictures, [output])]


def test_multiplications_are_counted_by_hand():
    work = multiplications(every_layout())
    assert work["stem"] == 16 * 16 * 16 * 3 * 9
    assert work["depth"] == 16 * 16 * 16 * 9
    assert work["deep"] == 8 * 8 * 16 * 16
    assert work["wide"] == 16 * 16 * 24 * 16 * 4
