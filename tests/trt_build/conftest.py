"""What the tests of engine files share: TensorRT-RTX, a cache, orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_app import trt_build
from tests.trt_build.models import detector, request_of

TARGETS = ("sm86",)


@pytest.fixture(scope="session")
def rtx() -> trt_build.TensorRtLibrary:
    """TensorRT-RTX, which builds without a GPU; skips where it is not installed."""
    pytest.importorskip("tensorrt_rtx", reason="no TensorRT-RTX: tools/setup-bindings")
    return trt_build.find_library("tensorrt_rtx")


@pytest.fixture
def cache(tmp_path: Path) -> trt_build.EngineCache:
    return trt_build.EngineCache(tmp_path / "cache" / "edge_app")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A detector that builds in a moment; its batch may vary."""
    return detector(tmp_path / "toy.onnx")


@pytest.fixture
def order(rtx):
    """Places the order for a file."""

    def place(path: Path, precision="fp16", targets=TARGETS, max_batch=8) -> trt_build.BuildRequest:
        return request_of(path, rtx, precision, max_batch=max_batch, targets=targets)

    return place
