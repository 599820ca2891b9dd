"""What the configuration's parts are told of each other."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge_app.app.config import AppConfig
from edge_app.app.factory import make_parts, make_sources
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.detector.backends.trt import TensorRt
from edge_app.trt_build import TensorRtLibrary


def settings_of(clip: Path, provider: str) -> AppConfig:
    return AppConfig.model_validate(
        {
            "model": {"name": "traffic"},
            "engine": {"backend": "onnxruntime", "provider": provider},
            "cameras": {"gate": {"url": str(clip), "decode": "cpu"}},
        }
    )


@pytest.mark.parametrize(("provider", "form"), [("auto", "bgr"), ("cpu", "bgr"), ("cuda", "i420")])
def test_only_an_engine_that_reads_yuv_is_given_it(clip: Path, provider: str, form: str):
    parts = make_parts(settings_of(clip, provider))
    with parts.sources["gate"].open(threading.Event()) as shots:
        assert next(shots).convert().format == form


def test_who_has_no_engine_looks_at_bgr(clip: Path):
    with make_sources(settings_of(clip, "cuda"))["gate"].open(threading.Event()) as shots:
        assert next(shots).convert().format == "bgr"


def test_tensorrt_reads_surfaces():
    assert not OnnxRuntimeCpu("no TensorRT").reads_surfaces
    assert TensorRt(TensorRtLibrary("tensorrt", "10.3.0", None), "as configured").reads_surfaces
