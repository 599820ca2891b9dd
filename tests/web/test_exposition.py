"""`/metrics` is what Prometheus reads, and what the table says."""

from __future__ import annotations

import re
import select
import socket
import threading
from contextlib import ExitStack
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge_app.core.metrics import BOUNDS_S, Metrics
from edge_app.machine import MEANINGS, Reading
from edge_app.web.metric_table import STAGES, TABLE
from edge_app.web.routes.overview import MOST_WAITING
from tests.waiting import PATIENCE_S, until
from tests.web.served import Serve, view


def counted() -> Metrics:
    """A program that has seen something of everything."""
    metrics = Metrics()
    for camera in ("gate", "yard"):
        metrics.count("frames_captured", 7, camera=camera)
        metrics.count("frames_dropped", 2, camera=camera, reason="queue")
        metrics.observe_all(dict.fromkeys(("age", *STAGES), 0.03), camera=camera)
        metrics.observe_all(dict.fromkeys(("age", *STAGES), 30.0), camera=camera)
    metrics.count("line_crossings", camera="gate", line="in", direction="in", label='per"son\\\n')
    metrics.gauge("clock_skew", -3.5, camera="gate")
    metrics.observe("zone_dwell", 4.0, camera="gate", zone="door", label="person")
    return metrics


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


def value(found: dict[Any, float], name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_it_says_what_was_counted_and_how_everything_is(serve: Serve) -> None:
    metrics = counted()
    answer = serve(view(metrics=lambda: metrics)).ask("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.body.decode())
    assert value(found, "edge_app_frames_captured_total", camera="gate") == 7
    assert value(found, "edge_app_frames_dropped_total", camera="yard", reason="queue") == 2
    assert value(found, "edge_app_clock_skew_seconds", camera="gate") == -3.5
    assert (
        value(found, "edge_app_line_crossings_total", camera="gate", line="in", direction="in", label='per"son\\\n')
        == 1
    )
    assert value(found, "edge_app_camera_up", camera="gate") == 1
    assert value(found, "edge_app_camera_up", camera="yard") == 0
    assert ("edge_app_camera_up", frozenset({("camera", "off")})) not in found
    assert value(found, "edge_app_camera_warning", camera="gate", reason="black_picture") == 1
    assert value(found, "edge_app_sink_up", sink="mqtt") == 1
    assert value(found, "edge_app_spool_messages", sink="mqtt") == 2
    assert value(found, "edge_app_sink_oldest_seconds", sink="stdout") == 0
    assert value(found, "edge_app_ready") == 1
    assert {name for name, _ in found} >= {
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
    }


def test_histograms_rise_and_hold_all(serve: Serve) -> None:
    metrics = counted()
    found = samples(serve(view(metrics=lambda: metrics)).ask("/metrics").body.decode())
    for stage in STAGES:
        of = {"camera": "gate", "stage": stage}
        rising = [value(found, "edge_app_stage_seconds_bucket", le=str(bound), **of) for bound in BOUNDS_S]
        assert rising == [float(bound >= 0.03) for bound in BOUNDS_S]
        assert value(found, "edge_app_stage_seconds_bucket", le="+Inf", **of) == 2
        assert value(found, "edge_app_stage_seconds_count", **of) == 2
        assert value(found, "edge_app_stage_seconds_sum", **of) == pytest.approx(30.03)
    assert value(found, "edge_app_frame_age_seconds_count", camera="yard") == 2


def test_every_metric_of_the_table_is_there_with_its_meaning_and_no_other(serve: Serve) -> None:
    text = serve().ask("/metrics").body.decode()
    shown = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    ours = {name: kind for name, kind in shown.items() if not name.startswith("process_")}
    assert ours == {row.shown_name: row.kind for row in TABLE}
    helps = dict(re.findall(r"^# HELP (\w+) (.+)$", text, re.MULTILINE))
    assert all(helps[row.shown_name] == row.meaning for row in TABLE)
    assert len({row.shown_name for row in TABLE}) == len(TABLE)


def test_what_the_machine_says_of_itself_is_shown(serve: Serve) -> None:
    labels = {row.name: row.labels for row in TABLE}
    readings = [Reading(name, 1.5, dict.fromkeys(labels[name], "0")) for name in MEANINGS]
    found = samples(serve(view(readings=lambda: readings)).ask("/metrics").body.decode())
    for reading in readings:
        assert value(found, f"edge_app_{reading.name}", **reading.labels) == 1.5


def test_units_are_those_of_prometheus() -> None:
    for row in TABLE:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row.name)
        assert not row.name.endswith(("_ms", "_s", "_mb", "_percent", "_total"))
        assert row.kind != "histogram" or row.name.endswith("_seconds")


def test_a_driver_that_hangs_holds_up_nothing_but_the_metrics(serve: Serve) -> None:
    over = threading.Event()
    served = serve(view(readings=lambda: [] * over.wait(PATIENCE_S)))
    with ExitStack() as stack:
        asking: list[socket.socket] = []

        def answered() -> list[socket.socket]:
            asking.append(stack.enter_context(served.connect()))
            asking[-1].sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return select.select(asking, [], [], 0.5)[0]

        until(answered)
        assert len(asking) > MOST_WAITING
        assert answered()[0].recv(99).startswith(b"HTTP/1.1 503")
        assert served.ask("/live").status == 200
        over.set()
        until(lambda: served.ask("/metrics").status == 200)
