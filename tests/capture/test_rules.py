"""The rules without a camera: times, pauses, thinning, addresses."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from edge_app.capture import open_source
from edge_app.capture.capture_time import CLOCK_JITTER_S, LONGEST_TRANSIT_S, CameraClock, Moment, captured
from edge_app.capture.config import CameraConfig, ReconnectConfig
from edge_app.capture.fps_limiter import FpsLimiter
from edge_app.capture.sources import file, folder, http, rtsp, synthetic, v4l2
from edge_app.capture.sources.address import LONGEST_LOGIN, Address, redacted
from edge_app.capture.sources.registry import KINDS, SCHEMES
from edge_app.capture.sources.source import SourceKind
from edge_app.config import TlsConfig
from edge_app.core.errors import ConfigError

SECONDS = st.floats(-1e5, 1e5)
CHARACTERS = st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")
TEXT = st.text(CHARACTERS, max_size=5)  # so few fit whatever they are


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
    limiter, now, kept = FpsLimiter(max_fps), 0.0, []
    for step in steps:
        now += step
        if limiter.keeps(now):
            kept.append(now)
    assert len(kept) <= (kept[-1] - kept[0]) * max_fps + 2


def test_thinning_goes_on_after_the_clock_jumped_back():
    limiter = FpsLimiter(10)
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
def test_a_login_reaches_libav_whole_and_nobody_else(username: str, password: str):
    address = Address("rtsp://10.0.0.5:554/live?channel=1", username, SecretStr(password))
    authority = urlsplit(address.for_libav()).netloc
    login, _, host = authority.rpartition("@")
    assert [unquote(part) for part in login.split(":", 1)] == [username, password]
    assert len(login) <= LONGEST_LOGIN
    assert host == "10.0.0.5:554"
    assert str(address) == "rtsp://10.0.0.5:554/live?channel=1"
    assert "url=" not in repr(address)
    assert "username=" not in repr(address)


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
