"""A damaged SQLite file is kept with its log, and only the newest of them are."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_app.core import sqlite_files


def test_a_damaged_file_is_set_aside_with_its_log_and_the_oldest_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "counts.db"
    for second in range(3):
        monkeypatch.setattr(sqlite_files.time, "time", lambda second=second: 1795446000.0 + second)
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).write_text(str(second))
        assert sqlite_files.set_aside(path) == f"counts.db.damaged-179544600{second}"
    left = {each.name: each.read_text() for each in tmp_path.iterdir()}
    assert left == {f"counts.db.damaged-179544600{n}{ending}": str(n) for n in (1, 2) for ending in ("", "-wal")}
