"""The units: what they say to systemd, and what systemd says to them."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from difflib import ndiff
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parents[2] / "systemd"
UNITS = ["edge-app.service", "edge-app@.service"]


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)  # some keys stand more than once
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(SYSTEMD / name)
    return parser


def test_the_unit_restarts_as_the_design_says():
    service = unit("edge-app.service")["Service"]
    wanted = {
        "Type": "notify",
        "NotifyAccess": "main",
        "User": "edge-app",
        "ExecStart": "/opt/edge-app/venv/bin/edge-app run /etc/edge-app/config.yaml",
        "ExecReload": "/opt/edge-app/venv/bin/edge-app reload /etc/edge-app/config.yaml",
        "StateDirectory": "%N",
        "CacheDirectory": "%N",
        "RuntimeDirectory": "%N",
        "Restart": "on-failure",
        "RestartSec": "5",
        "RestartForceExitStatus": "75 76",
        "RestartPreventExitStatus": "64 65 66 77 78",
        "WatchdogSec": "30",
        "TimeoutStopSec": "10",
    }
    assert {key: service.get(key) for key in wanted} == wanted
    order = unit("edge-app.service")["Unit"]
    assert order["StartLimitIntervalSec"] == "0"
    assert "network-online.target" in order["After"].split()
    assert "network-online.target" in order["Wants"].split()


def test_the_unit_of_an_instance_differs_in_what_names_the_instance_and_in_nothing_else():
    one, several = [(SYSTEMD / name).read_text().partition("[Unit]\n")[2].splitlines() for name in UNITS]
    changed = [line for line in ndiff(one, several) if line[0] in "+-"]
    assert changed == [
        "- Description=edge_app: video analytics on this box",
        "+ Description=edge_app: video analytics of %i",
        "- ExecStart=/opt/edge-app/venv/bin/edge-app run /etc/edge-app/config.yaml",
        "+ ExecStart=/opt/edge-app/venv/bin/edge-app run /etc/edge-app/%i.yaml",
        "- ExecReload=/opt/edge-app/venv/bin/edge-app reload /etc/edge-app/config.yaml",
        "+ ExecReload=/opt/edge-app/venv/bin/edge-app reload /etc/edge-app/%i.yaml",
        "- EnvironmentFile=-/etc/edge-app/config.env",
        "+ EnvironmentFile=-/etc/edge-app/%i.env",
    ]


@pytest.mark.parametrize("name", UNITS)
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path, name: str):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    # It insists on a program and a manual that are there, and of a template it wants an instance.
    text = (SYSTEMD / name).read_text().replace("=/opt/edge-app/venv/bin/edge-app ", "=/bin/true ")
    (tmp_path / name).write_text(text)
    instance = tmp_path / name.replace("@.", "@yard.")
    command = ["systemd-analyze", "verify", "--man=no", instance]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_exposes_little(name: str):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", SYSTEMD / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("this systemd-analyze looks at no files")
    assert done.returncode == 0, done.stdout


def test_the_user_of_the_unit_can_be_created(tmp_path: Path):
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


def test_every_file_of_the_folder_comes_with_the_wheel():
    tomllib = pytest.importorskip("tomllib", reason="tomllib came with Python 3.11")
    wheel = tomllib.loads((SYSTEMD.parent / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    shipped = {source: target for source, target in wheel["force-include"].items() if source.startswith("systemd/")}
    assert shipped == {f"systemd/{path.name}": f"edge_app/systemd/{path.name}" for path in SYSTEMD.iterdir()}
