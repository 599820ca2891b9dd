"""What the configuration's parts are told of each other."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge_app import config
from edge_app.app import App
from edge_app.engine import Backend, reads_surfaces
from edge_app.parts import make_sources
from edge_app.plans import Flavour


def settings_of(clip: Path, provider: str) -> config.AppConfig:
    return config.AppConfig.model_validate(
        {
            "model": {"name": "traffic"},
            "engine": {"backend": "onnxruntime", "provider": provider},
            "cameras": {"gate": {"url": str(clip), "decode": "cpu"}},
        }
    )


@pytest.mark.parametrize(("provider", "form"), [("auto", "bgr"), ("cpu", "bgr"), ("cuda", "i420")])
def test_only_an_engine_that_reads_yuv_is_given_it(clip: Path, provider: str, form: str):
    app = App(settings_of(clip, provider))
    with app.sources["gate"].open(app.stop) as shots:
        assert next(shots).convert().format == form


def test_who_has_no_engine_looks_at_bgr(clip: Path):
    with make_sources(settings_of(clip, "cuda"))["gate"].open(threading.Event()) as shots:
        assert next(shots).convert().format == "bgr"


def test_tensorrt_reads_surfaces():
    settings = config.Engine()
    assert not reads_surfaces(settings, Backend(None, "no TensorRT"))
    assert reads_surfaces(settings, Backend(Flavour("tensorrt", "10.3.0", None), "as configured"))
