"""Backends: what importing them costs, and one whose model is not a file."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_app.core.frames import Letterbox
from edge_app.detector import OpenedEngine, Overrides, resolve, start_engine
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.engine.config import EngineConfig
from edge_app.engine.slot import Outputs
from edge_app.model import find_argument

TRAFFIC = find_argument("models/traffic", Path())


class Server:
    """What sends pictures to it, with one slot; it finds nothing."""

    def __init__(self, name):
        self.name = name
        self.slots, self.max_batch = (self,), 8

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def submit(self, pictures):
        self.boxes = tuple(Letterbox.fit((p.width, p.height), (p.width, p.height)) for p in pictures)

    def wait(self):
        return Outputs(
            arrays=(np.zeros((len(self.boxes), 2352, 9), np.float32),),
            letterboxes=self.boxes,
            preprocess_s=0.0,
            infer_s=0.0,
        )


class ServedModel(OnnxRuntimeCpu):
    """A model server: it says what it takes, and nothing here reads a file of the model."""

    int8_gain = "none"

    def read(self, model, precision):
        return replace(super().read(model, precision), source="grpc://gpu-box:8001/traffic")

    def network(self, signature):
        return None

    def digest(self, signature):
        return "5e" * 32

    def open(self, detector, config, keep_building):
        return OpenedEngine(Server(f"{detector.signature.source} for {config.max_batch} pictures"))


@pytest.mark.parametrize("package", ["edge_app.engine", "edge_app.detector"])
def test_a_library_is_imported_when_a_backend_is_opened(package):
    code = f"import sys, {package}; print(*{{'onnxruntime', 'tensorrt', 'tensorrt_rtx', 'pycuda'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "\n"


def test_a_model_that_is_no_file_is_resolved_and_started():
    detector = resolve(TRAFFIC, "fp32", ServedModel("as configured"), Overrides())

    assert detector.sha256 == "5e" * 32
    assert len(detector.labels) == detector.classes
    started, engine = start_engine(detector, EngineConfig())
    assert (started, engine.name) == (detector, "grpc://gpu-box:8001/traffic for 8 pictures")
    with pytest.raises(TypeError, match="grpc://gpu-box:8001/traffic: not a file"):
        _ = detector.signature.path
