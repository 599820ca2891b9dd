"""What the program runs, and where, is told to nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_no_library_keeps_a_number_of_this_machine_to_report_it_by(edge_app: Any, configured: Any, tmp_path: Path):
    path, home = configured(cameras={"a": {"url": "synthetic://street"}}), tmp_path / "home"
    home.mkdir()
    without = {"HOME": str(home), "XDG_CACHE_HOME": "", "XDG_STATE_HOME": ""}
    assert edge_app("check", path, "--probe", env=without).wait() == 0
    assert [file for file in home.rglob("*") if "microsoft" in str(file).lower()] == []
