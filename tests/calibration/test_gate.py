"""What the gate lets through, and what it refuses and why."""

from __future__ import annotations

import pytest

from edge_app.calibration.evaluation import against_truth, judge, lacking_evidence
from edge_app.model.agreement import agreement
from edge_app.model.report import GroundTruth
from tests.model.boxes import CAR, NOTHING, detections, many

FEW = (60, 60, 9, 9, 0.8, 0)


def measured(reference, found, threshold=0.5):
    return agreement(reference, found, threshold)


def test_a_model_that_agrees_passes():
    verdict = judge(measured(many([CAR], 100), many([CAR], 100)), None, 0.95)
    assert verdict.passed
    assert verdict.reason == "mAP50, recall and precision are at least 0.95"
    assert not verdict.thin_evidence


@pytest.mark.parametrize("lost", [5, 6])
def test_the_bar_itself_passes(lost):
    found = many([CAR], 100 - lost) + [NOTHING] * lost
    verdict = judge(measured(many([CAR], 100), found), None, 0.95)
    assert verdict.passed is (lost == 5)


def test_low_recall_is_refused_in_words():
    clear = (60, 60, 9, 9, 0.9, 1)
    found = many([CAR, clear], 60) + many([CAR, (*clear[:4], 0.4, 1)], 40)
    verdict = judge(measured(many([CAR, clear], 100), found), None, 0.95)
    assert not verdict.passed
    assert verdict.reason == "recall 0.8000 below 0.95"


def test_low_precision_is_refused_though_the_invented_label_is_not_judged():
    verdict = judge(measured(many([CAR], 100), many([CAR, FEW], 100)), None, 0.95)
    assert not verdict.passed
    assert verdict.reason == "precision 0.5000 below 0.95"


def test_black_pictures_are_not_enough_evidence_even_where_thin_evidence_is_allowed():
    nothing = measured([NOTHING] * 10, [NOTHING] * 10)
    for allow in (False, True):
        verdict = judge(nothing, None, 0.95, allow_thin_evidence=allow)
        assert not verdict.passed
        assert verdict.reason.startswith("not enough evidence: the model finds 0 boxes")


@pytest.mark.parametrize("allow", [False, True])
def test_where_the_model_is_sure_of_nothing_there_is_nothing_to_recall(allow):
    unsure = measured(many([CAR], 100), many([CAR], 100), threshold=0.92)
    verdict = judge(unsure, None, 0.95, allow_thin_evidence=allow)
    assert not verdict.passed
    assert verdict.reason.startswith("not enough evidence: the model is sure of no box")


def test_99_boxes_are_refused_and_100_are_enough():
    thin = measured(many([CAR], 99), many([CAR], 99))
    assert "finds 99 boxes" in judge(thin, None, 0.95).reason
    assert lacking_evidence(measured(many([CAR], 100), many([], 100))) is None


def test_too_few_boxes_say_from_which_score_on_they_count_and_what_to_do():
    reference = many([CAR], 31)
    reason = str(lacking_evidence(measured(reference, reference)))
    assert "finds 31 boxes in the holdout with a score of 0.3 or more, of labels with at least 20; want 100" in reason
    assert reason.endswith("; give it more pictures, of scenes with more to see, or --allow-thin-evidence")
    nothing = str(lacking_evidence(measured([NOTHING], [NOTHING])))
    assert nothing.endswith("; give it more pictures, of scenes with more to see")  # which no option replaces


def test_labels_that_are_not_judged_are_no_evidence():
    reference = many([CAR], 90) + many([FEW], 19)
    assert "finds 90 boxes" in str(lacking_evidence(measured(reference, reference)))


def test_thin_evidence_that_is_allowed_is_recorded_and_judged():
    verdict = judge(measured(many([CAR], 99), many([CAR], 99)), None, 0.95, allow_thin_evidence=True)
    assert verdict.passed
    assert verdict.thin_evidence
    assert not judge(measured(many([CAR], 99), many([], 99)), None, 0.95, allow_thin_evidence=True).passed


def test_a_loss_against_ground_truth_is_refused():
    same = measured(many([CAR], 100), many([CAR], 100))
    assert judge(same, GroundTruth(fp32_map50=0.8, int8_map50=0.77), 0.95).passed
    verdict = judge(same, GroundTruth(fp32_map50=0.8, int8_map50=0.75), 0.95)
    assert not verdict.passed
    assert verdict.reason == "against ground truth INT8's mAP50 is 0.7500, FP32's 0.8000"


def test_ground_truth_is_taken_from_the_pictures_that_have_one():
    car = detections([CAR])
    measured_truth = against_truth([car, None, car], [car, NOTHING, car], [car, NOTHING, NOTHING])
    assert measured_truth is not None
    assert measured_truth.fp32_map50 == 1.0
    assert measured_truth.int8_map50 == pytest.approx(51 / 101)
    assert against_truth([None, NOTHING], [car, car], [car, car]) is None
