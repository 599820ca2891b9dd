"""Sinks that other packages bring: the example of the documentation, installed as a package would be."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PROGRAM_S

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "sink" / "edge_app_syslog.py"


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        server.bind(("127.0.0.1", 0))
        server.settimeout(PROGRAM_S)
        yield server


def installed(folder: Path, points: str) -> dict[str, str]:
    """An environment in which a package with these entry points is installed."""
    (folder / "edge_app_syslog.py").write_text(EXAMPLE.read_text())
    info = folder / "edge_app_syslog-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: edge_app_syslog\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[edge_app.sinks]\n{points}")
    return {**os.environ, "PYTHONPATH": str(folder)}


def edge_app(env: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_app", *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=PROGRAM_S, check=False)


def test_it_is_a_sink_like_all_others(tmp_path: Path, configured: Any, server: socket.socket) -> None:
    env = installed(tmp_path, "syslog = edge_app_syslog:SyslogSinkConfig\n")
    port = server.getsockname()[1]
    sink = {"type": "syslog", "host": "127.0.0.1", "port": port, "messages": ["detections"], "spool": True}
    config = configured(cameras={"gate": {"url": "synthetic://street?frames=5&size=160x96"}}, publish=[sink])
    done = edge_app(env, "run", config)
    assert done.returncode == 0, done.stderr
    lines = [server.recv(10_000) for _ in range(5)]
    assert all(line.startswith(b"<29>1 - - edge_app - - - {") for line in lines)
    assert [json.loads(line.partition(b"- - - ")[2])["seq"] for line in lines] == list(range(5))
    wrong = configured(cameras={"gate": {"url": "synthetic://street"}}, publish=[{**sink, "hots": "x"}])
    assert "publish[0].hots: unknown key" in edge_app(env, "check", wrong).stderr
    assert '"SyslogSinkConfig"' in edge_app(env, "schema", "config").stdout


def test_what_is_no_sink_is_told_and_the_others_work(tmp_path: Path, configured: Any) -> None:
    points = "away = missing:Sink\nnone = json:dumps\ntwice = edge_app_other:SyslogSinkConfig\n"
    env = installed(tmp_path, points)
    (tmp_path / "edge_app_other.py").write_text(EXAMPLE.read_text().replace('"syslog"', '"mqtt"'))
    config = configured(cameras={"gate": {"url": "synthetic://street"}}, publish=[{"type": "stdout"}])
    done = edge_app(env, "check", config)
    assert done.returncode == 0, done.stderr
    for said in (
        "the sink away of missing:Sink cannot be loaded: No module named 'missing'",
        "the sink none of json:dumps is no SinkConfig",
        "the sink twice of edge_app_other:SyslogSinkConfig is left out: there is a type mqtt",
    ):
        assert said in done.stderr
