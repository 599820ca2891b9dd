"""What the configuration's parts are told of each other."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge_app import config
from edge_app.parts import make_sources


@pytest.mark.parametrize(("provider", "form"), [("auto", "bgr"), ("cpu", "bgr"), ("cuda", "i420")])
def test_only_an_engine_that_reads_yuv_is_given_it(clip: Path, provider: str, form: str):
    settings = config.AppConfig.model_validate(
        {
            "model": {"name": "traffic"},
            "engine": {"provider": provider},
            "cameras": {"gate": {"url": str(clip), "decode": "cpu"}},
        }
    )
    with make_sources(settings)["gate"].open(threading.Event()) as shots:
        assert next(shots).convert().format == form
