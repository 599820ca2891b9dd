"""A camera tells by which URLs it sends; whatever it answers, nobody else is asked, and nothing of it is believed."""

from __future__ import annotations

import pytest

from edge_app.core.errors import DeviceError, UsageError
from edge_app.discovery.streams import Question, StreamUrl, stream_urls
from tests.discovery.onvif_double import OnvifDouble, camera

pytest.importorskip("onvif")


def test_a_camera_tells_its_streams_at_its_own_address() -> None:
    with OnvifDouble() as double:
        found = stream_urls(Question(double.service, "viewer", "s3cret"))
    assert found == [
        StreamUrl("main", "rtsp://127.0.0.1:8554/main?profile=1", 1920, 1080),
        StreamUrl("sub", "rtsp://127.0.0.1:8554/sub?profile=1", 640, 360),
    ]
    assert double.asked.count("GetStreamUri") == 2  # although it named another machine's address


@pytest.mark.parametrize("username", ["nobody", ""])
def test_a_refused_login_is_told(username: str) -> None:
    with OnvifDouble() as double, pytest.raises(DeviceError, match=r"127\.0\.0\.1: it refuses the login"):
        stream_urls(Question(double.service, username, "s3cret" if username else ""))


def test_a_camera_that_wants_no_login_is_asked_without_one() -> None:
    def open_camera(operation: str, request: str, base: str) -> str:
        return camera(operation, f"{request} viewer PasswordDigest", base)

    with OnvifDouble(open_camera) as double:
        assert [each.name for each in stream_urls(Question(double.service))] == ["main", "sub"]


@pytest.mark.parametrize("answer", ["nonsense", "<a>" * 1000, ""])
def test_nonsense_is_told_as_such(answer: str) -> None:
    with OnvifDouble(lambda *_: answer) as double, pytest.raises(DeviceError, match=r"127\.0\.0\.1: "):
        stream_urls(Question(double.service))


def test_no_other_scheme_is_taken() -> None:
    def evil(operation: str, request: str, base: str) -> str:
        said = camera(operation, request, base)
        return said.replace("rtsp://viewer:secret@192.0.2.7:8554", "file:///etc/passwd")

    with OnvifDouble(evil) as double:
        assert stream_urls(Question(double.service, "viewer", "s3cret")) == []


@pytest.mark.parametrize("service", ["", "10.0.0.5", "file:///etc/passwd", "http://"])
def test_what_is_no_service_is_refused(service: str) -> None:
    with pytest.raises(UsageError, match="want the URL of an ONVIF service"):
        stream_urls(Question(service))
