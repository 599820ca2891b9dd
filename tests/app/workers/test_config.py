"""What of the configuration each worker has."""

from __future__ import annotations

import pytest

from edge_app.app.config import load_config


@pytest.mark.parametrize(("workers", "each"), [(2, 3), (4, 1), (8, 1)])
def test_together_they_ask_about_pictures_as_often_as_one_process_would(shared_out, workers: int, each: int) -> None:
    describe = {"url": "http://127.0.0.1:1/v1", "model": "m", "types": ["enter"], "max_per_minute": 6}
    evidence = {"snapshots": {"types": ["enter"]}}
    config = load_config(shared_out(workers={"processes": workers}, describe=describe, evidence=evidence), {})
    of_worker = config.of_worker(0).describe
    assert of_worker is not None
    assert of_worker.max_per_minute == each
