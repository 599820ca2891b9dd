"""What is told of how the program is doing, as a word, a line and a document."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema
import pytest

from edge_app.core.engine_status import EngineStatus
from edge_app.core.errors import Reason
from edge_app.publish import health_document, schema
from tests.publish.health import SINCE, camera, health, sink

DOWN = camera("down", Reason.TIMEOUT)
WHEN = time.strftime("%Y-%m-%d %H:%M", time.localtime(SINCE))
FAILING = EngineStatus(state="failing", reason="no memory", since=SINCE)
ANSWERS = "traffic int8 on onnxruntime-cpu"


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        pytest.param({}, "ok", id="nothing"),
        pytest.param({"cameras": {"a": camera(), "b": DOWN}}, "degraded", id="one camera down"),
        pytest.param({"cameras": {"a": DOWN}}, "down", id="all cameras down"),
        pytest.param({"cameras": {}}, "down", id="no camera"),
        pytest.param({"cameras": {"a": camera("connecting")}}, "down", id="no camera up yet"),
        pytest.param({"cameras": {"a": camera(), "b": camera("connecting")}}, "ok", id="one not up yet"),
        pytest.param({"cameras": {"a": camera(), "b": camera("disabled")}}, "ok", id="one disabled"),
        pytest.param({"cameras": {"a": camera("disabled")}}, "down", id="all disabled"),
        pytest.param(
            {"cameras": {"a": camera(), "b": camera("down", Reason.ENDED, live=False)}}, "ok", id="a file that was read"
        ),
        pytest.param({"cameras": {"a": camera(), "b": camera("down", Reason.ENDED)}}, "degraded", id="a camera ended"),
        pytest.param({"cameras": {"a": camera("up", None, "black_picture")}}, "ok", id="a suspicion"),
        pytest.param({"engine": FAILING}, "degraded", id="the engine fails"),
        pytest.param({"keeping": FAILING}, "degraded", id="the disk takes no evidence"),
        pytest.param({"describing": FAILING}, "degraded", id="the model that describes fails"),
        pytest.param({"describing": health().engine}, "ok", id="the model that describes answers"),
        pytest.param({"sinks": {"mqtt": sink("refused")}}, "degraded", id="a sink down"),
        pytest.param({"sinks": {"mqtt": sink("refused", required=True)}}, "down", id="a required sink down"),
        pytest.param({"sinks": {"mqtt": sink(state="connecting")}}, "ok", id="a sink connecting"),
        pytest.param({"sinks": {"mqtt": sink(state="connecting", required=True)}}, "down", id="a required one"),
        pytest.param({"clock_synchronised": False}, "ok", id="a clock that is not set"),
    ],
)
def test_the_status_is_what_operators_are_woken_for(parts: dict[str, Any], status: str) -> None:
    found = health(**parts)
    assert found.status == status
    assert found.ready == (status != "down")


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        pytest.param({}, f"1 of 1 cameras up, {ANSWERS}", id="nothing"),
        pytest.param(
            {"clock_synchronised": None}, f"1 of 1 cameras up, {ANSWERS}", id="a clock of which nothing is known"
        ),
        pytest.param(
            {
                "cameras": {"gate": camera(), "yard": camera("down", Reason.AUTH_FAILED), "attic": camera("disabled")},
                "sinks": {"mqtt": sink("connection refused"), "stdout": sink()},
            },
            f"1 of 2 cameras up; yard: auth failed since {WHEN}; mqtt: connection refused since {WHEN}; {ANSWERS}",
            id="what is down",
        ),
        pytest.param(
            {"engine": FAILING, "cameras": {"gate": camera("up", None, "frozen_picture")}, "clock_synchronised": False},
            f"1 of 1 cameras up; the engine fails since {WHEN}: no memory; gate: frozen picture since {WHEN}; "
            f"the clock is not synchronised; {ANSWERS}",
            id="what fails before what looks wrong",
        ),
        pytest.param(
            {"sinks": {"mqtt": sink(state="connecting", required=True)}},
            f"1 of 1 cameras up; mqtt: connecting since {WHEN}; {ANSWERS}",
            id="why it is not ready",
        ),
        pytest.param(
            {"cameras": {f"c{n}": DOWN for n in range(30)}},
            "0 of 30 cameras up; "
            + "".join(f"c{n}: timeout since {WHEN}; " for n in range(5))
            + f"and 25 more; {ANSWERS}",
            id="more than a line has room for",
        ),
    ],
)
def test_the_line_says_what_is_wrong_first(parts: dict[str, Any], line: str) -> None:
    assert health(**parts).line == line


def test_the_document_fits_its_schema_and_says_it_all() -> None:
    cameras = {
        "gate": camera("up", None, "frozen_picture", last_frame=SINCE, fps=24.987, age_s=0.04166),
        "yard": camera("down", Reason.TIMEOUT, next_retry=SINCE + 20),
    }
    sinks = {"mqtt": sink("connection refused", queued=7, spooled=5, oldest_s=12.345)}
    document = health_document(health(cameras=cameras, sinks=sinks, engine=FAILING, clock_synchronised=None))
    jsonschema.Draft202012Validator(json.loads(schema("health"))).validate(json.loads(json.dumps(document)))
    moment, later = "2026-11-23T15:00:00.123Z", "2026-11-23T15:00:20.123Z"
    assert document == {
        "schema": "edge_app.health/1",
        "status": "degraded",
        "since": moment,
        "uptime_s": 12.3,
        "version": "1.2.3",
        "cameras": {
            "gate": {
                "state": "up",
                "reason": None,
                "detail": "",
                "since": moment,
                "last_frame": moment,
                "fps": 24.99,
                "age_ms": 41.7,
                "next_retry": None,
            },
            "yard": {
                "state": "down",
                "reason": "timeout",
                "detail": "",
                "since": moment,
                "last_frame": None,
                "fps": 0.0,
                "age_ms": None,
                "next_retry": later,
            },
        },
        "sinks": {
            "mqtt": {
                "state": "down",
                "reason": "connection refused",
                "since": moment,
                "required": False,
                "queued": 7,
                "spooled": 5,
                "oldest_s": 12.3,
            }
        },
        "engine": {
            "state": "failing",
            "reason": "no memory",
            "since": moment,
            "name": "onnxruntime-cpu",
            "precision": "int8",
            "model": "traffic",
            "sha256": "c7" * 32,
        },
        "clock": {"synchronised": None},
        "warnings": [{"camera": "gate", "reason": "frozen_picture", "since": moment, "detail": "it looks so"}],
    }
