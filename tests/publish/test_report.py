"""The report on `stats`: it fits its schema, and it says what was counted."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from edge_app.core.errors import Reason
from edge_app.core.metrics import Metrics
from edge_app.machine import BoxClock
from edge_app.publish import StatsReporter, schema
from tests.clocks import RIGHT, WRONG
from tests.publish.conftest import Running
from tests.publish.health import camera, health, sink
from tests.publish.test_mqtt import config


def report(stats: Metrics, clock: BoxClock = RIGHT) -> Any:
    cameras = {"gate": camera("up", None, "black_picture"), "yard": camera("down", Reason.TIMEOUT)}
    sinks = {"mqtt": sink("the broker hung up", queued=4, spooled=3, oldest_s=7.77)}
    reporter = StatsReporter("01ARZ3NDEKTSV4RRFFQ69G5FAV", stats, clock)
    message = reporter.report(health(cameras=cameras, sinks=sinks))
    document = json.loads(message.payload)
    jsonschema.Draft202012Validator(json.loads(schema("stats"))).validate(document)
    return document


def test_a_report_says_that_nobody_keeps_the_clock_right() -> None:
    assert report(Metrics(), WRONG)["clock"] == "unsynchronised"
    assert "clock" not in report(Metrics())


def test_a_report_counts_by_camera_and_reason_and_sorts_ages_into_buckets() -> None:
    stats = Metrics()
    stats.count("frames_captured", 7, camera="gate")
    stats.count("frames_dropped", 2, camera="gate", reason="stale")
    stats.count("outputs_not_finite", 4, camera="gate")
    stats.count("publish_dropped", 3, sink="mqtt", reason="queue")
    stats.count("publish_dropped", 2, sink="mqtt", reason="refused")
    stats.count("publish_refused", 2, sink="mqtt", code="Not authorized")
    for age in (0.04, 0.3):
        stats.observe("age", age, camera="gate")
    document = report(stats)
    gate = document["cameras"]["gate"]
    assert (gate["captured"], gate["dropped"], gate["outputs_not_finite"]) == (7, {"stale": 2}, 4)
    assert gate["durations"]["age"] == {"count": 2, "sum_s": 0.34, "buckets": [0] * 5 + [1] * 3 + [2] * 4}
    assert document["status"] == "degraded"
    assert gate["warnings"] == ["black_picture"]
    yard = document["cameras"]["yard"]
    assert (yard["reason"], yard["warnings"]) == ("timeout", [])
    assert document["sinks"]["mqtt"] == {
        "state": "down",
        "reason": "the broker hung up",
        "queued": 4,
        "spooled": 3,
        "oldest_s": 7.8,
        "published": 0,
        "failed": 0,
        "dropped": {"queue": 3, "refused": 2},
        "refused": {"Not authorized": 2},
    }


def test_a_report_says_what_answers_and_since_when() -> None:
    document = report(Metrics())
    assert document["since"] == "2026-11-23T15:00:00.123Z"
    names = {"name": "traffic", "sha256": "c7" * 32, "engine": "onnxruntime-cpu", "precision": "int8"}
    assert document["model"] == names


def test_a_broker_gets_the_newest_report_only_and_nobody_waits_for_it(
    broker: Any, subscribe: Any, running: Running
) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port).open())
    stats = Metrics()
    stats.count("frames_captured", 5, camera="gate")
    delivery.put_state(StatsReporter("01ARZ3NDEKTSV4RRFFQ69G5FAV", stats, RIGHT).report(health()))
    subscriber.wait_for(lambda: subscriber.on("edge_app/stats"))
    assert json.loads(subscriber.on("edge_app/stats")[0])["cameras"]["gate"]["captured"] == 5
