"""The messages: that they fit their schema, whatever was found, and that they say what the result says."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from functools import cache
from typing import Any

import hypothesis
import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.core.camera_status import CameraStatus, CameraWarning
from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.errors import Reason
from edge_app.core.metrics import Metrics
from edge_app.machine import BoxClock
from edge_app.publish import MessageWriter, ModelIdentity, schema, status_message
from tests.clocks import RIGHT, UNKNOWN, WRONG
from tests.frames import frame_meta

LABELS = ["person", "traffic light", 'a "quoted" 100 % né\n']
IDENTITY = ModelIdentity(name="yolox_nano", sha256="c7" * 32, engine="onnxruntime-cpu", precision="int8")
STAGES = ("queue", "preprocess", "infer", "postprocess", "total")
LATENCY = Latency(queue=0.0012, preprocess=0.0009, infer=0.00814, postprocess=0.0004, total=0.011)
FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    document = json.loads(schema(name))
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def found(*rows: tuple[float, int, list[float]], track_id: list[int] | None = None) -> Detections:
    return Detections(
        np.array([box for _, _, box in rows], np.float32).reshape(-1, 4),
        np.array([score for score, _, _ in rows], np.float32),
        np.array([class_id for _, class_id, _ in rows], np.int32),
        None if track_id is None else np.array(track_id, np.int64),
    )


def result(detections: Detections, *, camera: str = "gate", live: bool = True, **more: Any) -> Result:
    latency = more.pop("latency", LATENCY)
    time = {"wall": 1795446000.1234, "mono": 10.0, "source": "rtcp", **more}
    meta = frame_meta(camera, 1234, live=live, **time)
    return Result(meta=meta, source_wh=(1920, 1080), latency=latency, detections=detections)


def messages(metrics: Metrics | None = None, clock: BoxClock = RIGHT) -> MessageWriter:
    return MessageWriter("01ARZ3NDEKTSV4RRFFQ69G5FAV", IDENTITY, LABELS, metrics or Metrics(), clock)


def strict(payload: bytes) -> Any:
    """Parses JSON as the standard has it: no NaN, no Infinity."""
    return json.loads(payload, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_a_message_is_the_one_of_the_design() -> None:
    made = messages().detections(
        result(found((0.91, 0, [1.004, 2.006, 30.5, 40]), (0.12346, 2, [0, 0, 1, 1]), track_id=[7, 8])), 10.0417
    )
    assert (made.camera, made.kind, made.droppable) == ("gate", "detections", True)
    assert list(strict(made.payload).items()) == [
        ("schema", "edge_app.detections/1"),
        ("session", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("seq", 0),
        ("camera", "gate"),
        ("frame_id", 1234),
        ("capture_ts", "2026-11-23T15:00:00.123Z"),
        ("capture_time", 1795446000.123),
        ("ts_source", "rtcp"),
        ("age_ms", 41.7),
        ("image", {"width": 1920, "height": 1080}),
        ("model", {"name": "yolox_nano", "sha256": "c7" * 32, "engine": "onnxruntime-cpu", "precision": "int8"}),
        ("latency_ms", {"queue": 1.2, "preprocess": 0.9, "infer": 8.14, "postprocess": 0.4, "total": 11.0}),
        (
            "objects",
            [
                {"label": "person", "class_id": 0, "score": 0.91, "box": [1.0, 2.01, 30.5, 40.0], "track_id": 7},
                {"label": LABELS[2], "class_id": 2, "score": 0.1235, "box": [0.0, 0.0, 1.0, 1.0], "track_id": 8},
            ],
        ),
    ]


@hypothesis.settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(0, 1, width=32) | FLOATS.filter(lambda x: not math.isfinite(x)), st.integers(0, 2),
                  st.lists(FLOATS, min_size=4, max_size=4)), max_size=5,
    ),
    tracked=st.booleans(),
    captured_at=st.floats(0, 4e9),
    times=st.lists(st.floats(0, 1e5), min_size=5, max_size=5),
    mono=st.floats(0, 1e9),
)  # fmt: skip
def test_every_message_fits_the_schema_and_its_capture_times_agree(
    rows: Any, tracked: bool, captured_at: float, times: list[float], mono: float
) -> None:
    detections = found(*rows, track_id=list(range(len(rows))) if tracked else None)
    latency = Latency(**dict(zip(STAGES, times, strict=True)))
    made = messages().detections(
        result(detections, wall=captured_at, latency=latency, mono=mono),
        mono + 1,
    )
    document = strict(made.payload)
    validator("detections").validate(document)
    stamp = datetime.fromisoformat(document["capture_ts"].replace("Z", "+00:00"))
    assert abs(stamp.timestamp() - document["capture_time"]) < 0.0005
    assert abs(document["capture_time"] - captured_at) <= 0.00051
    assert b"\n" not in made.payload


def test_numbers_that_are_none_are_counted_and_left_out() -> None:
    stats = Metrics()
    bad = found((0.5, 0, [0, math.nan, 1, 1]), (math.inf, 0, [0, 0, 1, 1]), (0.5, 1, [0, 0, 1, 1]), track_id=[1, 2, 3])
    document = strict(messages(stats).detections(result(bad), 10).payload)
    assert [(item["class_id"], item["track_id"]) for item in document["objects"]] == [(1, 3)]
    assert stats.total("outputs_not_finite", camera="gate") == 2


def test_a_score_that_is_no_probability_is_counted_and_left_out() -> None:
    stats = Metrics()
    bad = found((1.5, 0, [0, 0, 1, 1]), (-0.1, 0, [0, 0, 1, 1]), (1.0, 1, [0, 0, 1, 1]))
    document = strict(messages(stats).detections(result(bad), 10).payload)
    assert [item["class_id"] for item in document["objects"]] == [1]
    assert stats.total("outputs_not_finite", camera="gate") == 2


def test_a_time_that_is_no_number_is_a_bug_and_not_a_message() -> None:
    with pytest.raises(ValueError, match="finite"):
        messages().detections(result(found(), mono=math.nan), 10)


def test_every_camera_counts_its_own_messages_without_a_gap() -> None:
    maker, empty = messages(), found()
    seqs = [
        (made.camera, strict(made.payload)["seq"])
        for made in (maker.detections(result(empty, camera=name), 10) for name in ("a", "b", "a", "a", "b"))
    ]
    assert seqs == [("a", 0), ("b", 0), ("a", 1), ("a", 2), ("b", 1)]


def test_a_status_says_state_reason_and_since() -> None:
    since = datetime(2026, 11, 23, 15, tzinfo=timezone.utc).timestamp()
    made = status_message("gate", CameraStatus(state="down", reason=Reason.AUTH_FAILED, since=since), RIGHT)
    assert (made.camera, made.kind) == ("gate", "status")
    document = json.loads(made.payload)
    assert document == {
        "schema": "edge_app.status/1",
        "camera": "gate",
        "state": "down",
        "reason": "auth_failed",
        "since": "2026-11-23T15:00:00.000Z",
        "warnings": [],
    }
    jsonschema.Draft202012Validator(json.loads(schema("status"))).validate(document)


@pytest.mark.parametrize("clock", [RIGHT, UNKNOWN, WRONG], ids=["right", "unknown", "unsynchronised"])
def test_a_message_says_that_nobody_keeps_the_clock_right(clock: BoxClock) -> None:
    made = [
        ("detections", messages(clock=clock).detections(result(found()), 10.0)),
        ("status", status_message("gate", CameraStatus(state="up", reason=None, since=0), clock)),
    ]
    for name, message in made:
        document = strict(message.payload)
        validator(name).validate(document)
        assert document.get("clock") == ("unsynchronised" if clock is WRONG else None)


def test_a_status_names_what_looks_wrong() -> None:
    doubt = CameraWarning(reason="frozen_picture", since=1.0, detail="")
    made = status_message("gate", CameraStatus(state="up", reason=None, since=0.0, warnings=(doubt,)), RIGHT)
    document = json.loads(made.payload)
    assert (document["state"], document["warnings"]) == ("up", ["frozen_picture"])
    jsonschema.Draft202012Validator(json.loads(schema("status"))).validate(document)


@pytest.mark.parametrize("name", ["detections", "event", "status", "counts", "health"])
def test_the_schemas_are_closed_and_named(name: str) -> None:
    document = json.loads(schema(name))
    assert document["$id"] == document["properties"]["schema"]["const"] == f"edge_app.{name}/1"
    assert document["additionalProperties"] is False
