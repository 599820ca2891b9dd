"""The rules without a camera: times, pauses, thinning, addresses."""

from __future__ import annotations

import time
from base64 import b64decode
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import av
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from edge_app.capture import open_source
from edge_app.capture.capture_time import (
    CLOCK_JITTER_S,
    FORGET_S,
    LONGEST_TRANSIT_S,
    SLOWEST_TRANSIT_S,
    CameraClock,
    Moment,
    captured,
)
from edge_app.capture.config import CameraConfig, ReconnectConfig
from edge_app.capture.reorder_times import PacketTimes
from edge_app.capture.sources import file, folder, http, rtsp, synthetic, v4l2
from edge_app.capture.sources.address import Address, redacted
from edge_app.capture.sources.challenge import challenges
from edge_app.capture.sources.registry import KINDS, SCHEMES, kind_of
from edge_app.capture.sources.server_login import ServerLogin
from edge_app.capture.sources.source import SourceKind
from edge_app.config import TlsConfig
from edge_app.core.errors import ConfigError
from edge_app.core.frames import CaptureTime
from edge_app.core.rate_limiter import RateLimiter

SECONDS = st.floats(-1e5, 1e5)
CHARACTERS = st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")
TEXT = st.text(CHARACTERS, max_size=50)


@given(SECONDS | st.floats(-6, 1))
def test_the_cameras_clock_counts_where_the_transit_is_possible(ahead: float):
    arrival = Moment(wall=1.7e9, mono=1e4)
    capture = captured(arrival, arrival.wall + ahead)
    transit = arrival.wall - (arrival.wall + ahead)
    if -CLOCK_JITTER_S <= transit <= LONGEST_TRANSIT_S:
        assert (capture.source, capture.skew_s) == ("rtcp", None)
        assert capture.wall == arrival.wall + ahead
        assert capture.mono == arrival.mono - max(0.0, transit)
    else:
        assert (capture.wall, capture.source, capture.mono) == (
            arrival.wall,
            "arrival",
            arrival.mono,
        )
        assert capture.skew_s == pytest.approx(ahead, abs=1e-6)


def test_a_moment_is_one_on_both_clocks_although_the_thread_had_to_wait_between_them(monkeypatch: pytest.MonkeyPatch):
    waits, wall = [0.5, 0.5], time.time

    def interrupted() -> float:
        now = wall()
        time.sleep(waits.pop() if waits else 0)
        return now

    apart = wall() - time.monotonic()
    monkeypatch.setattr(time, "time", interrupted)
    moment = Moment.now()
    assert not waits
    assert abs(moment.wall - moment.mono - apart) < 0.25


def test_a_clock_that_is_two_seconds_slow_is_not_taken_for_a_slow_network():
    clock = CameraClock()
    for n in range(3):
        capture = clock.captured(Moment(wall=100.0 + n, mono=float(n)), 98.0 + n)
        assert (capture.source, capture.mono, capture.skew_s) == ("arrival", float(n), -2.0)
    late = clock.captured(Moment(wall=103.5, mono=3.5), 101.0)
    assert (late.mono, late.wall) == (3.0, 103.0)


def test_a_clock_that_is_a_little_ahead_does_not_bring_frames_out_of_order():
    """A B-frame comes after a picture that was taken later: 0.08 s here, on a clock that is 0.05 s ahead."""
    clock = CameraClock()
    later = clock.captured(Moment(wall=100.0, mono=0.0), 100.05)
    earlier = clock.captured(Moment(wall=100.04, mono=0.04), 99.97)
    assert (later.mono, later.source, earlier.source) == (0.0, "rtcp", "rtcp")
    assert earlier.mono == pytest.approx(-0.08)


def test_a_delay_on_the_way_is_seen_when_an_earlier_frame_was_fast():
    clock = CameraClock()
    assert clock.captured(Moment(wall=100.0, mono=0.0), 99.75).source == "rtcp"
    assert clock.captured(Moment(wall=103.0, mono=3.0), 101.0).mono == 1.0


def test_a_clock_that_drifts_makes_no_frame_late():
    """A camera's clock that nobody sets loses 10 s in a day: 116 ppm."""
    clock = CameraClock()
    for mono in range(0, 86_400, 10):
        capture = clock.captured(Moment(wall=100.0 + mono, mono=float(mono)), (100.0 - 3 - 0.05 + mono) - mono * 116e-6)
        assert mono - capture.mono < 0.1, mono
    assert capture.skew_s == pytest.approx(-13, abs=0.2)


def test_one_time_that_was_too_late_is_forgotten():
    """The first frame of a clock that is 3 s slow comes with a time that is 1.2 s later than it was taken."""
    clock = CameraClock()
    captures = [
        clock.captured(Moment(wall=100.0 + n, mono=float(n)), 97.0 + n + (0.0 if n else 1.2))
        for n in range(2 * round(FORGET_S) + 2)
    ]
    assert [capture.skew_s for capture in captures[:2]] == pytest.approx([-1.8, -1.8])
    assert captures[-1].skew_s == -3.0


STEPS = st.sampled_from([0.0, 0.3, -0.3, 1.5, 3.0, -3.0, 4.9, -7200.0, 259200.0, 1.8e9, -1.8e9])


@given(st.lists(STEPS, max_size=5), st.floats(-1.8e9, 1.8e9) | st.floats(-5, 5))
def test_our_clock_may_be_set_to_whatever_without_a_frame_being_late_or_out_of_order(steps: list[float], ahead: float):
    """Frames that take 50 ms; before each tenth, our clock is set by a step."""
    clock, moments, captures = CameraClock(), list[Moment](), list[CaptureTime]()
    offset = 1.8e9
    for n in range(10 * len(steps) + 10):
        if n and n % 10 == 0:
            offset += steps[n // 10 - 1]
        mono = 1000 + n / 25
        moments.append(Moment(wall=mono + offset, mono=mono))
        captures.append(clock.captured(moments[-1], 1.8e9 + 1000 + ahead + n / 25 - 0.05))
    for moment, capture in zip(moments, captures, strict=True):
        # What our clock and the camera's differ by counts as transit only where that could be one.
        assert -1e-6 <= moment.mono - capture.mono <= SLOWEST_TRANSIT_S + 1e-6
        assert abs(capture.wall - moment.wall) <= SLOWEST_TRANSIT_S + 1e-3 or capture.wall > moment.wall
    assert [capture.mono for capture in captures] == pytest.approx(
        sorted(capture.mono for capture in captures), abs=SLOWEST_TRANSIT_S
    )


@pytest.mark.parametrize("step", [1.0, 3.0, 4.9, 7200.0])
def test_our_clock_that_is_set_forward_makes_no_frame_of_a_right_camera_late(step: float):
    clock = CameraClock()
    for n in range(100):
        ahead, mono = (step if n >= 50 else 0.0), n / 25
        capture = clock.captured(Moment(wall=100 + mono + ahead, mono=mono), 99.95 + mono)
        assert mono - capture.mono == pytest.approx(0.05 if n < 50 else 0.0, abs=1e-6)
        assert capture.source == ("rtcp" if n < 50 else "arrival")
    assert capture.skew_s == pytest.approx(-step - 0.05)


def test_a_clock_that_was_wrong_and_is_set_right_counts_again():
    clock = CameraClock()
    assert clock.captured(Moment(wall=100.0, mono=0.0), 3700.0).source == "arrival"
    assert clock.captured(Moment(wall=101.0, mono=1.0), 100.75).source == "rtcp"


@pytest.mark.parametrize(
    "ahead", [0.0, -3600.0, 3600.0, -100.0 - 2_208_988_800.0], ids=["right", "behind", "ahead", "NTP 0"]
)
def test_a_clock_that_stands_still_makes_no_frame_late(ahead: float):
    """Each report, here one a second, says the same time, from which frames are counted on."""
    clock = CameraClock()
    for n in range(200):
        moment = Moment(wall=100.0 + n / 20, mono=n / 20)
        capture = clock.captured(moment, 100.0 + ahead + n % 20 / 20)
        assert moment.mono - capture.mono < 1.0, n


def test_no_frame_is_timed_before_the_one_before_it_when_a_slow_clock_is_found_less_slow():
    """Eight frames of a clock that is 2 s slow; from the third on, each is 0.1 s less on its way."""
    clock, times, shown = CameraClock(), PacketTimes(), []
    for n in range(8):
        taken, transit = n / 25, 2.1 if n < 3 else 2.0
        packet, picture = av.Packet(1), VideoFrame(16, 16)
        packet.pts = picture.pts = n
        picture.time_base = Fraction(1, 25)
        times.add(packet, clock.captured(Moment(wall=100 + taken + transit, mono=taken + transit), 100 + taken))
        shown.append(times.of(picture))
    assert {capture.source for capture in shown} == {"arrival"}
    assert [capture.mono for capture in shown] == pytest.approx([2.1, 2.14, 2.18, 2.18, 2.18, 2.2, 2.24, 2.28])
    assert [capture.wall - 100 for capture in shown] == pytest.approx([capture.mono for capture in shown])


def test_pauses_double_to_the_longest_and_begin_anew_after_a_stable_time():
    backoff = ReconnectConfig(initial_s=1, max_s=5, jitter=0, stable_s=60).backoff()
    assert [backoff.pause(59) for _ in range(4)] == [1, 2, 4, 5]
    assert backoff.pause(60) == 1
    assert backoff.pause(0) == 2


@given(st.floats(0, 1))
def test_the_random_share_of_a_pause_only_shortens_it(jitter: float):
    backoff = ReconnectConfig(initial_s=1, max_s=30, jitter=jitter, stable_s=60).backoff()
    for longest in (1, 2, 4, 8, 16, 30, 30):
        assert longest * (1 - jitter) <= backoff.pause(0) <= longest


@pytest.mark.parametrize(("max_s", "pause"), [(2, 60), (300, 300)])
def test_a_refused_login_waits_a_minute_or_longer(max_s: float, pause: float):
    backoff = ReconnectConfig(initial_s=1, max_s=max_s, jitter=1, stable_s=60).backoff()
    assert [backoff.pause(0, login_refused=True) for _ in range(3)] == [pause] * 3


@given(st.floats(1, 60), st.lists(st.floats(0, 0.2), min_size=1, max_size=300))
def test_thinning_never_exceeds_its_rate(max_fps: float, steps: list[float]):
    limiter, now, kept = RateLimiter(max_fps), 0.0, []
    for step in steps:
        now += step
        if limiter.keeps(now):
            kept.append(now)
    assert len(kept) <= (kept[-1] - kept[0]) * max_fps + 2


def test_thinning_goes_on_after_the_clock_jumped_back():
    limiter = RateLimiter(10)
    assert [limiter.keeps(at) for at in (1000.0, 1000.05, 10.0, 10.05, 10.1)] == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("url", "kind", "path", "finite"),
    [
        ("rtsp://cam/live", rtsp.KIND, False, None),
        ("rtsps://cam/live", rtsp.KIND, False, None),
        ("http://cam/live", http.KIND, False, None),
        ("https://cam/live", http.KIND, False, None),
        ("synthetic://street", synthetic.KIND, False, "synthetic://street?frames=9"),
        ("synthetic://street?fps=5", synthetic.KIND, False, "synthetic://street?fps=5&frames=9"),
        ("synthetic://street?frames=2", synthetic.KIND, False, "synthetic://street?frames=2"),
        ("/dev/video0", v4l2.KIND, False, None),
        ("/", folder.KIND, True, "/"),
        ("/nowhere/clip.mp4", file.KIND, True, "/nowhere/clip.mp4"),
    ],
)
def test_a_url_names_a_kind_of_source(url: str, kind: SourceKind, path: bool, finite: str | None):
    camera = CameraConfig(url=url, enabled=False)
    assert camera.kind is kind
    assert camera.path == (Path(url) if path else None)
    ending = camera.finite(9)
    assert ending == (finite and camera.model_copy(update={"url": finite}))


def test_a_scheme_is_of_one_kind():
    names = [scheme.name for kind in KINDS for scheme in kind.schemes]
    assert names == list(SCHEMES)


@pytest.mark.parametrize("scheme", ["rtsps", "https"])
@pytest.mark.parametrize(
    ("content", "says"), [(None, "no such file"), (b"", "holds no certificate"), (b"x" * 99, "holds no certificate")]
)
def test_a_ca_that_cannot_be_read_is_a_mistake_in_the_configuration(
    tmp_path: Path, scheme: str, content: bytes | None, says: str
):
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        open_source(CameraConfig(url=f"{scheme}://cam/live", tls=TlsConfig(ca=ca)))
    assert str(caught.value) == f"{ca}: {says}"


@given(TEXT.filter(bool), TEXT)
def test_a_login_reaches_the_camera_whole_and_nobody_else(username: str, password: str):
    login = ServerLogin(username, password)
    assert login.authorization("GET", "/") is None
    assert login.asked(challenges(['Basic realm="cam"']))
    proof = login.authorization("GET", "/") or ""
    assert b64decode(proof.removeprefix("Basic ")).decode() == f"{username}:{password}"
    address = Address(f"rtsp://{quote(username, '')}:{quote(password, '')}@10.0.0.5:554/live?channel=1")
    assert address.without_login == "rtsp://10.0.0.5:554/live?channel=1"
    address = Address("rtsp://10.0.0.5:554/live?channel=1", username, SecretStr(password))
    assert str(address) == address.without_login == "rtsp://10.0.0.5:554/live?channel=1"
    for shown in (repr(address), repr(login)):
        assert "url=" not in shown
        assert "username=" not in shown
        assert "password='" not in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://cam/live", "rtsp://cam/live"),
        ("rtsp://u:p@cam:554/live", "rtsp://cam:554/live"),
        ("rtsp://u:p/w?@cam/live", "rtsp://cam/live"),
        ("rtsp://cam/live?channel=2&subtype=0", "rtsp://cam/live?channel=2&subtype=0"),
        ("rtsp://cam/live?user=a&password=1&t=0123abcd", "rtsp://cam/live?***&***&***"),
        ("rtsp://cam/live?opaque", "rtsp://cam/live?***"),
        ("rtsp://cam/cam/realmonitor?channel=1&subtype=1", "rtsp://cam/cam/realmonitor?channel=1&subtype=1"),
        ("rtsp://cam/h264Preview_01_main", "rtsp://cam/h264Preview_01_main"),
        ("rtsp://cam/axis-media/media.amp?resolution=640x480", "rtsp://cam/axis-media/media.amp?resolution=640x480"),
        ("rtsp://cam/x;auth=SECRET", "rtsp://cam/***"),
        ("rtsp://cam/user=admin_password=abc_channel=1.sdp", "rtsp://cam/***"),
        ("http://cam/api/key-SECRET/live.mjpg", "http://cam/api/***/live.mjpg"),
        ("http://cam/cgi/admin/SECRET3", "http://cam/cgi/***/***"),
        ("http://cam/live#SECRET", "http://cam/live#***"),
        ("http://cam/live?SECRET=1", "http://cam/live?***"),
        ("http://cam/live?channel=1234", "http://cam/live?***"),
        ("rtsp://cam/4711", "rtsp://cam/***"),
        ("rtsp://SE CRET/live", "rtsp://***/live"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str):
    assert redacted(url) == shown


@pytest.mark.parametrize(
    ("url", "host"),
    [("rtsp://cam/live", "cam"), ("rtsp://u:p@10.0.0.5:554", "10.0.0.5"), ("rtsp://[fe80::1]:554/x", "fe80::1")],
)
def test_the_host_is_found_in_the_url(url: str, host: str):
    assert Address(url).host == host


def test_a_file_in_memory_is_no_camera_of_this_machine():
    assert kind_of("/dev/video0") is kind_of("/dev/v4l/by-id/usb-cam")
    assert kind_of("/dev/shm/clip.mp4") is kind_of("/tmp/clip.mp4") is not kind_of("/dev/video0")
