"""What goes wrong around the program and is told in docs/operations.md: cameras, lines, names, engine, box."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests import onnx_models
from tests.app.test_run import SCENE, assert_no_gap, camera, mqtt
from tests.rtsp.clips import levels, stripes, write_clip
from tests.waiting import PROGRAM_S
from tests.wire import SlowWire


@pytest.fixture
def slow_wire():
    """Puts a slow wire before a server."""
    with contextlib.ExitStack() as stack:

        def start(port, **manner):
            wire = SlowWire(port, **manner)
            stack.callback(wire.close)
            return wire

        yield start


def more(program, messages, name=None):
    """A condition: so many more messages of a camera."""
    wanted = len(program.messages(name)) + messages
    return lambda: len(program.messages(name)) >= wanted


def test_a_camera_that_comes_back_with_another_resolution_and_codec_goes_on(
    edge_app, configured, rtsp_server, tmp_path
):
    server = rtsp_server()
    program = edge_app("run", configured(cameras={"gate": camera(server.url)}))
    program.until(more(program, 10))
    server.kill()
    program.until(lambda: "camera gate is down" in program.log)
    server.clips = [write_clip(tmp_path / "other.mp4", stripes((480, 272), 50), codec="h265")]
    server.codec = "h265"
    server.start()
    program.until(lambda: program.messages()[-1]["image"] == {"width": 480, "height": 272})
    program.until(more(program, 10))
    assert program.terminate()[0] == 0
    assert_no_gap(program.messages())
    sizes = [message["image"]["width"] for message in program.messages()]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_network_that_loses_a_third_of_its_packets_costs_frames_and_no_message(
    own_network, edge_app, configured, rtsp_server, broker, subscribe, transport
):
    server, seen = rtsp_server(), subscribe(broker)
    cameras = {"gate": camera(server.url, transport=transport)}
    program = edge_app("run", configured(cameras=cameras, publish=[{"type": "stdout"}, mqtt(broker.port)]))
    program.until(more(program, 10))
    own_network.lose(30)
    program.until(more(program, 10))
    own_network.lose(0)
    program.until(lambda: re.findall(r"camera gate is (\w+)", program.log)[-1] == "up")
    program.until(more(program, 20))
    assert program.terminate()[0] == 0
    assert "Traceback" not in program.log
    messages = program.messages()
    assert_no_gap(messages)
    wanted = {message["seq"] for message in messages}
    seen.wait_for(lambda: {json.loads(payload)["seq"] for payload in seen.on("edge_app/gate/detections")} >= wanted)


def test_a_line_of_300_ms_with_jitter_costs_no_frame_and_shows_in_the_ages(
    edge_app, configured, rtsp_server, slow_wire
):
    server = rtsp_server(fps=5)  # which a busy machine can do
    wire = slow_wire(server.port, delay_s=0.3, jitter_s=0.1)
    gate = camera(f"rtsp://127.0.0.1:{wire.port}/live", max_frame_age_ms=60_000)
    program = edge_app("run", configured(cameras={"gate": gate}))
    program.until(lambda: [m["ts_source"] for m in program.messages()].count("rtcp") > 20)
    assert program.terminate()[0] == 0
    timed = [message for message in program.messages() if message["ts_source"] == "rtcp"]
    assert_no_gap(program.messages())
    assert np.median([message["age_ms"] - message["latency_ms"]["total"] for message in timed]) > 200
    assert re.findall(r"camera gate is (\w+)", program.log) == ["up"]


def test_a_name_that_no_server_knows_any_more_is_told_and_found_again(own_network, edge_app, configured, rtsp_server):
    """A look-up takes 50 s there, as it does with two servers and a few domains to search."""
    server = rtsp_server()
    gate = camera(f"rtsp://camera.example:{server.port}/live", stall_timeout_s=2)
    with own_network.name_server() as names:
        config = configured(cameras={"gate": gate, "street": {"url": SCENE}})
        program = edge_app("run", config, env={"RES_OPTIONS": "timeout:10 attempts:5"})
        program.until(more(program, 5, "gate"))
        names.gone.set()
        server.kill()
        server.start()
        program.until(lambda: "camera gate is down (unreachable)" in program.log)
        assert "the name camera.example does not resolve" in program.log
        program.until(more(program, 60, "street"))  # which takes 12 s
        assert "stuck" not in program.log
        names.gone.clear()
        program.until(more(program, 5, "gate"))
        assert program.terminate()[0] == 0
    assert_no_gap(program.messages("gate"))


def test_it_ends_in_time_while_camera_and_broker_are_tried_again(edge_app, configured, rtsp_server, broker):
    server = rtsp_server()
    config = configured(cameras={"gate": camera(server.url)}, publish=[{"type": "stdout"}, mqtt(broker.port)])
    program = edge_app("run", config)
    program.until(more(program, 5))
    server.kill()
    broker.kill()
    program.until(lambda: "camera gate is down (refused)" in program.log and "mqtt: down" in program.log)
    code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True), (code, seconds, program.log)


def test_what_was_written_before_kill_9_is_sent_by_the_next_session(edge_app, configured, broker, subscribe, tmp_path):
    def spooled():
        """How many messages are on the disk."""
        file = tmp_path / "state" / "spool" / "mqtt.db"
        with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(file)) as db:
            return db.execute("SELECT count(*) FROM messages").fetchone()[0]
        return 0

    seen = subscribe(broker)
    sinks = [{"type": "stdout"}, mqtt(broker.port, spool={"detections": "always"})]
    config = configured(cameras={"street": {"url": SCENE}}, publish=sinks, state_dir=str(tmp_path / "state"))
    first = edge_app("run", config)
    first.until(lambda: len(seen.on("edge_app/street/detections")) > 10)
    broker.kill()
    first.until(lambda: spooled() > 10)
    known, written = first.messages(), spooled()
    first.until(lambda: spooled() > written)  # and, as it is in order, all that was known before
    first.process.kill()
    first.wait()
    broker.start()
    second = edge_app("run", config)
    second.until(more(second, 5))
    assert second.terminate()[0] == 0

    def arrived(session):
        every = [json.loads(payload) for payload in seen.on("edge_app/street/detections")]
        return list(dict.fromkeys(message["seq"] for message in every if message["session"] == session))

    seen.wait_for(lambda: len(arrived(known[0]["session"])) >= len(known))
    of_the_first = arrived(known[0]["session"])
    assert of_the_first == list(range(len(of_the_first)))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own with 16 MB, at this folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_keeps_messages_in_memory_and_heals(edge_app, configured, broker, subscribe, small_disk):
    def arrived():
        return {json.loads(payload)["seq"] for payload in seen.on("edge_app/street/detections")}

    seen = subscribe(broker)
    sinks = [{"type": "stdout"}, mqtt(broker.port, spool={"detections": "always"})]
    config = configured(cameras={"street": {"url": SCENE}}, publish=sinks, state_dir=str(small_disk))
    program = edge_app("run", config)
    program.until(lambda: len(arrived()) > 5)
    fill(small_disk)
    program.until(lambda: "mqtt: spool: no space on the disk; messages wait in memory only" in program.log)
    before = len(arrived())
    program.until(lambda: len(arrived()) > before + 10)
    (small_disk / "filler").unlink()
    program.until(lambda: "mqtt: spool: the disk takes messages again" in program.log)
    assert program.terminate()[0] == 0
    seen.wait_for(lambda: arrived() >= {message["seq"] for message in program.messages()})
    assert program.log.count("no space on the disk") == 1


def fill(disk: Path) -> None:
    """Takes what room there is, until `filler` goes."""
    with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))


def test_started_with_a_full_disk_it_runs_and_writes_later_what_it_has_counted(
    edge_app, configured, broker, subscribe, small_disk
):
    cameras = {"street": {"url": SCENE, "zones": {"all": {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}}}}
    fill(small_disk)
    seen = subscribe(broker)
    program = edge_app(
        "run",
        configured(
            cameras=cameras,
            evidence={},
            publish=[{"type": "stdout"}, mqtt(broker.port)],
            state_dir=str(small_disk),
        ),
    )
    program.until(lambda: "enter" in {message.get("type") for message in program.messages()})
    program.until(lambda: "counts cannot be written, and wait" in program.log)
    entered = sum(message.get("type") == "enter" for message in program.messages())
    (small_disk / "filler").unlink()
    counts = small_disk / "counts.db"
    program.until(lambda: counts.exists() and written(counts, "entered") >= entered)
    assert program.terminate()[0] == 0
    seen.wait_for(lambda: seen.on("edge_app/street/events"))
    assert program.log.count("counts cannot be written") == 1
    assert "Traceback" not in program.log


def written(counts: Path, counted: str) -> float:
    """How much of that kind the file of the counts has; 0 while it is being made."""
    with contextlib.closing(sqlite3.connect(counts)) as db, contextlib.suppress(sqlite3.OperationalError):
        return db.execute("SELECT coalesce(sum(value), 0) FROM counts WHERE counted = ?", [counted]).fetchone()[0]
    return 0


def test_an_engine_that_fails_at_one_cameras_pictures_costs_that_camera_alone(
    edge_app, configured, rtsp_server, tmp_path
):
    dark = write_clip(tmp_path / "dark.mp4", levels((320, 240), 5))
    bright = write_clip(tmp_path / "bright.mp4", (np.full((240, 320, 3), 250, np.uint8) for _ in range(5)))
    model = {"onnx": str(onnx_models.fails_at_bright(tmp_path / "m.onnx")), "decoder": "yolox"}
    good, bad = rtsp_server(dark), rtsp_server(bright, dark)
    cameras = {"good": camera(good.url), "bad": camera(bad.url, stall_timeout_s=1)}
    program = edge_app("run", configured(model=model, cameras=cameras))
    program.until(lambda: re.search(r"camera bad is down \(failed\).*cannot be analysed", program.log))
    program.until(more(program, 10, "good"))
    assert program.messages("bad") == []
    bad.say("next")
    program.until(more(program, 10, "bad"))
    program.until(lambda: re.findall(r"camera bad is (\w+)", program.log)[-1] == "up")
    assert program.terminate()[0] == 0
    assert "Traceback" not in program.log
    assert "camera good is down" not in program.log
    for name in cameras:
        assert_no_gap(program.messages(name))


def test_twice_the_cameras_that_the_box_can_carry_share_it_and_stay_fresh(edge_app, configured, rtsp_server, tmp_path):
    model = {"onnx": str(onnx_models.slow(tmp_path / "slow.onnx", rounds=100_000)), "decoder": "yolox"}
    server = rtsp_server(fps=15)
    cameras = {f"camera{n}": camera(server.url) for n in range(4)}
    program = edge_app("run", configured(model=model, cameras=cameras))
    program.until(lambda: all(len(program.messages(name)) > 10 for name in cameras), 2 * PROGRAM_S)
    code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True), (code, seconds, program.log)
    counts = []
    for name in cameras:
        messages = program.messages(name)
        assert_no_gap(messages)
        ids = [message["frame_id"] for message in messages]
        assert 2 * len(ids) < ids[-1] - ids[0], "it can carry more: make the model slower"
        waited_ms = [m["age_ms"] - m["latency_ms"]["total"] + m["latency_ms"]["queue"] for m in messages]
        assert np.median(waited_ms) < 1000
        counts.append(len(messages))
    assert max(counts) <= 1.5 * min(counts)
    assert "is down" not in program.log
