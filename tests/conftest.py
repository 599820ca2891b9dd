"""What all tests share: the servers, and the pictures that the project does not contain."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

pytest_plugins = [
    "tests.rtsp.fixtures",
    "tests.capture.http_camera",
    "tests.broker.fixtures",
    "tests.web.fixtures",
    "tests.webcam.fixtures",
    "tests.cuda.fixtures",
    "tests.program",
    "tests.systemd",
]

collect_ignore = ["rtsp/server.py"]  # run by the system's Python, which has GStreamer

# A shell that runs the tests in the background has them ignore it, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def yolox_nano() -> Path:
    """YOLOX-Nano as its authors trained it; skips where it is not beside the checkout."""
    return _shared("models/yolox_nano.onnx")


@pytest.fixture(scope="session")
def vtest() -> Path:
    """Pedestrians from above, 768x576 or 480x360, 10 fps, 795 frames; skips where it is not beside the checkout."""
    return _shared("media/vtest.avi")


def _shared(name: str) -> Path:
    if not (SHARED / name).is_file():
        pytest.skip(f"{name} is not in {SHARED}: real models and footage are not part of the project")
    return SHARED / name
