"""The configuration changes while the program runs: what is untouched goes on, and what fails changes nothing."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from edge_app.app import transition
from edge_app.app.config import load_config
from edge_app.app.config_file import ConfigFile
from edge_app.app.control import SOCKET, ask, control
from edge_app.app.factory import make_parts
from edge_app.app.loaded_model import LoadedModel
from edge_app.app.reload import Reloader
from edge_app.app.runtime import MAIN, Runtime
from edge_app.app.start import start
from edge_app.core.errors import AccessError, DeviceError, EdgeAppError, InputError, StoppedError
from edge_app.core.files import locked
from tests import onnx_models
from tests.program import Program
from tests.waiting import PATIENCE_S, until

SCENE = "synthetic://street?seed=7&fps=10&size=320x180"
SMALL = "synthetic://street?seed=7&fps=10&size=160x90"  # where nobody looks at what is found: it is rendered sooner
NOWHERE = "rtsp://127.0.0.1:9/x"
EVERYWHERE = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
# The program, whose model takes until there is a file `go` in its folder.
SLOWLY = """
import pathlib, time, edge_app.app.start as start
from edge_app.__main__ import main

def load(*arguments, load=start.load_model):
    pathlib.Path("loads").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    return load(*arguments)

start.load_model = load
main()
"""
NOBODY, SERVICE = 65534, 4242  # users
Verb = Callable[..., tuple[int, str, str]]


def camera(**settings: Any) -> dict[str, Any]:
    return {"url": SCENE, **settings}


def assert_no_gap(messages: list[dict[str, Any]]) -> None:
    assert [m["seq"] for m in messages] == list(range(len(messages)))
    assert len({m["session"] for m in messages}) == 1


class TestOfTheProgram:
    """The program as its users run it, and `edge-app reload` beside it."""

    @pytest.fixture
    def state(self, tmp_path: Path) -> str:
        return str(tmp_path / "state")

    def until_more(self, program: Program, *cameras: str, messages: int = 3) -> None:
        """Each camera has sent so many more."""
        least = {name: len(program.messages(name)) + messages for name in cameras}
        program.until(lambda: all(len(program.messages(name)) >= number for name, number in least.items()))

    def test_a_zone_a_camera_and_a_sink_change_and_the_others_go_on(
        self, edge_app, configured, verb: Verb, tmp_path, state, rtsp_server, clip
    ):
        server = rtsp_server(clip)
        gate = {"url": server.url}
        file = {"type": "file", "path": str(tmp_path / "out.ndjson")}
        path = configured(cameras={"gate": gate, "yard": camera()}, publish=[{"type": "stdout"}, file], state_dir=state)
        program = edge_app("run", path)
        self.until_more(program, "gate", "yard")
        configured(
            cameras={"gate": gate, "yard": camera(zones={"door": EVERYWHERE}), "dock": camera()},
            publish=[{"type": "stdout"}],
            state_dir=state,
        )
        assert verb("reload", path, "--dry-run")[:2] == (
            0,
            "= model\n= engine\n= detect\n= limits\n= workers\n= shutdown\n= reload\n= state_dir\n"
            "= camera gate\n~ camera yard: zones\n+ camera dock\n= sink stdout\n- sink file\n",
        )
        assert not program.messages("dock")
        program.process.send_signal(signal.SIGHUP)
        self.until_more(program, "dock", "gate")
        program.until(lambda: "reloaded: " in program.log)
        written = (tmp_path / "out.ndjson").read_text()
        program.until(lambda: "enter" in {m.get("type") for m in program.messages("yard")})
        assert program.terminate()[0] == 0
        assert (tmp_path / "out.ndjson").read_text() == written
        for name in ("gate", "yard", "dock"):
            assert_no_gap([m for m in program.messages(name) if "detections" in m["schema"]])
        assert program.log.count("camera gate is up") == program.log.count("camera yard is up") == 1
        assert "reloaded: ~ camera yard: zones, + camera dock, - sink file" in program.log

    def test_another_place_for_a_file_loses_no_message(self, edge_app, configured, verb: Verb, tmp_path, state):
        def sinks(name: str) -> list[dict[str, Any]]:
            return [{"type": "stdout"}, {"type": "file", "path": str(tmp_path / name)}]

        path = configured(cameras={"a": camera()}, publish=sinks("one"), state_dir=state)
        program = edge_app("run", path)
        for name in ("two", "three"):
            self.until_more(program, "a")
            configured(cameras={"a": camera()}, publish=sinks(name), state_dir=state)
            assert verb("reload", path)[0] == 0
        self.until_more(program, "a")
        assert program.terminate()[0] == 0
        lines = [line for name in ("one", "two", "three") for line in (tmp_path / name).read_text().splitlines()]
        assert_no_gap([m for m in map(json.loads, lines) if "detections" in m["schema"]])
        assert lines == [line for line in program.output.splitlines() if "detections" in line]

    def test_another_model_answers_from_one_frame_to_the_next(self, edge_app, configured, verb: Verb, tmp_path, state):
        def model(name: str) -> dict[str, Any]:
            onnx_models.speechless_at_bright(tmp_path / f"{name}.onnx")
            return {"onnx": str(tmp_path / f"{name}.onnx"), "decoder": "yolox"}

        path = configured(cameras={"a": camera(zones={"door": EVERYWHERE})}, state_dir=state)
        program = edge_app("run", path)
        self.until_more(program, "a")
        configured(cameras={"a": camera(zones={"door": EVERYWHERE})}, model=model("other"), state_dir=state)
        code, output, _ = verb("reload", path, "--json")
        assert (code, json.loads(output)["applied"]) == (0, True)
        self.until_more(program, "a")
        assert program.terminate()[0] == 0
        messages = [m for m in program.messages("a") if "detections" in m["schema"]]
        assert_no_gap(messages)
        names = [m["model"]["name"] for m in messages]
        assert names == sorted(names, key=["traffic", "other"].index)
        assert set(names) == {"traffic", "other"}

    def test_a_threshold_changes_what_is_told_and_no_engine(self, edge_app, configured, verb: Verb, state):
        path = configured(cameras={"a": camera()}, detect={"confidence": 0.1}, state_dir=state)
        program = edge_app("run", path)
        program.until(lambda: any(o["score"] < 0.9 for m in program.messages("a") for o in m["objects"]))
        configured(cameras={"a": camera()}, detect={"confidence": 0.9}, state_dir=state)
        assert verb("reload", path)[0] == 0
        changed = len(program.messages("a"))
        self.until_more(program, "a", messages=10)
        assert all(o["score"] >= 0.9 for m in program.messages("a")[changed + 1 :] for o in m["objects"])
        assert program.log.count("model traffic") == 1

    def test_a_file_with_a_mistake_changes_nothing_and_says_where(self, edge_app, configured, verb: Verb, state):
        path = configured(cameras={"a": camera()}, state_dir=state)
        program = edge_app("run", path)
        self.until_more(program, "a")
        path.write_text(path.read_text().replace("publish:", "publsh:"))
        code, _, said = verb("reload", path)
        assert (code, len(said.splitlines())) == (78, 1)
        assert re.match(rf"{re.escape(str(path))}:\d+:\d+: publsh: unknown key", said)
        program.process.send_signal(signal.SIGHUP)
        program.until(lambda: program.log.count("not reloaded: ") == 2)
        self.until_more(program, "a")
        assert_no_gap(program.messages("a"))

    def test_a_watched_file_is_loaded_when_it_has_changed(self, edge_app, configured, state):
        path = configured(cameras={"a": camera()}, reload={"watch": True}, state_dir=state)
        program = edge_app("run", path)
        self.until_more(program, "a")
        text = path.read_text()
        path.write_text(text.replace("cameras:", "camera:"))
        program.until(lambda: "camera: unknown key" in program.log)
        path.write_text(text.replace("fps=10", "fps=5"))
        program.until(lambda: "reloaded: ~ camera a: url" in program.log)
        assert program.log.count("not reloaded") == 1

    @pytest.mark.parametrize("watch", [False, True], ids=["told to", "watching"])
    def test_what_changes_while_the_model_is_loaded_is_there_when_it_runs(self, edge_app, configured, state, watch):
        sections = {"reload": {"watch": watch}, "state_dir": state}
        program = edge_app("run", configured(cameras={"a": camera()}, **sections), python=("-c", SLOWLY))
        folder = program.stdout.parent
        program.until((folder / "loads").exists)
        configured(cameras={"a": camera(), "b": camera()}, **sections)
        if not watch:
            program.process.send_signal(signal.SIGHUP)
        (folder / "go").touch()
        program.until(lambda: program.messages("b"))
        assert "reloaded: + camera b" in program.log

    def test_who_asks_while_the_model_is_loaded_is_answered_when_it_runs(self, edge_app, configured, tmp_path, state):
        path = configured(cameras={"a": camera()}, state_dir=state)
        program = edge_app("run", path, python=("-c", SLOWLY))
        folder = program.stdout.parent
        program.until((folder / "loads").exists)
        program.until((tmp_path / "state" / SOCKET).exists)
        asking = edge_app("reload", path)
        program.until(lambda: established(tmp_path / "state" / SOCKET))
        (folder / "go").touch()
        assert asking.wait() == 0
        assert "= camera a" in asking.output

    def test_a_file_that_is_a_link_is_found_wherever_that_leads(
        self, edge_app, configured, verb: Verb, tmp_path, state
    ):
        """As a mounted ConfigMap is, whose link leads to another folder at each change."""
        path = configured(cameras={"a": camera()}, state_dir=state)
        text, link = path.read_text(), tmp_path / "link.yaml"
        link.symlink_to(path)
        program = edge_app("run", link)
        self.until_more(program, "a", messages=1)
        (tmp_path / "second.yaml").write_text(text.replace("fps=10", "fps=5"))
        (tmp_path / "next").symlink_to(tmp_path / "second.yaml")
        (tmp_path / "next").rename(link)
        code, output, _ = verb("reload", link)
        assert (code, "~ camera a: url" in output) == (0, True)

    def test_when_its_terminal_goes_the_program_ends(self, configured, tmp_path, state):
        path = configured(cameras={"a": camera()}, state_dir=state)
        ours, its = os.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "edge_app", "run", str(path)],
            stdin=its, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # where these tests run under nohup
        ) as program:  # fmt: skip
            assert program.stdout is not None
            program.stdout.readline()
            program.send_signal(signal.SIGHUP)
            program.stdout.close()
            assert program.wait(PATIENCE_S) == -signal.SIGHUP
        os.close(ours)
        os.close(its)

    def test_nobody_else_may_ask_and_what_a_dead_program_left_is_no_hindrance(
        self, edge_app, configured, verb: Verb, state
    ):
        path = configured(cameras={"a": camera()}, state_dir=state)
        assert verb("reload", path)[::2] == (69, f"no program runs {path}\n")
        for _ in range(2):
            program = edge_app("run", path)
            self.until_more(program, "a", messages=1)
            found = Path(state, SOCKET)
            assert stat.S_IMODE(found.stat().st_mode) == 0o600
            assert verb("reload", path)[0] == 0
            program.process.kill()
            program.wait()
            assert found.exists()
            assert verb("reload", path)[0] == 69

    def test_a_model_of_which_nothing_is_there_changes_nothing_else(self, edge_app, configured, verb: Verb, state):
        path = configured(cameras={"a": camera()}, state_dir=state)
        program = edge_app("run", path)
        self.until_more(program, "a")
        configured(cameras={"b": camera()}, model={"onnx": "none.onnx"}, state_dir=state)
        code, _, said = verb("reload", path)
        assert code == InputError.exit_code
        assert "none.onnx" in said
        self.until_more(program, "a")
        assert not program.messages("b")
        configured(cameras={"a": camera()}, state_dir=f"{state}2")
        assert "= state_dir (changes when" in verb("reload", path)[1]
        self.until_more(program, "a")


def established(path: Path) -> bool:
    """Whether somebody is connected to that socket."""
    flags = [line.split()[5] for line in Path("/proc/net/unix").read_text().splitlines() if line.endswith(str(path))]
    return "03" in flags


class Running:
    """A runtime in a thread of its own, so that a test can look into it."""

    def __init__(self, path: Path, runtime: Runtime) -> None:
        self.path, self.runtime = path, runtime
        self.reloader = Reloader(ConfigFile(path, {}, load_config))
        self._reloading = self.reloader.reloading(runtime)
        self._thread = threading.Thread(target=runtime.run, kwargs={"tick_s": 0.01})

    def __enter__(self) -> Running:
        self._thread.start()
        self._reloading.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._reloading.__exit__(None, None, None)

    def stop(self) -> None:
        """Ends what runs."""
        self.runtime.stop.set()
        self._thread.join()

    def reload(self, **sections: Any) -> None:
        """Writes these sections in place of those that were there, and reloads."""
        self.path.write_text(yaml.safe_dump({**yaml.safe_load(self.path.read_text()), **sections}))
        self.reloader.request().result(PATIENCE_S)

    def until_analysed(self, *cameras: str) -> None:
        """Each has had one more frame analysed."""
        total = self.runtime.metrics.total
        least = {name: total("frames_analysed", camera=name) for name in cameras}
        deadline = time.monotonic() + PATIENCE_S
        while any(total("frames_analysed", camera=name) <= number for name, number in least.items()):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def running(configured, tmp_path):
    """A program with the camera `a`, which discards its messages."""
    path = configured(
        cameras={"a": camera(url=SMALL)},
        publish=[{"type": "file", "path": "/dev/null"}],
        state_dir=str(tmp_path / "state"),
    )
    with start(make_parts(load_config(path, {}))) as runtime, Running(path, runtime) as running:
        running.until_analysed("a")
        yield running


def test_an_engine_that_is_replaced_is_let_go_of_at_once(running):
    """No garbage collection is wanted for it: those pass over what was there from the start."""
    engine = weakref.ref(running.runtime.analyser.model.engine)
    gc.disable()
    try:
        running.reload(engine={"threads": 2})
        running.until_analysed("a")
        assert engine() is None
    finally:
        gc.enable()


def test_when_the_last_step_fails_every_step_before_it_is_taken_back(running, tmp_path, monkeypatch):
    """The sink is there, another model answers, a camera has gone and one has come: then counts cannot be opened."""
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / "counts.db").mkdir()
    runtime = running.runtime
    before, model = runtime.parts, runtime.analyser.model
    with pytest.raises(AccessError, match=r"counts\.db"):
        running.reload(
            cameras={"b": camera(zones={"door": EVERYWHERE}), "a": camera(url=SCENE + "&frames=1000000")},
            engine={"threads": 2},
            publish=[{"type": "file", "path": "/dev/null", "max_per_s": 1}, {"type": "stdout"}],
        )
    assert runtime.parts is before
    assert runtime.analyser.model is model
    health = runtime.health()
    assert (set(health.cameras), set(health.sinks)) == ({"a"}, {"file"})
    running.until_analysed("a")
    (tmp_path / "state" / "counts.db").rmdir()
    running.reload()
    assert set(runtime.health().cameras) == {"a", "b"}
    running.until_analysed("a", "b")


def test_a_sink_whose_spool_is_taken_ends_a_reload_and_nothing_else(running, tmp_path):
    (tmp_path / "state" / "spool").mkdir(parents=True, exist_ok=True)
    lock = tmp_path / "state" / "spool" / "file.lock"
    lock.touch()
    spooled = {"type": "file", "path": "/dev/null", "spool": {"detections": "always"}}
    with locked(lock), pytest.raises(AccessError):
        running.reload(publish=[spooled], cameras={"b": camera()})
    published = running.runtime.metrics.total("published", sink="file")
    running.until_analysed("a")
    deadline = time.monotonic() + PATIENCE_S
    while running.runtime.metrics.total("published", sink="file") <= published:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running.reload()
    running.until_analysed("b")


def test_a_hundred_reloads_leave_nothing_behind(running):
    process = psutil.Process()

    def reload(times: int) -> None:
        for index in range(times):
            zones = {"zones": {"door": EVERYWHERE}} if index % 2 else {}
            running.reload(
                cameras={"a": camera(url=SMALL, max_fps=5 + index % 2), "b": camera(url=SMALL, **zones)},
                publish=[{"type": "file", "path": "/dev/null", "max_per_s": 1 + index % 3}],
                detect={"confidence": 0.3 + index % 4 / 10},
            )

    reload(10)
    running.until_analysed("a", "b")
    threads, files = threading.active_count(), process.num_fds()
    reload(100)
    running.until_analysed("a", "b")
    deadline = time.monotonic() + PATIENCE_S
    while threading.active_count() > threads or process.num_fds() > files:  # what was replaced ends a little later
        assert time.monotonic() < deadline, (threading.active_count(), threads, process.num_fds(), files)
        time.sleep(0.05)


def test_events_begin_and_end_with_their_section(running):
    running.reload(events={}, track={})
    assert running.runtime.parts.config.events is not None
    running.until_analysed("a")
    text = yaml.safe_load(running.path.read_text())
    running.path.write_text(yaml.safe_dump({key: text[key] for key in text if key not in ("events", "track")}))
    running.reload()
    running.until_analysed("a")
    assert running.runtime.parts.config.events is None


def test_a_camera_of_which_was_told_that_it_is_down_is_told_of_when_it_is_up(running, tmp_path):
    written = tmp_path / "events.ndjson"
    written.touch()
    running.reload(
        cameras={"a": camera(), "b": camera(url=NOWHERE)},
        events={},
        publish=[{"type": "file", "path": str(written), "messages": ["events"]}],
    )

    def told() -> list[str]:
        events = map(json.loads, written.read_text().splitlines())
        return [event["state"] for event in events if (event["type"], event["camera"]) == ("camera", "b")]

    until(lambda: told() == ["down"])
    running.reload(events={"update_s": 1})
    running.reload(cameras={"a": camera(), "b": camera()})
    until(lambda: told() == ["down", "up"])


def test_the_main_loop_gives_signs_of_life_until_the_program_ends(running):
    beats, over = running.runtime.heartbeats, threading.Event()
    held = threading.Thread(target=running.runtime.call, args=[over.wait])
    held.start()
    try:
        until(lambda: MAIN in beats.silent(0.2))
    finally:
        over.set()
        held.join()
    until(lambda: MAIN not in beats.silent(0.2))
    running.stop()
    assert not beats.silent(-1)


def test_a_sink_that_is_there_no_more_has_no_gauges(running, tmp_path):
    null = {"type": "file", "path": "/dev/null"}
    running.reload(publish=[null, {**null, "path": str(tmp_path / "out"), "name": "other", "spool": True}])
    gauge = partial(running.runtime.metrics.gauge_value, "spool_free_bytes", sink="other")
    until(lambda: gauge() is not None)
    running.reload(publish=[null])
    until(lambda: gauge() is None)


def test_a_reload_that_is_asked_for_when_the_program_has_ended_is_refused(running):
    running.runtime.stop.set()

    def reload() -> None:
        for index in range(1000):  # the first may still find it running
            running.reload(cameras={f"c{index}": camera()})

    with pytest.raises(EdgeAppError, match="the program stops"):
        reload()


def test_nobody_waits_for_a_reload_that_nobody_makes(running):
    reloader = Reloader(ConfigFile(running.path, {}, load_config))
    before = reloader.request()
    with reloader.reloading(running.runtime):
        assert before.result(PATIENCE_S).applied
    with pytest.raises(StoppedError):
        reloader.request().result(PATIENCE_S)


class TestOfTheSocket:
    """How the running program is found and asked."""

    @pytest.fixture
    def config(self, tmp_path: Path) -> Path:
        return tmp_path / "config.yaml"

    def test_the_program_of_that_file_answers_wherever_its_socket_is(self, tmp_path, config):
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
        other = {"where": lambda request: "other"}
        with (
            control(tmp_path / "one" / SOCKET, tmp_path / "other.yaml", other),
            control(tmp_path / "two" / SOCKET, config, {"where": lambda request: request["arguments"]}),
        ):
            assert ask(config, "where", arguments=[1]) == [1]
            with pytest.raises(EdgeAppError, match="not a request"):
                ask(config, "dance")
        with pytest.raises(DeviceError, match="no program runs"):
            ask(config, "where", arguments=[1])

    @pytest.mark.parametrize("says", [b"", b"[]\n"])
    def test_a_program_that_hangs_or_talks_nonsense_holds_up_no_other(self, tmp_path, config, says):
        def answer() -> None:
            with closing(hung.accept()[0]) as connection:
                connection.sendall(says)
                asked.wait()

        (tmp_path / "a").mkdir()
        asked = threading.Event()
        with socket.socket(socket.AF_UNIX) as hung, control(tmp_path / SOCKET, config, {"which": lambda request: 1}):
            hung.bind(str(tmp_path / "a" / SOCKET))
            hung.listen()
            answering = threading.Thread(target=answer)
            answering.start()
            assert ask(config, "which") == 1
            asked.set()
            answering.join()

    def test_an_error_keeps_its_lines_and_its_code(self, tmp_path, config):
        def fail(request: Any) -> Any:
            raise AccessError("no")

        with control(tmp_path / SOCKET, config, {"fail": fail}), pytest.raises(EdgeAppError, match=r"^no$") as raised:
            ask(config, "fail")
        assert raised.value.exit_code == AccessError.exit_code

    @pytest.fixture
    def somebody_elses(self, config) -> Iterator[None]:
        """A program of the user `nobody` that says to run this test's file, where everybody may connect."""
        if os.geteuid():
            pytest.skip("only root can be somebody else")
        folder = Path(tempfile.mkdtemp(prefix="a"))  # in a folder that everybody may enter, and first in the line
        folder.chmod(0o777)
        path = folder / SOCKET
        os.seteuid(NOBODY)
        try:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.listen()
        finally:
            os.seteuid(0)
        path.chmod(0o777)

        def answer() -> None:
            with suppress(OSError):
                while True:
                    with closing(listener.accept()[0]) as connection, suppress(OSError):
                        asked = connection.recv(1000)  # by other tests, too
                        lie = {"result": "nothing has changed"} if str(config).encode() in asked else {}
                        connection.sendall(json.dumps(lie).encode() + b"\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()
        shutil.rmtree(folder)

    def test_what_another_user_answers_counts_for_nothing(self, tmp_path, config, monkeypatch, somebody_elses):
        assert ask(config, "which") == "nothing has changed"  # root asks everybody, but the system's users first
        with control(tmp_path / SOCKET, config, {"which": lambda request: 1}):
            assert ask(config, "which") == 1
            monkeypatch.setattr(os, "geteuid", lambda: SERVICE)
            assert ask(config, "which") == 1
        with pytest.raises(DeviceError, match="no program runs"):
            ask(config, "which")

    def test_a_second_program_leaves_the_firsts_socket_alone(self, tmp_path, config, caplog):
        with control(tmp_path / SOCKET, config, {"which": lambda request: 1}):
            with control(tmp_path / SOCKET, config, {"which": lambda request: 2}):
                assert ask(config, "which") == 1
            assert ask(config, "which") == 1
        assert "another program uses this state folder" in caplog.text

    @pytest.mark.parametrize(
        "request_line", [b"", b"\n", b"[]\n", b'{"config": 1}\n', b"x" * 100_000, b"\xff\n", b"[" * 60_000 + b"\n"]
    )
    def test_a_request_that_is_none_ends_nothing(self, tmp_path, config, request_line):
        with control(tmp_path / SOCKET, config, {"fine": lambda request: True}):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(tmp_path / SOCKET))
                try:
                    connection.sendall(request_line)
                    connection.shutdown(socket.SHUT_WR)
                    assert connection.recv(1000)
                except (BrokenPipeError, ConnectionResetError):
                    pass
            assert ask(config, "fine")

    def test_where_no_socket_can_be_the_program_runs_without(self, tmp_path, config, caplog):
        with control(tmp_path / ("x" * 100) / SOCKET, config, {}):
            assert "edge-app reload cannot ask this program" in caplog.text


def test_cameras_come_and_go_while_a_model_is_loaded(running, monkeypatch):
    """As a fleet moves them, which cannot wait for the minutes that a build may take."""
    runtime, load = running.runtime, transition.load_model

    def load_slowly(*arguments: Any) -> LoadedModel:
        assert runtime.changing.acquire(timeout=5)
        runtime.call(lambda: runtime.read_no_more("a"))
        runtime.call(lambda: runtime.read("a"))
        runtime.changing.release()
        return load(*arguments)

    monkeypatch.setattr(transition, "load_model", load_slowly)
    before = runtime.analyser.model
    running.reload(engine={"threads": 2})
    assert runtime.analyser.model is not before
    running.until_analysed("a")
