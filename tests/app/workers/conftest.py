"""Configurations with workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.workers.programs import CAMERAS


@pytest.fixture
def shared_out(configured, tmp_path) -> Callable[..., Path]:
    """Writes a configuration of cameras that two workers read."""

    def write(**sections: Any) -> Path:
        base = {"cameras": CAMERAS, "workers": {"processes": 2}, "state_dir": str(tmp_path / "state")}
        return configured(**{**base, "engine": {"precision": "fp32", "threads": 1}, **sections})

    return write
