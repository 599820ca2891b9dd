"""The HTTP side of a program that runs: from before its model is loaded until it ends."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_app import publish
from edge_app.app.config import load_config
from edge_app.app.serving import serve
from tests.ports import free_port
from tests.program import Program, StartProgram
from tests.waiting import PATIENCE_S

SCENE = "synthetic://street?seed=3&fps=5"
NOWHERE = "rtsp://127.0.0.1:9/stream-s3cret"
TOKEN, READ = "write-0123456789abcdef", "read-0123456789abcdef"
STOP_S = 5.0


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def status(port: int, path: str) -> int:
    try:
        return ask(port, path)[0]
    except OSError:
        return 0


@pytest.fixture
def started(edge_app: StartProgram, configured: Callable[..., Path]) -> Callable[..., tuple[Program, int]]:
    """Runs a program with a camera that works and one that does not, until it has started."""

    def start(**web: Any) -> tuple[Program, int]:
        port = free_port()
        cameras = {"street": {"url": SCENE}, "gate": {"url": NOWHERE, "username": "u", "password": "camera-passw0rd"}}
        program = edge_app("run", configured(cameras=cameras, web={"port": port, **web}))
        program.until(lambda: status(port, "/startup") == 200)
        return program, port

    return start


def test_a_program_shows_how_it_is_and_ends_in_time_whoever_is_connected(
    started: Callable[..., tuple[Program, int]],
) -> None:
    program, port = started()
    program.until(lambda: status(port, "/ready") == 200)
    assert status(port, "/live") == 200
    health = json.loads(ask(port, "/api/v1/health")[1])
    jsonschema.validate(health, json.loads(publish.schema("health")))
    program.until(lambda: json.loads(ask(port, "/ready")[1])["status"] == "degraded")
    program.until(lambda: len(program.messages("street")) > 3)
    text = ask(port, "/metrics")[1].decode()
    assert 'edge_app_camera_up{camera="street"} 1.0' in text
    assert 'edge_app_camera_up{camera="gate"} 0.0' in text
    assert 'edge_app_frame_age_seconds_count{camera="street"}' in text
    shown = ask(port, "/api/v1/config")[1].decode()
    assert json.loads(shown)["cameras"]["gate"]["password"] == "***"
    assert not [secret for secret in ("camera-passw0rd", "s3cret") if secret in shown + text + json.dumps(health)]
    with socket.create_connection(("127.0.0.1", port)) as slow, socket.create_connection(("127.0.0.1", port)):
        slow.sendall(b"GET /live HTTP/1.1\r\nHost: local")
        code, seconds = program.terminate()
    assert code == 0
    assert seconds < STOP_S
    assert status(port, "/live") == 0
    assert "Traceback" not in program.log
    assert "left behind" not in program.log


def test_the_configuration_is_reloaded_over_http(edge_app: StartProgram, configured: Callable[..., Path]) -> None:
    port = free_port()

    def written(**cameras: Any) -> Path:
        return configured(cameras={"street": {"url": SCENE}, **cameras}, web={"port": port})

    program = edge_app("run", written())
    program.until(lambda: status(port, "/startup") == 200)
    path = written(yard={"url": NOWHERE})
    code, planned = ask(port, "/api/v1/reload?dry_run=1", "POST")
    assert (code, json.loads(planned)["applied"]) == (200, False)
    assert {"op": "+", "part": "camera yard", "keys": []} in json.loads(planned)["changes"]
    assert "yard" not in json.loads(ask(port, "/api/v1/config")[1])["cameras"]
    code, done = ask(port, "/api/v1/reload", "POST")
    assert (code, json.loads(done)) == (200, {**json.loads(planned), "applied": True})
    assert set(json.loads(ask(port, "/api/v1/config")[1])["cameras"]) == {"street", "yard"}
    program.until(lambda: 'edge_app_camera_up{camera="yard"} 0.0' in ask(port, "/metrics")[1].decode())
    path.write_text(path.read_text().replace("url:", "ulr:"))
    code, refused = ask(port, "/api/v1/reload", "POST")
    assert code == 422
    assert f"{path}:" in json.loads(refused)["error"]["message"]
    assert status(port, "/live") == 200


def test_tokens_are_shown_nowhere(started: Callable[..., tuple[Program, int]]) -> None:
    program, port = started(token=TOKEN, read_token=READ)
    assert ask(port, "/api/v1/config")[0] == 401
    code, shown = ask(port, "/api/v1/config", Authorization=f"Bearer {READ}")
    assert code == 200
    assert json.loads(shown)["web"] == {
        "host": "127.0.0.1", "port": port, "token": "***", "read_token": "***", "hosts": [],
        "tls": {"cert": None, "key": None},
    }  # fmt: skip
    for _ in range(12):
        ask(port, "/metrics?token=" + TOKEN, Authorization=f"Bearer {TOKEN}x")
    program.terminate()
    assert not [token for token in (TOKEN, READ) if token in program.log + program.output]


def test_it_answers_before_the_engine_does(configured: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    port = free_port()
    config = load_config(configured(cameras={"street": {"url": SCENE}}, web={"port": port}), os.environ)
    with serve(config, threading.Event()):
        assert f"the page is at http://127.0.0.1:{port}" in caplog.text
        assert status(port, "/live") == 200
        assert status(port, "/startup") == 503
        assert status(port, "/ready") == 503
        assert json.loads(ask(port, "/api/v1/health")[1]) == {"error": {"message": "the program is starting"}}
    assert status(port, "/live") == 0


def test_a_bug_of_the_http_side_ends_the_program(
    configured: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("edge_app.web.connection.Connections.add", broken)
    config = load_config(configured(cameras={"street": {"url": SCENE}}, web={"port": free_port()}), os.environ)
    stop = threading.Event()
    assert config.web is not None

    def connect(port: int) -> bool:
        with serve(config, stop):
            socket.create_connection(("127.0.0.1", port)).close()
            return stop.wait(PATIENCE_S)

    with pytest.raises(ZeroDivisionError):
        connect(config.web.port)


def test_a_port_that_is_in_use_is_told_at_the_start(verb: Any, configured: Callable[..., Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        path = configured(cameras={"street": {"url": SCENE}}, web={"port": port})
        assert verb("check", path)[0] == 0
        code, _, err = verb("run", path)
    assert code == 75
    assert (
        err.splitlines()[-1]
        == f"{path}:{line_of(path, 'port:')}: web.port: port {port} of 127.0.0.1: in use by another program"
    )


@pytest.mark.parametrize(
    ("web", "key", "word"),
    [
        pytest.param({"host": "0.0.0.0"}, "host:", "token", id="no token"),
        pytest.param({"tls": {"cert": "none.pem", "key": "none.key"}}, "tls:", "none.pem", id="no certificate"),
        pytest.param({"port": 0}, "port:", "at least 1", id="no port"),
    ],
)
def test_a_mistake_is_a_line_for_check_and_run(
    verb: Any, configured: Callable[..., Path], web: dict[str, Any], key: str, word: str
) -> None:
    path = configured(cameras={"street": {"url": SCENE}}, web=web)
    for name in ("check", "run"):
        code, _, err = verb(name, path)
        (line,) = err.splitlines()
        assert code == 78
        assert line.startswith(f"{path}:{line_of(path, key)}: web.")
        assert word in line


def line_of(path: Path, key: str) -> str:
    """`LINE:COLUMN` of a value, or of a mapping's key, in the section `web`."""
    lines = path.read_text().splitlines()
    begin = lines.index("web:")
    number, line = next((n, each) for n, each in enumerate(lines[begin:], begin + 1) if each.strip().startswith(key))
    after = line.index(key) + len(key) + 1
    return f"{number}:{(after if after < len(line) else line.index(key)) + 1}"
