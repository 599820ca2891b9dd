"""What one process counts is counted in another one too: each thing once, whatever was there before."""

from __future__ import annotations

from edge_app.core.metrics import Metrics
from edge_app.core.metrics_changes import ChangeWatch, MetricsChanges


def test_what_is_new_is_added_once() -> None:
    theirs, ours = Metrics(), Metrics()
    watch = ChangeWatch(theirs)
    ours.count("frames", 5, camera="gate")
    for turn in range(3):
        theirs.count("frames", 2, camera="gate")
        theirs.gauge("skew", turn, camera="gate")
        theirs.observe("age", 0.1 * turn, camera="gate")
        watch.look().add_to(ours)
    assert ours.total("frames", camera="gate") == 5 + 3 * 2
    assert ours.gauge_value("skew", camera="gate") == 2
    assert ours.histogram("age", camera="gate") == theirs.histogram("age", camera="gate")
    assert ours.newest("age", camera="gate") == theirs.newest("age", camera="gate")
    assert watch.look() == MetricsChanges({}, {}, [], {})


def test_a_gauge_that_is_forgotten_is_so_in_both() -> None:
    theirs, ours = Metrics(), Metrics()
    watch = ChangeWatch(theirs)
    theirs.gauge("inside", 3, camera="gate")
    watch.look().add_to(ours)
    theirs.forget_gauge("inside", camera="gate")
    watch.look().add_to(ours)
    assert ours.gauge_value("inside", camera="gate") is None


def test_of_more_durations_than_are_kept_the_newest_come() -> None:
    theirs = Metrics()
    watch = ChangeWatch(theirs)
    watch.look()
    theirs.observe_more({("age", ()): [float(number) for number in range(3000)]})
    (found,) = watch.look().durations.values()
    assert found == [float(number) for number in range(3000 - 2048, 3000)]
