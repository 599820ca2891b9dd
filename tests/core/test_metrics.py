"""Counters, percentiles of what is recent, histograms of everything."""

from __future__ import annotations

import pytest

from edge_app.core.metrics import BOUNDS_S, RECENT, Histogram, Metrics


def test_counters_are_added_by_label():
    stats = Metrics()
    stats.count("frames_dropped", camera="a", reason="queue")
    stats.count("frames_dropped", 2, camera="a", reason="stale")
    stats.count("frames_dropped", 5, camera="b", reason="queue")
    assert stats.total("frames_dropped") == 8
    assert stats.by("frames_dropped", "reason", camera="a") == {"queue": 1, "stale": 2}
    stats.clear()
    assert stats.total("frames_dropped") == 0


def test_a_gauge_is_what_was_set_last_and_stays_when_counting_begins_anew():
    stats = Metrics()
    assert stats.gauge_value("clock_skew", camera="a") is None
    stats.gauge("clock_skew", 3600.0, camera="a")
    stats.gauge("clock_skew", -2.5, camera="a")
    stats.gauge("clock_skew", 1.0, camera="b")
    stats.clear()
    assert stats.gauge_value("clock_skew", camera="a") == -2.5
    assert stats.gauge_value("clock_skew", camera="b") == 1.0
    assert stats.percentiles("clock_skew") == []
    stats.forget_gauge("clock_skew", camera="a")
    stats.forget_gauge("clock_skew", camera="nobody")
    assert {labels: value for (_, labels), value in stats.snapshot().gauges.items()} == {(("camera", "b"),): 1.0}


def test_percentiles_are_of_the_newest_and_the_histogram_is_of_all():
    stats = Metrics()
    for _ in range(RECENT):
        stats.observe("age", 4.0, camera="a")
    for number in range(RECENT):
        stats.observe("age", number / RECENT, camera="a")
    assert stats.percentiles("age", (0, 50, 100), camera="a") == pytest.approx([0, 0.5, 1], abs=0.01)
    assert stats.histogram("age", camera="a").count == 2 * RECENT


def test_the_newest_is_the_last_that_was_observed_of_these_labels():
    metrics = Metrics()
    assert metrics.newest("age", camera="gate") is None
    for number in range(RECENT + 2):
        metrics.observe("age", number, camera="gate")
    metrics.observe("age", 0.5, camera="yard")
    assert (metrics.newest("age", camera="gate"), metrics.newest("age")) == (RECENT + 1, None)


def test_what_is_observed_and_counted_of_a_batch_is_as_if_one_by_one():
    together, single = Metrics(), Metrics()
    names, cameras, seconds = ("age", "infer"), ["gate", "yard", "gate"], [(0.1, 0.01), (0.2, 0.02), (0.3, 0.03)]
    for _ in range(2):  # anew, once all is forgotten
        together.observe_each(names, cameras, seconds)
        together.count_each("frames_analysed", cameras)
        for camera, each in zip(cameras, seconds, strict=True):
            single.observe_all(dict(zip(names, each, strict=True)), camera=camera)
            single.count("frames_analysed", camera=camera)
        assert together.snapshot() == single.snapshot()
        assert together.percentiles("age", camera="gate") == single.percentiles("age", camera="gate")
        for metrics in (together, single):
            metrics.clear()


def test_a_histogram_counts_what_took_at_most_so_long():
    stats = Metrics()
    for camera, seconds in (("a", 0.001), ("a", 0.003), ("b", 0.05), ("b", 60.0)):
        stats.observe("infer", seconds, camera=camera)
    whole = stats.histogram("infer")
    assert (whole.count, whole.sum) == (4, pytest.approx(60.054))
    assert dict(zip(BOUNDS_S, whole.buckets, strict=True)) == {
        **dict.fromkeys(BOUNDS_S, 3), 0.001: 1, 0.002: 1, 0.005: 2, 0.01: 2, 0.02: 2
    }  # fmt: skip
    assert stats.histogram("infer", camera="b").count == 2
    assert stats.histogram("infer", camera="c") == Histogram(0, 0, (0,) * len(BOUNDS_S))


def test_memory_is_bounded():
    stats = Metrics()
    for _ in range(3 * RECENT):
        stats.observe("age", 0.1)
    assert len(next(iter(stats._durations.values())).recent) == RECENT
