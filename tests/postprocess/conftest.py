"""What the families' tests share: the whole program on a model."""

from __future__ import annotations

import json

import pytest

from edge_app.cli import execute


@pytest.fixture
def run(tmp_path, configured, capfd):
    """Runs a model on two finite cameras; returns the exit code, the messages and the log."""

    def start(model, **settings):
        config = configured(
            model={"onnx": str(model), **settings},
            cameras={
                name: {"url": f"synthetic://street?seed=7&frames=2&size=128x64&fps={i + 5}"}
                for i, name in enumerate("ab")
            },
            publish=[{"type": "file", "path": str(tmp_path / "out.ndjson")}],
        )
        code = execute(["run", str(config)])
        out = tmp_path / "out.ndjson"
        messages = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
        return code, messages, capfd.readouterr().err

    return start
