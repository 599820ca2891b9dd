"""Of an attempt that failed nothing is left, not even until Python looks for what hangs together in circles."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import psutil
import pytest

import edge_app
from tests.capture.conftest import Rig
from tests.capture.http_camera import StartHttpCamera
from tests.rtsp.odd_camera import OddCamera

PACKAGE = Path(edge_app.__file__).parent
ATTEMPTS = 5
HTTP_PATHS = ["five", "five-without-length", "endless", "endless.png", "video.ts", "page.html", "missing", "around",
              "moved", "text.txt", "compressed", "empty", "frozen.flv", "status/503"]  # fmt: skip


@pytest.fixture
def in_circles() -> Iterator[Callable[[], Counter[str]]]:
    """What of each attempt only the search for circles would free; what others leave may be there."""
    gc.collect()
    gc.disable()

    def find() -> Counter[str]:
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        gc.set_debug(0)
        found = Counter(name for name in map(whose, gc.garbage) if name)
        gc.garbage.clear()
        return Counter({name: count for name, count in found.items() if count >= ATTEMPTS})

    yield find
    gc.enable()
    gc.collect()


def whose(thing: object) -> str:
    """The name of an object that an attempt has made; empty for others."""
    if isinstance(thing, FrameType):
        path = Path(thing.f_code.co_filename)
        return f"{path.name}:{thing.f_code.co_name}" if PACKAGE in path.parents else ""
    name = f"{type(thing).__module__}.{type(thing).__qualname__}"
    return (
        name
        if name.startswith(("edge_app.capture.", "edge_app.core.errors.", "av.", "http.client.", "socket."))
        else ""
    )


def failed(rig: Rig, name: str = "gate") -> Callable[[], bool]:
    return lambda: rig.metrics.total("reconnects", camera=name) >= ATTEMPTS


RTSP_MANNERS = ["only metadata", "full at SETUP", "no such stream", "a redirection to itself", "it hangs up at PLAY",
                "HTTP instead of RTSP", "rubbish instead of RTP", "nothing after PLAY", "pictures that are damaged",
                "it hangs up again and again"]  # fmt: skip


@pytest.mark.parametrize("manner", RTSP_MANNERS)
def test_nothing_is_kept_of_an_attempt_over_rtsp(
    rig: Rig, odd_camera: OddCamera, in_circles: Callable[[], Counter[str]], manner: str
):
    odd_camera.behave(manner)
    rig.add(odd_camera.url(), stall_timeout_s=0.3)
    rig.until(failed(rig))
    rig.end()
    rig.pending.clear()
    assert in_circles() == Counter()


@pytest.mark.parametrize("manner", RTSP_MANNERS)
def test_no_thread_and_no_connection_is_left_of_an_attempt_over_rtsp(rig: Rig, odd_camera: OddCamera, manner: str):
    camera_port = urlsplit(odd_camera.url()).port

    def ours() -> list[object]:
        """All but those of the camera, which lives in this process too."""
        found = psutil.Process().net_connections("tcp")
        return [each for each in found if each.laddr.port != camera_port]

    before = len(ours())
    odd_camera.behave(manner)
    rig.add(odd_camera.url(), stall_timeout_s=0.3)
    rig.until(failed(rig))
    rig.end()
    assert len(ours()) == before
    assert "rtsp relay" not in [thread.name for thread in threading.enumerate()]


def test_nothing_is_kept_of_pictures_that_are_too_large(
    rig: Rig, odd_camera: OddCamera, in_circles: Callable[[], Counter[str]]
):
    rig.add(odd_camera.url("good"), max_picture_px=1)
    rig.until(failed(rig))
    rig.end()
    assert in_circles() == Counter()


@pytest.mark.parametrize("path", HTTP_PATHS)
def test_nothing_is_kept_of_an_attempt_over_http(
    rig: Rig, http_camera: StartHttpCamera, in_circles: Callable[[], Counter[str]], path: str
):
    rig.add(http_camera().url(path), stall_timeout_s=0.3, max_picture_px=320 * 240)
    rig.until(failed(rig))
    rig.end()
    rig.pending.clear()
    assert in_circles() == Counter()
