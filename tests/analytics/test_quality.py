"""Tracks of what the bundled model finds in the rendered street, against what was drawn."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.track_quality import Score, pooled, scores
from edge_app.core.detections import Detections
from edge_app.synthetic.ground_truth import SceneTruth

LEAST_IDF1 = {"bytetrack": 0.85, "ocsort": 0.8, "sort": 0.8}
LEAST_MOTA = 0.8


def judged(ids_of, frames=100):
    """Two objects that pass each other; `ids_of` a frame are the ids of what was found, exactly where they are."""
    result = Score()
    for t in range(frames):
        boxes = np.array([[10 + 3 * t, 10, 40 + 3 * t, 60], [400 - 3 * t, 200, 460 - 3 * t, 240]], np.float32)
        truth = SceneTruth(boxes, np.zeros(2, np.int32), np.ones(2, np.float32), np.array([71, 72]))
        result.add(truth, Detections(boxes, np.ones(2, np.float32), np.zeros(2, np.int32)), np.array(ids_of(t)))
    return result


@pytest.mark.parametrize(
    ("ids_of", "idf1", "mota", "switches"),
    [
        pytest.param(lambda t: [1, 2], 1, 1, 0, id="all right"),
        pytest.param(lambda t: [1, 2] if t < 50 else [2, 1], 0.5, 1 - 2 / 200, 2, id="ids change places half-way"),
        pytest.param(lambda t: [1, 2] if t < 80 else [1, 3], 0.9, 1 - 1 / 200, 1, id="a new id after 80 of 100 frames"),
        pytest.param(lambda t: [1, 2 if t % 4 else -1], 350 / 375, 1 - 25 / 200, 0, id="every fourth without an id"),
        pytest.param(lambda t: [-1, -1], 0, 0, 0, id="no ids"),
    ],
)
def test_the_judge_gives_what_follows_by_hand(ids_of, idf1, mota, switches):
    result = judged(ids_of)
    assert (result.idf1, result.mota, result.switches) == (pytest.approx(idf1), pytest.approx(mota), switches)
    assert pooled([result, result]) == (pytest.approx(idf1), pytest.approx(mota), 2 * switches)


@pytest.mark.parametrize("every", [1, 2])
def test_tracks_of_the_rendered_street_are_as_good_as_promised_also_at_half_the_rate(every):
    for tracker, result in scores(7, "day", "clear", 300, every).items():
        assert result.idf1 >= LEAST_IDF1[tracker], (tracker, result.idf1)
        assert result.mota >= LEAST_MOTA, (tracker, result.mota)
