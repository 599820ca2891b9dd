"""Worker processes whose cameras, model or configuration change while they run."""

from __future__ import annotations

import signal
from pathlib import Path

import yaml

from tests.app.workers.programs import CAMERAS, SMALL, all_speak, health, sessions, workers
from tests.ports import free_port

TRAFFIC = Path(__file__).resolve().parents[3] / "models/traffic/model.onnx"


def test_a_reload_changes_moves_and_adds_cameras(shared_out, edge_app, verb) -> None:
    port = free_port()
    web = {"web": {"port": port}}
    program = edge_app("run", path := shared_out(**web))
    program.until(lambda: all_speak(program))
    before = sessions(program)
    moved = {"cam0": {**CAMERAS["cam0"], "worker": 1}, "cam1": CAMERAS["cam1"], "cam2": {"url": SMALL % 7}}
    shared_out(**web, cameras={**moved, "new": {"url": SMALL % 9}}, detect={"confidence": 0.6})
    code, _, log = verb("reload", path)
    assert code == 0, (log, program.log)
    seen = len(program.messages())
    program.until(lambda: {m["camera"] for m in program.messages()[seen:]} >= {"cam0", "cam1", "cam2", "new"})
    now = len(program.messages())
    program.until(lambda: len(program.messages()) > now + 40)
    newest = program.messages()[now:]
    assert {message["camera"] for message in newest} == {"cam0", "cam1", "cam2", "new"}
    assert {m["session"] for m in newest if m["camera"] == "cam0"} == {before["cam1"]}, "it has moved"
    assert {m["session"] for m in newest if m["camera"] == "cam2"} == {before["cam2"]}
    assert min((o["score"] for m in newest for o in m["objects"]), default=1) >= 0.6
    assert set(health(port)["cameras"]) == {"cam0", "cam1", "cam2", "new"}
    assert program.terminate()[0] == 0


def test_a_reload_that_a_worker_cannot_make_changes_nothing(shared_out, edge_app, verb, tmp_path) -> None:
    program = edge_app("run", path := shared_out())
    program.until(lambda: all_speak(program))
    before = sessions(program)
    config = yaml.safe_load(path.read_text())
    config["engine"] = {"precision": "fp32", "threads": 2, "provider": "cuda"}
    path.write_text(yaml.safe_dump(config))
    code, _, log = verb("reload", path)
    assert code != 0, log
    seen = len(program.messages())
    program.until(lambda: all_speak(program, seen))
    assert sessions(program) == before
    assert program.terminate()[0] == 0


def test_a_worker_that_has_read_its_files_reads_what_a_reload_gives_it(shared_out, edge_app, verb) -> None:
    file, live = {"url": f"{SMALL % 0}&frames=10", "worker": 0}, {"url": SMALL % 1, "worker": 1}
    program = edge_app("run", path := shared_out(cameras={"read": file, "changed": file, "live": live}))
    program.until(lambda: all(map(program.messages, ("read", "changed", "live"))) and len(workers(program)) == 1)
    changed = {"url": f"{SMALL % 5}&frames=7", "worker": 0}
    shared_out(cameras={"read": file, "changed": changed, "live": live, "new": {"url": SMALL % 2, "worker": 0}})
    assert verb("reload", path)[0] == 0
    program.until(lambda: program.messages("new") and len(program.messages("changed")) == 17)
    assert len(program.messages("read")) == 10, "it is not read again"
    assert program.terminate()[0] == 0


def test_files_are_the_end_although_a_worker_has_a_camera_that_is_disabled(shared_out, edge_app) -> None:
    cameras = {"file": {"url": f"{SMALL % 0}&frames=10"}, "off": {"url": SMALL % 1, "worker": 1, "enabled": False}}
    program = edge_app("run", shared_out(cameras=cameras))
    assert program.wait() == 0
    assert len(program.messages()) == 10


def test_a_model_that_is_gone_when_a_worker_dies_is_told(shared_out, edge_app, tmp_path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(TRAFFIC.read_bytes())
    program = edge_app("run", shared_out(model={"onnx": str(model), "decoder": "yolox"}))
    program.until(lambda: all_speak(program))
    model.unlink()
    workers(program)[0].kill()
    assert program.wait() == 66
    assert "worker 0 died 3 times in a minute" in program.log
    assert "no such model file" in program.log.splitlines()[-1]


def test_no_line_of_a_worker_shows_a_secret_that_a_reload_brings(shared_out, edge_app, tmp_path) -> None:
    program = edge_app("run", shared_out(), env={"SECRET": "hunter2hunter2"})
    program.until(lambda: all_speak(program))
    shared_out(cameras={**CAMERAS, "new": {"url": str(tmp_path / "${SECRET}.mp4"), "worker": 1}})
    program.process.send_signal(signal.SIGHUP)
    program.until(lambda: "camera new is down (not_found)" in program.log)
    assert "hunter2hunter2" not in program.log
