"""Names of cameras that take long to be looked up, or are not found at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from edge_app.capture.sources import http_client, rtsp_inquiry
from edge_app.core.errors import Reason
from tests.capture.conftest import Rig
from tests.capture.http_camera import StartHttpCamera
from tests.rtsp.odd_camera import OddCamera

NAME = "camera.example"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Looking the name up takes until this is set; then it is this machine."""
    answers, look_up = threading.Event(), socket.getaddrinfo

    def slow(host: Any, *arguments: Any, flags: int = 0, **more: Any) -> Any:
        if host == NAME and not flags & socket.AI_NUMERICHOST:
            answers.wait(60)
            host = "127.0.0.1"
        return look_up(host, *arguments, flags=flags, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield answers
    answers.set()


def looking_up() -> int:
    return [thread.name for thread in threading.enumerate()].count(f"look up {NAME}")


@pytest.fixture(params=["rtsp", "http"])
def url(request: pytest.FixtureRequest, odd_camera: OddCamera, http_camera: StartHttpCamera) -> str:
    return odd_camera.url("good") if request.param == "rtsp" else http_camera().url("mjpeg")


def test_a_name_whose_look_up_hangs_costs_one_thread_and_is_found_when_it_is_answered(
    rig: Rig, answers: threading.Event, monkeypatch: pytest.MonkeyPatch, url: str
):
    def in_time(seconds: float) -> None:
        for module in (rtsp_inquiry, http_client):
            monkeypatch.setattr(module, "OPEN_TIMEOUT_S", seconds)

    in_time(0.2)
    rig.add(url.replace("127.0.0.1", NAME))
    rig.until(lambda: rig.metrics.total("reconnects", reason="unreachable") >= 3)
    assert rig.is_down(Reason.UNREACHABLE)
    assert f"the name {NAME} does not resolve" in rig.cameras.statuses()["gate"].detail
    assert looking_up() == 1
    in_time(4.0)
    answers.set()
    rig.until(rig.is_up)
    assert looking_up() == 0


def test_a_host_that_does_not_listen_at_its_first_address_is_reached_at_its_second(
    rig: Rig, odd_camera: OddCamera, monkeypatch: pytest.MonkeyPatch
):
    port, look_up = urlsplit(odd_camera.url()).port, socket.getaddrinfo

    def two(host: Any, *arguments: Any, **more: Any) -> Any:
        hosts = ("127.0.0.2", "127.0.0.1") if host == NAME and not more.get("flags") else (host,)
        return [each for address in hosts for each in look_up(address, *arguments, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    rig.add(f"rtsp://{NAME}:{port}/good")
    rig.until(rig.is_up)
    assert [state.state for _, state in rig.states] == ["connecting", "up"]
