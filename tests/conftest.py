"""What all tests share: the servers, and the pictures that the project does not contain."""

from __future__ import annotations

import gc
import os
import resource
import secrets
import signal
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

# No verdict depends on how busy the machine is.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

pytest_plugins = [
    "tests.rtsp.fixtures",
    "tests.rtsp.odd_camera",
    "tests.capture.http_camera",
    "tests.capture.odd_http_camera",
    "tests.broker.fixtures",
    "tests.listener.fixtures",
    "tests.redis_server.fixtures",
    "tests.kafka.fixtures",
    "tests.etcd.fixtures",
    "tests.model_server.fixtures",
    "tests.web.fixtures",
    "tests.web.served",
    "tests.page.fixtures",
    "tests.webcam.fixtures",
    "tests.box.fixtures",
    "tests.cuda.fixtures",
    "tests.program",
    "tests.network",
    "tests.app.systemd",
]

collect_ignore = ["rtsp/server.py"]  # run by the system's Python, which has GStreamer

# A shell that runs the tests in the background has them ignore it, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

WORKERS_A_CORE = 2  # about half of the time the tests wait: for cameras, brokers and clocks
MOST_WORKERS = 16
RESIDENT, MUCH = pytest.StashKey[int](), 32 << 20

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means."""
    return min(WORKERS_A_CORE * len(os.sched_getaffinity(0)), MOST_WORKERS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Frees what tests left in circles, such as caught errors with their frames, once that is much.

    Python collects by the number of objects, and few of them hold hundreds of megabytes of pictures and sessions.
    """
    yield
    if _resident_bytes() > item.config.stash.get(RESIDENT, 0) + MUCH:
        gc.collect()
        item.config.stash[RESIDENT] = _resident_bytes()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test finds what another has left in the state folder; what only uses the folder makes it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / f"state-{secrets.token_hex(8)}"))


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
