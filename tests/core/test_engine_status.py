"""An engine that fails: told once, until it has computed for a while."""

from __future__ import annotations

import logging

import pytest

from edge_app.core import engine_status
from edge_app.core.engine_status import EngineStatusLog


def test_a_failure_is_told_once_and_lasts_until_frames_are_computed_for_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    log = EngineStatusLog()
    log.computed()
    assert (log.current.state, log.current.reason) == ("up", None)
    for reason in ("no memory", "no memory", "away"):
        log.failed(reason)
    began = log.current.since
    log.computed()
    assert (log.current.state, log.current.reason, log.current.since) == ("failing", "away", began)
    monkeypatch.setattr(engine_status, "CALM_S", 0.0)
    log.computed()
    assert (log.current.state, log.current.reason) == ("up", None)
    assert [record.getMessage() for record in caplog.records] == [
        "the engine fails, frames are dropped and counted: no memory",
        "the engine computes every frame again; 3 were dropped",
    ]
