"""`edge-app run` with worker processes: it faces outward as one program."""

from __future__ import annotations

import json
import signal
import time
from collections import defaultdict
from typing import Any

import psutil

from edge_app.web.live.wire import Holds
from tests.app.test_evidence import STRIPS, agrees, events
from tests.app.workers.programs import CAMERAS, SMALL, all_speak, asked, detections, health, sessions, workers
from tests.ports import free_port
from tests.rtsp.fixtures import StartServer
from tests.waiting import PATIENCE_S, until
from tests.web.websocket import Client

HALVES = {"cam0": 0, "cam1": 1, "cam2": 0, "cam3": 1}


def analysed(port: int, camera: str, worker: int) -> float:
    """Frames of a camera, as the metrics have it at that worker."""
    series = f'edge_app_frames_analysed_total{{camera="{camera}",worker="{worker}"}} '
    lines = asked(port, "/metrics").decode().splitlines()
    return next((float(line.removeprefix(series)) for line in lines if line.startswith(series)), 0)


def assert_no_gap(messages: list[dict[str, Any]]) -> None:
    numbers = defaultdict[tuple[str, str], list[int]](list)
    for message in messages:
        numbers[message["camera"], message["session"]].append(message["seq"])
    for found in numbers.values():
        assert found == list(range(len(found)))


def test_a_worker_that_dies_is_replaced_and_the_other_notices_nothing(shared_out, edge_app) -> None:
    port = free_port()
    program = edge_app("run", shared_out(web={"port": port}, events={}))
    program.until(lambda: all_speak(program))
    before = sessions(program)
    assert before["cam0"] == before["cam2"] != before["cam1"] == before["cam3"]
    until(lambda: {camera["state"] for camera in health(port)["cameras"].values()} == {"up"})
    for camera, worker in HALVES.items():
        until(lambda camera=camera, worker=worker: analysed(port, camera, worker) > 10)
    counted = analysed(port, "cam0", 0)

    seen = len(program.messages())
    workers(program)[0].kill()
    program.until(lambda: "worker 0: killed by SIGKILL; it is started again" in program.log)
    program.until(lambda: any(m.get("type") == "camera" and m["camera"] == "cam2" for m in program.messages()[seen:]))
    program.until(lambda: sessions(program)["cam0"] != before["cam0"] and sessions(program)["cam2"] != before["cam2"])
    program.until(lambda: {camera["state"] for camera in health(port)["cameras"].values()} == {"up"})
    after = sessions(program)
    assert {camera for camera in CAMERAS if after[camera] != before[camera]} == {"cam0", "cam2"}
    assert_no_gap(detections(program))
    assert analysed(port, "cam0", 0) >= counted, "it counts on"

    family = [process.pid for process in workers(program)]
    assert program.terminate()[0] == 0
    assert not [pid for pid in family if psutil.pid_exists(pid)]


def test_three_deaths_in_a_minute_are_an_end(shared_out, edge_app) -> None:
    program = edge_app("run", shared_out())
    program.until(lambda: all_speak(program))
    family = set(workers(program))
    while program.process.poll() is None:
        for process in workers(program)[:1]:
            family.add(process)
            process.kill()
        time.sleep(0.2)
    assert program.wait() == 75
    assert "worker 0 died 3 times in a minute" in program.log
    assert not [process for process in family if process.is_running()]


def test_signals_for_all_processes_are_for_the_main_process_alone(shared_out, edge_app) -> None:
    program = edge_app("run", shared_out())
    program.until(lambda: workers(program))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # as a terminal's Ctrl-C does, while it starts
        workers(program)[0].send_signal(number)
    program.until(lambda: all_speak(program))
    assert program.terminate()[0] == 0


def test_workers_end_with_the_main_process_however_that_ends(shared_out, edge_app) -> None:
    program = edge_app("run", shared_out())
    program.until(lambda: all_speak(program))
    family = workers(program)
    family[0].send_signal(signal.SIGSTOP)  # as one that hangs
    program.process.kill()
    assert psutil.wait_procs(family, timeout=PATIENCE_S)[1] == []


def test_workers_that_hang_end_with_the_program(shared_out, edge_app) -> None:
    program = edge_app("run", shared_out(workers={"processes": 4}))
    program.until(lambda: all_speak(program))
    family = workers(program)
    for process in family:
        process.send_signal(signal.SIGSTOP)
    code, seconds = program.terminate()
    assert code == 0
    assert seconds < 5
    assert psutil.wait_procs(family, timeout=PATIENCE_S)[1] == []


def test_a_worker_that_is_silent_is_replaced(shared_out, edge_app) -> None:
    program = edge_app("run", shared_out())
    program.until(lambda: all_speak(program))
    workers(program)[1].send_signal(signal.SIGSTOP)
    program.until(lambda: "worker 1: no sign of life; it is killed" in program.log)
    seen = len(program.messages())
    program.until(lambda: all_speak(program, seen))
    assert program.terminate()[0] == 0


def test_of_files_every_frame_is_told_and_their_end_is_the_end(shared_out, edge_app) -> None:
    frames = {"cam0": 20, "cam1": 55, "cam2": 30}
    cameras = {name: {"url": f"{SMALL % n}&frames={count}"} for n, (name, count) in enumerate(frames.items())}
    program = edge_app("run", shared_out(cameras=cameras))
    assert program.wait() == 0, program.log
    assert {name: len(program.messages(name)) for name in frames} == frames


def test_a_file_that_cannot_be_read_is_told_in_the_end(shared_out, edge_app, tmp_path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    cameras = {"cam0": {"url": str(tmp_path / "broken.mp4")}, "cam1": {"url": f"{SMALL % 1}&frames=20"}}
    program = edge_app("run", shared_out(cameras=cameras))
    assert program.wait() == 66, program.log
    assert len(program.messages("cam1")) == 20


def test_evidence_of_all_workers_is_in_one_store(shared_out, edge_app, tmp_path) -> None:
    cameras = {
        name: {"url": "synthetic://street?seed=7&fps=10&size=320x180&frames=80", "zones": STRIPS} for name in ("a", "b")
    }
    clips = {"types": ["enter"], "before_s": 1, "after_s": 1}
    program = edge_app("run", shared_out(cameras=cameras, evidence={"clips": clips}, track={"confirm_frames": 2}))
    assert program.wait() == 0, program.log
    folder = tmp_path / "state/evidence"
    for name in cameras:
        lines = [line for line in program.output.splitlines() if json.loads(line)["camera"] == name]
        told = events("\n".join(lines))
        assert [event for event in told if event["type"] == "enter" and "clip" in event]
        for event in told:
            if "snapshot" in event:
                assert (folder / event["snapshot"]).is_file()
            if event["type"] == "update" and "clip" in event and "clip_note" not in event:
                assert (folder / event["clip"]).is_file()
    assert agrees(folder)


def test_counts_of_all_workers_are_one_document(shared_out, edge_app, tmp_path) -> None:
    cameras = {name: {"url": "synthetic://street?seed=7&fps=10&size=320x180", "zones": STRIPS} for name in ("a", "b")}
    publish = [{"type": "stdout", "messages": ["counts"]}]
    config = shared_out(cameras=cameras, track={"confirm_frames": 2}, publish=publish)
    program = edge_app("run", config)

    def all_inside() -> bool:
        """Whether the newest document tells how many are in the zones of each, which its worker alone knows."""
        newest = program.output.rpartition("\n")[0].rpartition("\n")[2]
        told = json.loads(newest)["cameras"] if newest else {}
        return {name for name, camera in told.items() if '"inside"' in json.dumps(camera)} == {"a", "b"}

    program.until(all_inside)
    assert len({json.loads(line)["session"] for line in program.output.splitlines()}) == 1
    assert program.terminate()[0] == 0


def test_who_looks_at_a_camera_of_a_worker_sees_its_video_and_its_pictures(
    shared_out, edge_app, rtsp_server: StartServer
) -> None:
    port = free_port()
    cameras = {"gate": {"url": rtsp_server().url, "worker": 1}, "street": {"url": SMALL % 3, "worker": 0}}
    program = edge_app("run", shared_out(cameras=cameras, web={"port": port}))
    program.until(lambda: program.messages("gate") and program.messages("street"))
    for camera, query, kind in (("gate", "", Holds.FRAGMENT), ("street", "?format=jpeg", Holds.PICTURE)):
        client = Client(port, f"/api/v1/cameras/{camera}/live{query}")
        assert client.binary(kind).content
        assert any(isinstance(told, dict) and "objects" in told for told in client.messages())
        client.close()
    assert asked(port, "/api/v1/cameras/street/snapshot.jpg")[:2] == b"\xff\xd8"
    assert program.terminate()[0] == 0


def test_a_box_of_a_fleet_may_have_workers(shared_out, edge_app, start_etcd) -> None:
    fleet = {"etcd": [start_etcd().url], "site": "shop7", "box": "counter"}
    program = edge_app("run", shared_out(fleet=fleet))
    program.until(lambda: all_speak(program))
    told = detections(program)
    assert {message["box"] for message in told} == {"counter"}
    assert all(message["epoch"] > 0 for message in told)
    workers(program)[0].kill()
    before = sessions(program)
    program.until(lambda: len([name for name, each in sessions(program).items() if each != before[name]]) >= 1)
    program.until(lambda: all_speak(program, len(told)))
    epochs = {(message["camera"], message["epoch"]) for message in detections(program)}
    assert len(epochs) == len(CAMERAS), "its leases go on"
    assert program.terminate()[0] == 0
