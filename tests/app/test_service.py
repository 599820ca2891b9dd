"""What systemd is told over a real socket, and the unit that makes it listen."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_app.app.service import Service
from edge_app.core.camera_status import CameraStatus
from edge_app.core.errors import Reason
from edge_app.core.threads import Heartbeats
from edge_app.publish import Health, ModelIdentity, SinkStatus

SYSTEMD = Path(__file__).resolve().parents[2] / "systemd"


def test_systemd_hears_ready_status_extension_and_stopping(heard: Callable[[], list[str]]) -> None:
    service = Service()
    service.ready()
    service.status("gate up,\n yard down: Zeitüberschreitung")
    service.extend(30)
    service.stopping()
    assert heard() == [
        "READY=1",
        "STATUS=gate up, yard down: Zeitüberschreitung",
        "EXTEND_TIMEOUT_USEC=30000000",
        "STOPPING=1",
    ]


def test_the_watchdog_is_fed_while_every_loop_beats(
    heard: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    service, beats = Service(), Heartbeats()
    service.feed(beats)
    beats.beat("analyse")
    service.feed(beats)
    assert heard() == ["WATCHDOG=1"] * 2
    while not beats.silent(0.21):
        assert not beats.silent(0.4)
    service.feed(beats)
    service.feed(beats)
    assert heard() == []
    assert [record.getMessage() for record in caplog.records] == [
        "no sign of life from analyse; systemd will restart the service"
    ]
    beats.beat("analyse")
    service.feed(beats)
    assert heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="no watchdog"),
        pytest.param({"WATCHDOG_USEC": "0"}, id="watchdog off"),
        pytest.param({"WATCHDOG_USEC": "soon"}, id="not a number"),
        pytest.param({"WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}, id="another process's"),
    ],
)
def test_nobody_is_fed_who_does_not_watch_us(
    heard: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    service = Service()
    service.feed(Heartbeats())
    assert heard() == []
    assert service.watchdog_s is None


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    service = Service()
    service.ready()
    service.feed(Heartbeats())
    service.stopping()


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)  # some keys stand more than once
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(SYSTEMD / "edge-app.service")
    return parser


def test_the_unit_restarts_as_the_design_says() -> None:
    service = unit()["Service"]
    wanted = {
        "Type": "notify",
        "NotifyAccess": "main",
        "User": "edge-app",
        "ExecStart": "/opt/edge-app/venv/bin/edge-app run /etc/edge-app/config.yaml",
        "StateDirectory": "edge-app",
        "CacheDirectory": "edge-app",
        "Restart": "on-failure",
        "RestartSec": "5",
        "RestartForceExitStatus": "75 76",
        "RestartPreventExitStatus": "64 65 66 77 78",
        "WatchdogSec": "30",
        "TimeoutStopSec": "10",
    }
    assert {key: service.get(key) for key in wanted} == wanted
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"
    assert "network-online.target" in unit()["Unit"]["After"].split()
    assert "network-online.target" in unit()["Unit"]["Wants"].split()


def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (SYSTEMD / "edge-app.service").read_text()
    # It insists on a program and a manual that are there.
    text = text.replace("/opt/edge-app/venv/bin/edge-app ", "/bin/true ")
    (tmp_path / "edge-app.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "edge-app.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_exposes_little() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", SYSTEMD / "edge-app.service"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("this systemd-analyze looks at no files")
    assert done.returncode == 0, done.stdout


def test_the_user_of_the_unit_can_be_created(tmp_path: Path) -> None:
    if shutil.which("systemd-sysusers") is None:
        pytest.skip("systemd-sysusers is not installed")
    (tmp_path / "etc").mkdir()
    command = ["systemd-sysusers", f"--root={tmp_path}", str(SYSTEMD / "edge-app.sysusers")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Failed to" in done.stderr and os.geteuid() != 0:
        pytest.skip("only root can create users")
    assert done.returncode == 0, done.stderr
    assert "edge-app:" in (tmp_path / "etc" / "passwd").read_text()
    groups = [line.split(":") for line in (tmp_path / "etc" / "group").read_text().splitlines()]
    assert {name for name, *_, members in groups if "edge-app" in members.split(",")} == {"video", "render"}


def test_the_status_counts_what_is_enabled_and_says_why_the_rest_is_away() -> None:
    states = {
        "gate": CameraStatus(state="up", reason=None, since=0),
        "yard": CameraStatus(state="down", reason=Reason.TIMEOUT, since=0),
        "attic": CameraStatus(state="disabled", reason=None, since=0),
    }
    sinks = {
        "mqtt": SinkStatus(state="down", reason="connection refused", since=0, queued=7),
        "stdout": SinkStatus(state="up", reason=None, since=0, queued=0),
    }
    health = Health(
        since=0,
        model=ModelIdentity(name="traffic", sha256="c789", engine="onnxruntime-cpu", precision="fp32"),
        cameras=states,
        sinks=sinks,
    )
    answers = "traffic fp32 on onnxruntime-cpu"
    assert health.line == f"1 of 2 cameras up, {answers}; yard: timeout; mqtt: connection refused"
