"""What a dry run of `edge-app service install` says where the program is not in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_app.cli import execute
from edge_app.cli.service import install
from edge_app.systemd import want_program


def test_the_plan_begins_with_the_program_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "venv" / "bin" / "edge-app"
    monkeypatch.setattr(install, "want_program", lambda: want_program(nowhere))
    (tmp_path / "config.yaml").write_text("cameras: {gate: {url: synthetic://street}}\n")
    assert execute(["service", "install", str(tmp_path / "config.yaml"), "--dry-run"]) == 0
    first, *rest = capfd.readouterr().out.splitlines()
    assert first.startswith(f"# first: {nowhere}: ")
    assert first.endswith(f"python3 -m venv {tmp_path}/venv && {tmp_path}/venv/bin/pip install .")
    assert rest[-1] == "systemctl restart edge-app.service"
