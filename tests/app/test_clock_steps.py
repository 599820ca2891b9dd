"""`edge-app run` on a box whose clock is set while it runs, or says 1970 when it starts."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from datetime import datetime

import numpy as np
import pytest

from tests.app.test_run import SCENE, assert_no_gap, camera
from tests.box.fixtures import FORBIDDEN, KEPT_RIGHT_US, NEVER_SET_US
from tests.ports import free_port
from tests.waiting import PATIENCE_S

HOUR_S, DAY_S = 3600, 86_400
STREET = {"street": {"url": SCENE}}


def off_s(message, box):
    """How far a message's time is from what the box's clock says [s]."""
    return message["capture_time"] - time.time() - box.ahead_s


def beginnings(port):
    """When all that is up began to be, as the program's health has it [s since 1970]."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=PATIENCE_S) as answer:
        health = json.load(answer)
    parts = [health, health["engine"], *health["cameras"].values(), *health["sinks"].values()]
    return [datetime.fromisoformat(part["since"].replace("Z", "+00:00")).timestamp() for part in parts]


def test_messages_say_that_nobody_keeps_the_clock_right_as_long_as_nobody_does(edge_app, configured, box):
    box.set(error_us=NEVER_SET_US)
    program = edge_app("run", configured(cameras=STREET), env=box.env)
    program.until(lambda: len(program.messages()) > 5)
    assert {message.get("clock") for message in program.messages()} == {"unsynchronised"}
    box.set(error_us=KEPT_RIGHT_US)
    program.until(lambda: "clock" not in program.messages()[-1])
    box.set(error_us=FORBIDDEN)  # nobody knows
    seen = len(program.messages())
    program.until(lambda: len(program.messages()) > seen + 20)
    assert not any("clock" in message for message in program.messages()[seen:])
    assert program.terminate()[0] == 0
    assert_no_gap(program.messages())


@pytest.mark.parametrize("began", [0, 20 - int(time.time())], ids=["today", "1970"])
def test_a_clock_that_is_set_reorders_and_drops_nothing(edge_app, configured, box, tmp_path, began):
    box.set(began)
    lines = tmp_path / "out/lines.ndjson"
    config = configured(
        cameras=STREET,
        publish=[{"type": "stdout"}, {"type": "file", "path": str(lines), "rotate_s": DAY_S, "keep": 1}],
        web={"port": (port := free_port())},
    )
    program = edge_app("run", config, env=box.env)
    program.until(lambda: len(program.messages()) > 5)
    assert abs(off_s(program.messages()[-1], box)) < 60
    for ahead_s in (-2 * HOUR_S, 3 * DAY_S, 0):
        box.set(ahead_s)
        program.until(lambda: abs(off_s(program.messages()[-1], box)) < 60)
        seen = len(program.messages())
        program.until(lambda seen=seen: len(program.messages()) > seen + 5)
        program.until(lambda: max(abs(began - time.time() - box.ahead_s) for began in beginnings(port)) < 600)
    assert program.terminate()[0] == 0
    messages = program.messages()
    assert_no_gap(messages)
    assert len({message["session"] for message in messages}) == 1
    ages = [message["age_ms"] for message in messages]
    assert min(ages) > 0
    assert max(ages) < 60_000
    assert [path.name for path in lines.parent.iterdir()] == [lines.name]
    assert len(lines.read_text().splitlines()) == len(messages)


def test_a_clock_that_is_set_by_seconds_makes_no_frame_of_a_camera_with_a_right_one_late(
    edge_app, configured, box, rtsp_server
):
    """Three seconds could be a slow network, if they had not come at once."""
    server = rtsp_server(fps=5)
    program = edge_app("run", configured(cameras={"gate": camera(server.url, max_frame_age_ms=60_000)}), env=box.env)
    program.until(lambda: sum(message["ts_source"] == "rtcp" for message in program.messages()) > 10)
    before = len(program.messages())
    box.set(3)
    program.until(lambda: program.messages()[-1]["ts_source"] == "arrival")
    since = len(program.messages())
    program.until(lambda: len(program.messages()) > since + 20)
    assert program.terminate()[0] == 0
    # What a busy machine adds is in the queue and the stages; what the clock would add is not.
    on_the_way = [m["age_ms"] - m["latency_ms"]["total"] for m in program.messages()]
    assert np.median(on_the_way[since:]) < np.median(on_the_way[:before]) + 1500
    # A busy server's first picture may have a time ahead of its clock, and ours is then judged by that.
    assert re.search(r"camera gate: its clock is -[1-3]\.\d s off ours", program.log)
