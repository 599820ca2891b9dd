"""`edge-app init`: from a camera's URL to a configuration that runs, with no secret in it."""

from __future__ import annotations

import ctypes
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge_app.app.config import load_config
from edge_app.capture import split_login
from edge_app.cli import execute
from edge_app.config import environment_file, variables_in
from edge_app.core import files
from edge_app.core.errors import UsageError

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]))  # systemd reads no code point that is none
NASTY = "p@/ss\"w'`o$rd\\ ü#%{x} $(id) !1 \\$ ;&|"


@pytest.fixture
def init(capfd, tmp_path, monkeypatch):
    """Runs the verb in an empty folder; returns its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)

    def run(*arguments):
        code = execute(["init", *map(str, arguments)])
        return code, *capfd.readouterr()

    return run


def loaded(tmp_path, monkeypatch):
    """The camera of the written configuration, with the variables that a shell takes from the file of secrets."""
    environ = {**os.environ, **sourced(tmp_path / "config.env")}
    return load_config(tmp_path / "config.yaml", environ).cameras["gate"]


def sourced(path):
    """What a POSIX shell makes of the file."""
    script = f"set -a; . {path}; env -0"
    out = subprocess.run(["sh", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True).stdout
    return dict(entry.split("=", 1) for entry in out.decode().split("\0") if entry)


def by_systemd(path):
    """What systemd makes of it: its own parser of EnvironmentFile=."""
    libraries = [*Path("/usr/lib").glob("systemd/libsystemd-shared-*.so")]
    libraries += Path("/usr/lib").glob("*-linux-gnu/systemd/libsystemd-shared-*.so")
    if not libraries:
        pytest.skip("no libsystemd-shared here: apt-get install systemd")
    lines = ctypes.POINTER(ctypes.c_char_p)()
    assert ctypes.CDLL(str(libraries[0])).load_env_file(None, str(path).encode(), ctypes.byref(lines)) == 0
    found = []
    while lines and lines[len(found)]:
        found.append(lines[len(found)].decode())
    return dict(line.split("=", 1) for line in found)


def by_the_program(path):
    return variables_in(path.read_text())


@pytest.mark.parametrize("read", [sourced, by_systemd, by_the_program])
@given(user=TEXT, password=TEXT)
def test_a_value_of_any_characters_survives(tmp_path_factory, read, user, password):
    path = tmp_path_factory.mktemp("env") / "x.env"
    path.write_text(environment_file({"A_USER": user, "A_PASSWORD": password}))
    values = read(path)
    assert (values["A_USER"], values["A_PASSWORD"]) == (user, password)


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "\x1b", "\x85", "\udc80"])
def test_what_neither_could_hold_is_refused_and_not_shown(value):
    with pytest.raises(ValueError, match=r"^GATE_PASSWORD would hold ") as caught:
        environment_file({"GATE_PASSWORD": "s3cret" + value})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("rtsp://10.0.0.5/a?b=1", ("rtsp://10.0.0.5/a?b=1", None, None)),
        ("RTSPS://u:p@host:8554/a", ("rtsps://host:8554/a", "u", "p")),
        ("rtsp://u@host/a", ("rtsp://host/a", "u", None)),
        ("rtsp://u:@host/a", ("rtsp://host/a", "u", "")),
        ("rtsp://u:p@ss:w@[fe80::1]:554", ("rtsp://[fe80::1]:554", "u", "p@ss:w")),
        ("rtsp://u%40x:p%2Fw%25@host/", ("rtsp://host/", "u@x", "p/w%")),
    ],
)
def test_a_login_is_taken_out_of_a_url(url, parts):
    url_login = split_login(url)
    assert (url_login.url, url_login.username, url_login.password) == parts
    assert url_login.public


@pytest.mark.parametrize(
    "url", ["rtsp://u:s3/cret@host/a", "rtsp://u:12/s3cret@host", "rtsp://u:s3?cret@h", "s3cret@h"]
)
def test_a_login_whose_end_nobody_knows_is_refused_and_not_shown(url):
    with pytest.raises(UsageError, match=r"want|%2F") as caught:
        split_login(url)
    assert "cret" not in str(caught.value)


def test_a_configuration_is_written_that_says_what_the_camera_sends(init, rtsp_server, tmp_path, monkeypatch):
    server = rtsp_server(user="viewer", password="pa ss")
    url = server.url.replace("//", "//viewer:pa%20ss@")
    code, out, err = init("--rtsp", url)
    assert code == 0, err
    text = (tmp_path / "config.yaml").read_text()
    assert "# h264, 320x240, 25 frames/s" in text
    assert "username: ${GATE_USER}" in text
    assert "pa ss" not in text + out + err
    assert "pa%20ss" not in text + out + err
    camera = loaded(tmp_path, monkeypatch)
    assert (camera.url, camera.username, camera.password.get_secret_value()) == (server.url, "viewer", "pa ss")
    assert camera.max_fps == 10
    assert (tmp_path / "config.env").stat().st_mode & 0o777 == 0o600
    assert "set -a" not in out  # every verb reads the file by itself


def test_the_commands_that_it_names_work(init, rtsp_server, tmp_path):
    server = rtsp_server(user="viewer", password=NASTY)
    (tmp_path / "password").write_text(NASTY + "\n")
    code, out, err = init("--rtsp", server.url, "--username", "viewer", "--password-file", tmp_path / "password")
    assert code == 0, err
    check = next(line for line in out.splitlines() if "edge-app check" in line)
    program = f"alias edge-app='{sys.executable} -m edge_app'\n{check}\n"
    done = subprocess.run(["sh"], input=program, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"ok +camera gate: 320x240, h264", done.stdout)
    assert NASTY not in (tmp_path / "config.yaml").read_text() + out + err


@pytest.mark.parametrize("login", [{}, {"user": "viewer", "password": "right"}])
def test_a_camera_that_does_not_answer_is_69_and_nothing_is_written(init, rtsp_server, tmp_path, login):
    server = rtsp_server(**login)
    url = server.url.replace("//", "//viewer:wr0ng@")
    if not login:
        server.kill()
    code, out, err = init("--rtsp", url)
    assert (code, out) == (69, "")
    assert re.fullmatch(r"camera gate: rtsp://127.*: .*(authentication|refused).*; --no-probe writes .*\n", err)
    assert "wr0ng" not in err
    assert list(tmp_path.glob("config.*")) == []


def test_a_camera_that_wants_a_login_says_how_to_give_one(init, rtsp_server):
    code, _, err = init("--rtsp", rtsp_server(user="viewer", password="right").url)
    assert code == 69
    assert "authentication" in err
    assert "give --username" in err


def test_without_a_probe_everything_is_written_all_the_same(init, tmp_path, monkeypatch):
    assert init("--rtsp", "rtsps://u:s3cret@192.0.2.1:322/a?x=1", "--no-probe")[0] == 0
    text = (tmp_path / "config.yaml").read_text()
    assert loaded(tmp_path, monkeypatch).url == "rtsps://192.0.2.1:322/a?x=1"
    assert "# max_fps: 10" in text
    assert "# tls: {ca:" in text
    assert "s3cret" not in text


def test_without_a_login_there_are_no_secrets(init, tmp_path):
    code, out, _ = init("--rtsp", "rtsp://192.0.2.1/a", "--no-probe")
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml"]
    assert execute(["check", str(tmp_path / "config.yaml")]) == 0
    assert "config.env" not in out


@pytest.mark.parametrize(
    "url", ["rtsp://h/a?user=me&password=s3cret", "rtsp://h/user=me_password=s3cret_channel=1.sdp"]
)
def test_a_url_with_a_secret_in_it_is_a_secret_itself(init, tmp_path, monkeypatch, url):
    code, out, err = init("--rtsp", url, "--no-probe")
    assert code == 0
    assert "url: ${GATE_URL}" in (tmp_path / "config.yaml").read_text()
    assert loaded(tmp_path, monkeypatch).url == url
    assert "s3cret" not in (tmp_path / "config.yaml").read_text() + out + err


@pytest.mark.parametrize("url", ["rtsp://h/${A}/$${B}", "rtsp://h/a #b", "rtsp://h/a: 'x' {", "rtsp://h/é?x=1"])
def test_a_url_of_odd_characters_stays_what_it_is(init, tmp_path, url):
    assert init("--rtsp", url, "--no-probe")[0] == 0
    assert load_config(tmp_path / "config.yaml", {}).cameras["gate"].url == url


def test_the_url_may_come_from_stdin(init, tmp_path, monkeypatch):
    reader, writer = os.pipe()
    os.write(writer, b"rtsp://u:s3cret@192.0.2.1/a\n")
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert init("--rtsp", "-", "--no-probe")[0] == 0
    os.close(writer)
    assert sourced(tmp_path / "config.env")["GATE_PASSWORD"] == "s3cret"


def test_a_password_may_come_from_the_environment(init, tmp_path, monkeypatch):
    monkeypatch.setenv("BACK_2_PASSWORD", "s3cret\n")  # as `$(…)` does not, and a secret from a file may, have it
    assert init("--rtsp", "rtsp://192.0.2.1/a", "--name", "back_2", "--username", "u", "--no-probe")[0] == 0
    assert sourced(tmp_path / "config.env").items() >= {"BACK_2_USER": "u", "BACK_2_PASSWORD": "s3cret"}.items()


def test_a_name_that_begins_with_a_digit_gets_variables_that_do_not(init, tmp_path):
    assert init("--rtsp", "rtsp://u:p@192.0.2.1/a", "--name", "2nd", "--no-probe")[0] == 0
    values = sourced(tmp_path / "config.env")
    assert load_config(tmp_path / "config.yaml", values).cameras["2nd"].username == "u"


@pytest.mark.parametrize(
    ("arguments", "question", "answer"),
    [
        (["--rtsp", "rtsp://192.0.2.1/a", "--username", "u"], b"Password of gate: ", b"s3cret\n"),
        (["--rtsp", "-"], b"URL: ", b"rtsp://u:s3cret@192.0.2.1/a\n"),
    ],
)
def test_at_a_terminal_secrets_are_asked_for_and_not_shown(tmp_path, arguments, question, answer):
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, [sys.executable, "-m", "edge_app", "init", *arguments, "--no-probe"])
    shown = b""
    while question not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, answer)
    try:
        while block := os.read(terminal, 4096):
            shown += block
    except OSError:  # what Linux says when the other side is closed
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown
    assert sourced(tmp_path / "config.env")["GATE_PASSWORD"] == "s3cret"
    assert b"s3cret" not in shown


@pytest.mark.parametrize("there", ["config.yaml", "config.env"])
def test_nothing_is_overwritten_without_force(init, tmp_path, there):
    (tmp_path / there).write_text("mine")
    code, out, err = init("--rtsp", "rtsp://u:p@192.0.2.1/a", "--no-probe")
    assert (code, out, err) == (64, "", f"{there}: is there already; --force replaces it\n")
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"
    (tmp_path / there).chmod(0o644)
    assert init("--rtsp", "rtsp://u:p@192.0.2.1/a", "--no-probe", "--force")[0] == 0
    assert (tmp_path / "config.env").stat().st_mode & 0o777 == 0o600


def test_a_pulled_model_is_preferred_and_else_one_is_named(init, tmp_path):
    init("--rtsp", "rtsp://192.0.2.1/a", "--no-probe")
    text = (tmp_path / "config.yaml").read_text()
    assert "edge-app models pull yolox_nano" in text
    assert yaml.safe_load(text)["model"] == {"name": "traffic"}
    folder = tmp_path / "state" / "edge_app" / "models" / "yolox_tiny"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text("name: yolox_tiny\nfiles: {fp32: m.onnx}\n")
    init("--rtsp", "rtsp://192.0.2.1/a", "--no-probe", "--force")
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["model"] == {"name": "yolox_tiny"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param([], 64, "--rtsp", id="no url"),
        pytest.param(["--rtsp", "http://u:s3cret@h/a"], 64, "rtsp://", id="another scheme"),
        pytest.param(["--rtsp", "rtsp://u:s3cret@/a"], 64, "--rtsp: want a host", id="no host"),
        pytest.param(["--rtsp", "rtsp://h/a", "--name", "Gate 1"], 64, "--name Gate 1: want only a-z", id="odd name"),
        pytest.param(["--rtsp", "rtsp://:s3cret@h/a"], 64, "--username", id="no user"),
        pytest.param(["--rtsp", "rtsp://h/a", "--username", "u"], 64, "--password-file or GATE_PASSWORD", id="no one"),
        pytest.param(["--rtsp", "rtsp://u@h/a", "--password-file", "none"], 66, "none: No such", id="no file"),
        pytest.param(["--rtsp", "rtsp://u:s3cret%0A@h/a"], 64, "control character", id="line break"),
        pytest.param(["--rtsp", "rtsp://u:s3cret@h/a", "--out", "x.env"], 64, "x.env", id="one name for two files"),
        pytest.param(["--rtsp", "rtsp://h/a", "--out", "/dev/null/x.yaml"], 77, "/dev/null", id="no folder"),
    ],
)
def test_a_mistake_is_one_line_and_the_right_code(init, monkeypatch, arguments, code, words):
    with Path(os.devnull).open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        answer, out, err = init(*arguments, *(["--no-probe"] if arguments else []))
    assert (answer, out) == (code, "")
    assert words in err
    assert "s3cret" not in err
    assert "Traceback" not in err


def test_help_shows_an_example_and_warns_of_the_process_list(init):
    code, out, _ = init("--help")
    assert code == 0
    assert "Example: edge-app init" in out
    assert "reads the URL from stdin" in " ".join(out.split())


def test_a_file_is_private_before_anything_is_in_it(tmp_path, monkeypatch):
    modes = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (modes.append(os.fstat(file).st_mode & 0o777), real(file)))
    previous = os.umask(0)
    try:
        files.write(tmp_path / "x", "secret", mode=0o600)
    finally:
        os.umask(previous)
    assert modes[0] == 0o600


def test_a_file_that_may_not_be_replaced_stays_and_no_draft_is_left(tmp_path):
    (tmp_path / "x").write_text("mine")
    with pytest.raises(FileExistsError):
        files.write(tmp_path / "x", "new", replace=False)
    files.write(tmp_path / "y", "new", replace=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x": "mine", "y": "new"}
