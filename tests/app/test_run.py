"""`edge-app run` as a whole: real cameras, a real broker, and everything that goes wrong with them."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest

from edge_app import publish
from edge_app.app.config import load_config
from edge_app.app.factory import make_parts
from edge_app.app.start import start
from edge_app.core.errors import TemporaryError
from edge_app.preview import NewestFrames
from edge_app.synthetic import Settings, Street
from tests import onnx_models
from tests.waiting import PROGRAM_S, Stopwatch

SCENE = "synthetic://street?seed=3&fps=5"
RECONNECT = {"initial_s": 0.2, "max_s": 0.5, "jitter": 0.2, "stable_s": 5}
TURNS = {0: 0, 90: 1, 180: 2, 270: 3}  # `rotate`, and the quarter turns that it undoes
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def camera(url, **settings):
    return {"url": url, "reconnect": RECONNECT, "stall_timeout_s": 10, **settings}


def mqtt(port, **settings):
    return {"type": "mqtt", "host": "127.0.0.1", "port": port, **settings}


def assert_no_gap(messages):
    """`seq` rises by one, `frame_id` rises, and every message fits the schema."""
    assert [m["seq"] for m in messages] == list(range(len(messages)))
    ids = [m["frame_id"] for m in messages]
    assert ids == sorted(set(ids))
    validator = jsonschema.Draft202012Validator(json.loads(publish.schema("detections")))
    for message in messages:
        validator.validate(message)


def test_every_frame_of_a_file_is_a_message_and_the_program_ends(edge_app, configured, clip):
    program = edge_app("run", configured(cameras={"clip": {"url": str(clip)}}))
    assert program.wait() == 0, program.log
    messages = program.messages()
    assert len(messages) == 50
    assert_no_gap(messages)
    assert {m["ts_source"] for m in messages} == {"file"}


def test_the_scenes_objects_are_found(edge_app, configured):
    program = edge_app("run", configured(cameras={"street": {"url": "synthetic://street?seed=7&frames=20"}}))
    assert program.wait() == 0, program.log
    labels = {o["label"] for m in program.messages() for o in m["objects"]}
    assert labels & {"person", "car"}


def test_boxes_are_in_the_pixels_of_the_turned_picture(edge_app, configured, tmp_path):
    """Cameras that hang askew in four ways see the same street: turned upright, it is the same picture."""
    street = Street(Settings(seed=7))
    cameras = {f"turned_{degrees}": {"url": str(tmp_path / f"{degrees}"), "rotate": degrees} for degrees in TURNS}
    for degrees, turns in TURNS.items():
        (tmp_path / f"{degrees}").mkdir()
        for index in range(5):
            askew = np.rot90(street.render(10 * index)[0], turns)  # counterclockwise
            assert cv2.imwrite(str(tmp_path / f"{degrees}" / f"{index}.png"), askew)
    program = edge_app("run", configured(cameras=cameras))
    assert program.wait() == 0, program.log
    upright = [message["objects"] for message in program.messages("turned_0")]
    assert sum(map(len, upright)) > 5
    for camera in cameras:
        assert [message["objects"] for message in program.messages(camera)] == upright
        assert {tuple(message["image"].values()) for message in program.messages(camera)} == {(640, 360)}


def test_a_camera_that_is_not_enabled_is_left_alone(edge_app, configured, clip, broker, subscribe):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        off = camera(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/live", enabled=False)
        sinks = [mqtt(broker.port), {"type": "stdout"}]
        program = edge_app("run", configured(cameras={"clip": {"url": str(clip)}, "gate": off}, publish=sinks))
        assert program.wait() == 0, program.log
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert len(program.messages("clip")) == 50
    assert program.messages("gate") == []
    assert "camera gate" not in program.log
    seen = subscribe(broker)
    seen.wait_for(lambda: seen.on("edge_app/gate/status"))
    assert json.loads(seen.on("edge_app/gate/status")[-1])["state"] == "disabled"


@pytest.mark.parametrize(
    ("verb", "number", "code"),
    [
        ("run", signal.SIGTERM, 0),
        ("run", signal.SIGINT, 0),
        ("check", signal.SIGTERM, 128 + signal.SIGTERM),
        ("check", signal.SIGINT, 128 + signal.SIGINT),
    ],
)
def test_a_signal_while_it_is_imported_ends_it_quietly(edge_app, configured, verb, number, code):
    config = configured(cameras={"street": {"url": SCENE}})
    program = edge_app(verb, config, env={"PYTHONPROFILEIMPORTTIME": "1"})
    program.until(lambda: "numpy" in program.log)  # which is imported in the middle
    program.process.send_signal(number)
    assert program.wait() == code
    assert re.search(r"import time:.*\n", program.log)
    assert [line for line in program.log.splitlines() if not line.startswith("import time:")] == []


def test_a_hangup_while_it_is_imported_ends_nothing(edge_app, configured):
    program = edge_app("run", configured(cameras={"street": {"url": SCENE}}), env={"PYTHONPROFILEIMPORTTIME": "1"})
    program.until(lambda: "numpy" in program.log)
    program.process.send_signal(signal.SIGHUP)
    program.until(lambda: program.messages("street"))


@pytest.mark.parametrize("decoder", [None, "ultralytics"], ids=["asked for its layout", "loaded"])
def test_a_model_that_never_returns_does_not_keep_the_program_from_stopping(edge_app, configured, tmp_path, decoder):
    onnx = onnx_models.never_returns(tmp_path / "loop.onnx", [1, 84, 21])
    model = {"onnx": str(onnx), "labels": "coco", **({"decoder": decoder} if decoder else {})}
    program = edge_app("run", configured(model=model, cameras={"street": {"url": SCENE}}))
    process = Path("/proc", str(program.process.pid))
    program.until(lambda: "onnxruntime" in (process / "maps").read_text())
    imported = cpu_s(process)
    program.until(lambda: cpu_s(process) > imported + 5)  # which no import takes
    code, seconds = program.terminate()
    assert (code, program.log) == (0, "")
    assert seconds < 5


def cpu_s(process: Path) -> float:
    """CPU time of a process, which is a folder in /proc [s]."""
    return sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def test_of_a_camera_that_is_removed_no_picture_is_kept(configured):
    config = configured(
        cameras={"a": {"url": SCENE}, "b": {"url": SCENE}}, publish=[{"type": "file", "path": "/dev/null"}]
    )
    with start(make_parts(load_config(config, {}))) as runtime:
        before: list[int] = []
        newest, worker, metrics = NewestFrames(), runtime.analyser, runtime.metrics
        worker.tap().subscribe(newest.put)

        def refresh():
            if not before and set(newest.of(worker.statuses())) == {"a", "b"}:
                before.append(metrics.total("frames_analysed"))
                worker.remove("b")
            if before and metrics.total("frames_analysed") > before[0] + 5:
                runtime.stop.set()

        runtime.run(refresh, 0.01)
        assert set(newest.of(worker.statuses())) == {"a"}
    assert set(newest.of(["a", "b"])) == {"a"}


def test_a_live_camera_runs_beside_a_file_until_it_is_told_to_stop(edge_app, configured, clip):
    program = edge_app("run", configured(cameras={"clip": {"url": str(clip)}, "street": {"url": SCENE}}))
    program.until(lambda: len(program.messages("clip")) == 50 and len(program.messages("street")) > 5)
    code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True)
    assert_no_gap(program.messages("clip"))
    assert_no_gap(program.messages("street"))


def test_a_camera_that_dies_and_returns_goes_on_counting(edge_app, configured, rtsp_server):
    server = rtsp_server()
    program = edge_app("run", configured(cameras={"gate": camera(server.url), "street": {"url": SCENE}}))
    program.until(lambda: len(program.messages("gate")) > 10)
    server.kill()
    program.until(lambda: "camera gate is down" in program.log)
    before = len(program.messages("gate"))
    server.start()
    program.until(lambda: len(program.messages("gate")) > before + 10)
    assert program.terminate()[0] == 0
    assert_no_gap(program.messages("gate"))


def test_a_frozen_camera_is_said_to_be_stalled_and_comes_back(edge_app, configured, rtsp_server):
    server = rtsp_server()
    program = edge_app("run", configured(cameras={"gate": camera(server.url, stall_timeout_s=2)}))
    program.until(lambda: len(program.messages()) > 5)
    watch = Stopwatch(program.process.pid)
    server.freeze()
    program.until(lambda: "camera gate is down (stalled)" in program.log)
    assert watch.read() < 5
    before = len(program.messages())
    server.thaw()
    program.until(lambda: len(program.messages()) > before + 5)
    assert program.log.count("is down (stalled)") == 1


def test_it_ends_in_time_while_a_camera_hangs(edge_app, configured, rtsp_server):
    server = rtsp_server()
    program = edge_app("run", configured(cameras={"gate": camera(server.url, stall_timeout_s=15)}))
    program.until(lambda: len(program.messages()) > 5)
    server.freeze()
    code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True), (code, seconds, program.log)


def test_it_ends_in_time_while_a_camera_does_not_answer(edge_app, configured):
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        url = f"rtsp://127.0.0.1:{black_hole.getsockname()[1]}/live"
        program = edge_app("run", configured(cameras={"gate": camera(url), "street": {"url": SCENE}}))
        program.until(lambda: program.messages("street"))
        code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True), (code, seconds, program.log)


@pytest.mark.parametrize(
    ("offset", "says"),
    [
        pytest.param("+3600", r"its clock is \+3\d{3}\.\d s off", id="an hour fast"),
        pytest.param("-2", r"its clock is -\d\.\d s off", id="two seconds slow"),
    ],
)
def test_a_camera_whose_clock_is_off_loses_nothing(edge_app, configured, rtsp_server, offset, says):
    if not FAKETIME.exists():
        pytest.skip("libfaketime is not installed")
    env = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    server = rtsp_server(env=env, fps=5)  # which a busy machine can do
    program = edge_app("run", configured(cameras={"gate": camera(server.url, max_frame_age_ms=60_000)}))
    program.until(lambda: re.search(says, program.log))
    seen = len(program.messages())
    program.until(lambda: len(program.messages()) > seen + 20)
    assert program.terminate()[0] == 0
    messages = program.messages()
    assert {m["ts_source"] for m in messages} == {"arrival"}
    before_queue_ms = [m["age_ms"] - m["latency_ms"]["total"] for m in messages]  # what the clock would falsify
    assert np.median(before_queue_ms) < 1500
    ids = [m["frame_id"] for m in messages[seen:]]
    # A busy machine replaces some by newer ones; frames taken for too old, or for future ones, would all be lost.
    assert len(ids) > 0.5 * (ids[-1] - ids[0]), "frames were dropped"


def test_started_with_everything_away_it_says_why_and_recovers_alone(
    edge_app, configured, rtsp_server, start_broker, subscribe
):
    server, broker = rtsp_server(), start_broker()
    server.kill()
    broker.kill()
    config = configured(cameras={"gate": camera(server.url)}, publish=[mqtt(broker.port), {"type": "stdout"}])
    program = edge_app("run", config)
    program.until(lambda: "camera gate is down (refused)" in program.log and "mqtt: down" in program.log)
    broker.start()
    seen = subscribe(broker)
    server.start()
    seen.wait_for(lambda: seen.on("edge_app/gate/detections"), PROGRAM_S)
    seen.wait_for(lambda: b'"up"' in seen.on("edge_app/gate/status")[-1])
    assert seen.on("edge_app/available")[-1] == b"online"
    assert program.terminate()[0] == 0
    seen.wait_for(lambda: seen.on("edge_app/available")[-1] == b"offline")


def test_a_file_loses_nothing_through_a_slow_broker(edge_app, configured, broker, throttle, subscribe, vtest):
    """795 frames through 20 acknowledgements a second: the file waits."""
    slow, seen = throttle(broker, 20), subscribe(broker)
    config = configured(cameras={"clip": {"url": str(vtest)}}, publish=[mqtt(slow.port)], shutdown={"drain_s": 600})
    program = edge_app("run", config)
    seen.wait_for(lambda: len({json.loads(p)["seq"] for p in seen.on("edge_app/clip/detections")}) == 795, PROGRAM_S)
    assert program.wait() == 0, program.log


def test_messages_of_a_file_that_stay_undelivered_are_counted_and_the_code_is_75(edge_app, configured, clip, broker):
    broker.kill()
    config = configured(cameras={"clip": {"url": str(clip)}}, publish=[mqtt(broker.port)], shutdown={"drain_s": 0.5})
    program = edge_app("run", config)
    assert program.wait() == 75
    assert "50 messages were not delivered" in program.log.splitlines()[-1]


def test_a_file_that_cannot_be_read_leaves_live_cameras_alone_and_the_code_at_the_end_tells_it(edge_app, configured):
    cameras = {"street": {"url": SCENE}, "clip": {"url": "/none.mp4"}}
    program = edge_app("run", configured(cameras=cameras))
    program.until(lambda: "camera clip is down (not_found): /none.mp4: no such file" in program.log)
    seen = len(program.messages("street"))
    program.until(lambda: len(program.messages("street")) > seen + 5)
    assert program.terminate()[0] == 66
    assert "camera clip: /none.mp4: no such file" in program.log.splitlines()[-1]


def test_a_file_that_cannot_be_read_costs_no_frame_of_another_and_the_code_is_66(edge_app, configured, clip):
    program = edge_app("run", configured(cameras={"clip": {"url": str(clip)}, "none": {"url": "/none.mp4"}}))
    assert program.wait() == 66
    assert len(program.messages("clip")) == 50
    assert "camera none: /none.mp4: no such file" in program.log.splitlines()[-1]


def test_a_closed_stdout_ends_it_quietly(configured):
    config = configured(cameras={"street": {"url": SCENE}})
    command = f"{sys.executable} -m edge_app run {config} | head -n 2; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PROGRAM_S, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stderr


def test_passwords_are_nowhere(edge_app, configured, rtsp_server, tls_broker):
    secret, awkward = "n0t-the-password", "p@ss/w:rd#1 %41"
    server = rtsp_server(user="front door", password=awkward)
    cameras = {
        "gate": camera(server.url, username="front door", password="${GATE}"),
        "wrong": camera(server.url, username="front door", password="${WRONG}"),
    }
    sinks = [
        {"type": "stdout"},
        mqtt(tls_broker.port, tls={"ca": str(tls_broker.ca)}, username="edge", password="${WRONG}"),
    ]
    program = edge_app("run", configured(cameras=cameras, publish=sinks), env={"GATE": awkward, "WRONG": secret})
    program.until(lambda: program.messages("gate") and "camera wrong is down (auth_failed)" in program.log)
    program.until(lambda: "mqtt: down" in program.log)
    shown = Path(f"/proc/{program.process.pid}/cmdline").read_text()
    assert program.terminate()[0] == 0
    assert program.log.count("authentication") == 2, "each refusal is said once"
    for text in (program.log, shown, *map(json.dumps, program.messages())):
        assert secret not in text
        assert awkward not in text


def test_systemd_is_told_ready_the_status_and_stopping(edge_app, configured, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(PROGRAM_S)
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
        away = camera("rtsp://127.0.0.1:9/live")
        program = edge_app("run", configured(cameras={"street": {"url": SCENE}, "gate": away}), env=env)
        said = ""
        while not all(word in said for word in ("READY=1", "WATCHDOG=1", "1 of 2 cameras up", "gate: refused")):
            said += notify.recv(4096).decode() + "\n"
        program.process.terminate()
        while "STOPPING=1" not in said:
            said += notify.recv(4096).decode() + "\n"
    assert program.wait() == 0


def test_it_ends_in_time_while_many_files_wait_for_a_full_sink(edge_app, configured, clip, broker):
    broker.freeze()
    cameras = {f"clip{n}": {"url": str(clip)} for n in range(20)}
    program = edge_app("run", configured(cameras=cameras, publish=[mqtt(broker.port)]))
    program.until(lambda: "camera clip19 is up" in program.log)
    code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True), (code, seconds, program.log[-2000:])


def test_it_ends_in_time_while_it_delivers_what_is_left_of_a_file(edge_app, configured, clip, broker):
    broker.kill()
    config = configured(cameras={"clip": {"url": str(clip)}}, publish=[mqtt(broker.port)], shutdown={"drain_s": 600})
    program = edge_app("run", config)
    program.until(lambda: "camera clip is down (ended)" in program.log)
    code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True), (code, seconds, program.log)


def test_a_file_that_failed_hides_no_error_that_ends_the_run(configured, monkeypatch):
    """Three cameras that hang are a reason to start again, whatever else was wrong before."""
    cameras = {"street": {"url": SCENE}, "clip": {"url": "/none.mp4"}}
    config = configured(cameras=cameras, publish=[{"type": "file", "path": "/dev/null"}])
    with start(make_parts(load_config(config, {}))) as runtime:

        def hang():
            if runtime.analyser.statuses()["clip"].reason is not None:
                raise TemporaryError("three cameras hang")

        assert gc.get_freeze_count() > 0  # what it is made of
        with pytest.raises(TemporaryError, match="three cameras hang"):
            runtime.run(hang)
    assert gc.get_freeze_count() == 0
    with start(make_parts(load_config(config, {}))) as runtime:
        monkeypatch.setattr(runtime.analyser, "_publish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            runtime.run()
