"""How well two models' detections agree, against a slow and plain computation of the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.model.agreement import Agreement, Judged, agreement, map50
from tests.model.boxes import CAR, NOTHING, detections, many

corner, side = st.integers(0, 40), st.integers(4, 24)
score = st.sampled_from([0.04, 0.05, 0.1, 0.29, 0.3, 0.31, 0.5, 0.55, 0.6, 0.7, 0.9])
row = st.tuples(corner, corner, side, side, score, st.integers(0, 1))
picture = st.lists(row, max_size=12)


def overlap(a, b):
    """Intersection over union of two rows."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    inner = max(width, 0) * max(height, 0)
    return inner / (a[2] * a[3] + b[2] * b[3] - inner)


def claims(reference, found, kind, iou):
    """The found boxes of a class in the order of their scores: True, False, or None where neither right nor wrong."""
    wanted = [[w for w in rows if w[5] == kind and w[4] >= 0.05] for rows in reference]
    taken = [set() for _ in wanted]
    everything = [(row, i) for i, rows in enumerate(found) for row in rows if row[5] == kind and row[4] >= 0.05]
    verdicts = []
    for row, i in sorted(everything, key=lambda each: -each[0][4]):
        near = [j for j, w in enumerate(wanted[i]) if j not in taken[i] and overlap(row, w) >= iou]
        if not near:
            verdicts.append(False)
            continue
        j = max(near, key=lambda j: (wanted[i][j][4] >= 0.3, overlap(row, wanted[i][j])))
        taken[i].add(j)
        verdicts.append(True if wanted[i][j][4] >= 0.3 else None)
    return verdicts


def slow_average_precision(reference, found, kind, iou):
    truths = sum(row[5] == kind and row[4] >= 0.3 for rows in reference for row in rows)
    points, right, seen = [], 0, 0
    for verdict in claims(reference, found, kind, iou):
        if verdict is None:
            continue
        right, seen = right + verdict, seen + 1
        points.append((right, right / seen))
    at = [max((p for hits, p in points if 100 * hits >= percent * truths), default=0.0) for percent in range(101)]
    return sum(at) / 101


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(picture, picture), min_size=8, max_size=12))
def test_equals_the_slow_computation(pictures):
    reference, found = ([pair[k] for pair in pictures] for k in (0, 1))
    got = agreement([detections(rows) for rows in reference], [detections(rows) for rows in found], 0.5)
    counts = {k: sum(row[5] == k and row[4] >= 0.3 for rows in reference for row in rows) for k in (0, 1)}
    judged = {kind: boxes for kind, boxes in counts.items() if boxes >= 20}
    assert {kind: of.boxes for kind, of in got.judged.items()} == judged
    assert got.not_judged == {kind: boxes for kind, boxes in counts.items() if 0 < boxes < 20}
    for kind in judged:
        assert got.judged[kind].ap50 == pytest.approx(slow_average_precision(reference, found, kind, 0.5))
    ious = [iou / 100 for iou in range(50, 100, 5)]
    slow = [[slow_average_precision(reference, found, kind, iou) for iou in ious] for kind in judged] or [[0.0] * 10]
    assert got.map50 == pytest.approx(np.mean(slow, axis=0)[0])
    assert got.map50_95 == pytest.approx(np.mean(slow))


def test_a_model_agrees_with_itself():
    same = agreement(many([CAR]), many([CAR]), 0.5)
    assert same == Agreement(1.0, 1.0, 1.0, 1.0, 0.0, {1: Judged(20, 1.0)}, {}, 20)
    assert same.boxes == 20
    assert same.shortfall(1.0) is None


def test_a_box_of_the_other_class_is_not_found():
    other = agreement(many([CAR]), many([(*CAR[:5], 0)]), 0.5)
    assert (other.map50, other.recall, other.precision) == (0.0, 0.0, 0.0)
    assert other.shortfall(0.95) == "mAP50 0.0000, recall 0.0000, precision 0.0000 below 0.95"


def test_a_box_that_hovers_at_the_truths_threshold_costs_nothing():
    hovering = agreement(many([CAR, (60, 60, 9, 9, 0.29, 1)]), many([CAR, (60, 60, 9, 9, 0.95, 1)]), 0.99)
    assert hovering.map50 == 1.0


def test_a_box_that_two_could_be_is_the_true_one():
    hovering = (12, 10, 20, 20, 0.29, 1)
    assert agreement(many([CAR, hovering]), many([(*hovering[:4], 0.9, 1)]), 0.5).map50 == 1.0


@pytest.mark.parametrize(("score", "counts"), [(0.04, False), (0.05, True)])
def test_what_scores_less_than_five_percent_is_not_looked_at(score, counts):
    assert agreement(many([CAR]), many([(*CAR[:4], score, 1)]), 0.5).map50 == counts
    hovering = many([CAR, (60, 60, 9, 9, score, 1)])
    assert (agreement(hovering, many([CAR, (60, 60, 9, 9, 0.9, 1)]), 0.99).map50 == 1.0) == counts


def test_an_invented_box_costs_precision():
    invented = agreement(many([CAR]), many([CAR, (60, 60, 9, 9, 0.61, 0)]), 0.5)
    assert (invented.map50, invented.recall, invented.precision) == (1.0, 1.0, 0.5)
    assert agreement(many([CAR]), many([CAR, (60, 60, 9, 9, 0.59, 0)]), 0.5).precision == 1.0


def test_a_lost_box_costs_recall_only_where_it_was_clear():
    clear, unclear = (60, 60, 9, 9, 0.61, 1), (60, 60, 9, 9, 0.59, 1)
    assert agreement(many([CAR, clear]), many([CAR]), 0.5).recall == 0.5
    assert agreement(many([CAR, unclear]), many([CAR]), 0.5).recall == 1.0
    assert agreement(many([CAR, clear]), many([CAR, (*clear[:4], 0.5, 1)]), 0.5).recall == 1.0
    assert agreement(many([CAR, clear]), many([CAR, (*clear[:4], 0.49, 1)]), 0.5).recall == 0.5


def test_one_box_is_matched_once():
    twice = agreement(many([CAR]), many([CAR, (*CAR[:4], 0.7, 1)]), 0.5)
    assert (twice.map50, twice.precision) == (1.0, 0.5)


def test_scores_that_rise_together_are_drift():
    assert agreement(many([CAR]), many([(*CAR[:4], 0.9, 1)]), 0.5).score_drift == pytest.approx(0.1)


def test_the_truth_begins_at_thirty_percent():
    assert agreement(many([(*CAR[:4], 0.3, 1)], 1), many([], 1), 0.5).not_judged == {1: 1}
    assert agreement(many([(*CAR[:4], 0.29, 1)], 1), many([], 1), 0.5).not_judged == {}


def test_too_few_boxes_are_not_judged():
    few = agreement(many([CAR], 19), many([CAR], 19), 0.5)
    assert (few.map50, few.boxes, few.judged, few.not_judged) == (0.0, 0, {}, {1: 19})


def test_nothing_at_all_is_no_agreement():
    assert agreement([], [], 0.5).map50 == 0.0
    assert agreement([NOTHING], [NOTHING], 0.5).map50 == 0.0


def test_pictures_must_be_the_same():
    with pytest.raises(ValueError, match="zip"):
        agreement([NOTHING], [], 0.5)


def test_ground_truth_takes_every_class_and_every_score():
    truth = [detections([(*CAR[:4], 0.0, 1), (60, 60, 9, 9, 0.0, 0)])]
    assert map50(truth, [detections([(*CAR[:4], 0.01, 1)])]) == 0.5
    assert map50(truth, [detections([(*CAR[:4], 0.01, 1), (60, 60, 9, 9, 0.02, 0)])]) == 1.0
    with pytest.raises(ValueError, match="no box"):
        map50([NOTHING], [NOTHING])
