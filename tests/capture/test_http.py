"""Cameras over HTTP, played by a real server that freezes, dies, asks for a login and sends rubbish."""

from __future__ import annotations

import logging
import re
import threading
import time
import traceback
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from edge_app.capture import open_source, probe_source
from edge_app.capture.sources.address import redacted
from edge_app.core.errors import Reason, StreamError
from tests.capture.conftest import Rig, camera_config
from tests.capture.http_camera import HASHES, JPEGS, StartHttpCamera
from tests.ports import free_port
from tests.rtsp.fixtures import Certificates
from tests.waiting import PATIENCE_S

SNAPSHOT = "my%20door/snapshot.jpg"  # which libav would take for a numbered file
AWKWARD = ("front döör", "p@ss/w:rd#1 %41?&'é")


def refusal(url: str, **settings: object) -> StreamError:
    with pytest.raises(StreamError) as caught:
        probe_source(open_source(camera_config(url, **settings)), timeout_s=PATIENCE_S)
    return caught.value


MJPEG = ["mjpeg", "without-length", "chunked", "odd"]
UNANNOUNCED = ["text", "octets", "without-dashes"]  # parts, which the headers of the answer do not announce
ODD_ANSWERS = ["icy", "icy-redirect", "no-length", "short-length"]


@pytest.mark.parametrize("path", [*MJPEG, *UNANNOUNCED, *ODD_ANSWERS])
def test_mjpeg_is_timed_by_its_arrival(rig: Rig, http_camera: StartHttpCamera, path: str):
    camera = http_camera()
    rig.add(camera.url(path))
    rig.until(rig.more(20))
    assert rig.is_up()
    last = rig.pending[-1]
    expected = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).astype(int) for jpeg in JPEGS]
    picture = last.convert().bgr
    assert min(np.abs(picture - one).mean() for one in expected) < 3  # two of them differ by 5, two decoders by 2.2
    assert {frame.meta.time.source for frame in rig.pending} == {"arrival"}
    rig.until(lambda: abs(rig.pending[-1].meta.time.wall - time.time()) < 1)
    indices = [frame.meta.index for frame in rig.pending]
    assert indices == sorted(set(indices))
    assert rig.metrics.total("reconnects") == 0


def test_the_picture_is_there_before_the_next_one_is_sent(rig: Rig, http_camera: StartHttpCamera):
    """A camera of two pictures a second may not look half a second older than it is."""
    camera = http_camera()
    rig.add(camera.url("mjpeg"))
    rig.until(rig.more(3))
    camera.frozen.set()
    rig.until(lambda: rig.metrics.total("frames_captured") == camera.sent)


@pytest.mark.parametrize("scheme", ["Basic", *HASHES])
@pytest.mark.parametrize(("user", "password"), [AWKWARD, ("u", "x" * 300)], ids=["awkward", "long"])
def test_every_kind_of_login_lets_any_characters_in(
    http_camera: StartHttpCamera, scheme: str, user: str, password: str
):
    camera = http_camera(login=(scheme, user, password))
    source = open_source(camera_config(camera.url("mjpeg"), username=user, password=password))
    assert probe_source(source, timeout_s=PATIENCE_S).width == 320


@pytest.mark.parametrize("path", ["picture.png", "video.ts"])
@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Digest SHA-256"])
def test_a_login_lets_in_to_what_libav_decodes_with_one_request(http_camera: StartHttpCamera, scheme: str, path: str):
    camera = http_camera(login=(scheme, *AWKWARD))
    source = open_source(camera_config(camera.url(path), username=AWKWARD[0], password=AWKWARD[1]))
    assert probe_source(source, timeout_s=PATIENCE_S).width == 320
    assert [header is None for _, header in camera.requests] == [True, False]


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_refused_login_is_said_once_shown_nowhere_and_not_tried_again_soon(
    rig: Rig,
    http_camera: StartHttpCamera,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    scheme: str,
):
    caplog.set_level(logging.DEBUG)
    camera = http_camera(login=(scheme, "admin", "the right one"))
    source = rig.add(camera.url("mjpeg"), username="admin", password="not/the p@ssw0rd")
    rig.until(lambda: rig.is_down(Reason.AUTH_FAILED))
    with pytest.raises(AssertionError):
        rig.until(lambda: rig.metrics.total("reconnects"), within_s=2)
    assert [header is None for _, header in camera.requests] == [True, False], "one refusal, one try"
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert len(lines) == 1
    assert "gate" in lines[0]
    assert "authentication" in lines[0]

    error = refusal(camera.url("mjpeg"), username="admin", password="not/the p@ssw0rd")
    assert error.__context__ is None
    ours = traceback.walk_tb(error.__traceback__.tb_next.tb_next)
    everything = "".join(traceback.StackSummary.extract(ours, capture_locals=True).format())
    everything += caplog.text + "".join(capfd.readouterr()) + repr(vars(source)) + source.description + str(error)
    assert "ssw0rd" not in everything


def test_single_pictures_are_asked_for_again_and_again(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera(login=("Digest", *AWKWARD))
    rig.add(camera.url(SNAPSHOT), username=AWKWARD[0], password=AWKWARD[1], stall_timeout_s=1)
    rig.until(rig.more(3))
    steps = np.diff([frame.meta.time.mono for frame in rig.pending])
    assert min(steps) > 0.3, "no storm"
    assert [state.state for _, state in rig.states] == ["connecting", "up"]
    assert rig.metrics.total("reconnects") == 0
    camera.pictures = [b"\xff\xd8\xff\xe0 no picture"]
    rig.until(lambda: rig.state()[0] == "down")
    assert rig.state()[1] in (Reason.DECODE_ERRORS, Reason.FAILED)


@pytest.mark.parametrize("path", ["open-picture", "picture.png"])
def test_a_server_that_does_not_hang_up_after_a_picture_is_asked_for_the_next(
    rig: Rig, http_camera: StartHttpCamera, path: str
):
    camera = http_camera()
    rig.add(camera.url(path), stall_timeout_s=30)
    assert rig.until(rig.more(3)) < 15
    assert rig.metrics.total("reconnects") == 0


def test_a_snapshot_that_cannot_be_decoded_is_a_decode_error(http_camera: StartHttpCamera):
    camera = http_camera()
    camera.pictures = [JPEGS[0][: len(JPEGS[0]) // 2]]
    assert refusal(camera.url(SNAPSHOT)).reason is Reason.DECODE_ERRORS


def test_a_video_that_freezes_is_stalled_and_does_not_delay_stopping(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera()
    rig.add(camera.url("frozen.ts"), stall_timeout_s=1)
    rig.until(lambda: rig.is_down(Reason.STALLED))
    rig.add(camera.url("frozen.ts"), "patient", stall_timeout_s=60)
    rig.until(lambda: rig.state("patient")[0] == "up")
    assert rig.end() < 5


@pytest.mark.parametrize("path", ["frozen.flv", "frozen.avi", "frozen.ts"])
def test_a_video_that_freezes_is_told_once_by_us_and_never_by_pyav(
    http_camera: StartHttpCamera, capfd: pytest.CaptureFixture[str], path: str
):
    source = open_source(camera_config(http_camera().url(path), stall_timeout_s=1))
    with pytest.raises(StreamError) as caught, source.open(threading.Event()) as frames:
        list(frames)
    assert caught.value.reason is Reason.STALLED
    assert "Traceback" not in capfd.readouterr().err


def test_video_over_http_is_live(rig: Rig, http_camera: StartHttpCamera):
    rig.add(http_camera().url("video.ts"))
    rig.until(lambda: rig.metrics.total("reconnects", reason="ended"))
    assert rig.pending[0].convert().width == 320
    assert all(frame.meta.live for frame in rig.pending)
    assert rig.metrics.total("frames_captured") >= 40


def test_half_pictures_are_counted_and_not_shown(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera()
    camera.pictures = [JPEGS[0], JPEGS[1][: len(JPEGS[1]) // 2]]
    rig.add(camera.url("mjpeg"))
    rig.until(lambda: rig.metrics.total("frames_dropped", camera="gate", reason="decode") >= 5)
    assert rig.is_up()
    whole = cv2.imdecode(np.frombuffer(JPEGS[0], np.uint8), cv2.IMREAD_COLOR).astype(int)
    for frame in rig.pending:
        assert np.abs(frame.convert().bgr - whole).mean() < 2


@pytest.mark.parametrize("path", ["mjpeg", "without-length"])
def test_a_frozen_camera_is_stalled_and_comes_back(rig: Rig, http_camera: StartHttpCamera, path: str):
    camera = http_camera()
    rig.add(camera.url(path), stall_timeout_s=2)
    rig.until(rig.more(10))
    camera.frozen.set()
    assert rig.until(lambda: rig.is_down(Reason.STALLED)) < 2 + 1
    camera.frozen.clear()
    rig.until(rig.is_up)


@pytest.mark.parametrize("path", ["five", "five-without-length"])
def test_a_stream_that_the_camera_ends_has_ended(rig: Rig, http_camera: StartHttpCamera, path: str):
    rig.add(http_camera().url(path))
    rig.until(rig.more(9))
    assert set(rig.metrics.by("reconnects", "reason", camera="gate")) == {"ended"}
    assert rig.metrics.total("frames_dropped", camera="gate", reason="decode") == 0


def test_a_camera_that_is_killed_is_found_again(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera()
    rig.add(camera.url("mjpeg"))
    rig.until(rig.more(5))
    camera.kill()
    rig.until(lambda: rig.is_down(Reason.REFUSED))
    before = rig.pending[-1].meta.index
    http_camera(port=camera.server_port)
    rig.until(rig.more(5))
    assert rig.is_up()
    assert rig.pending[-1].meta.index > before


def test_a_picture_without_an_end_is_given_up_before_it_fills_the_memory(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera()
    process = psutil.Process()
    before, most = process.memory_info().rss, 0
    rig.add(camera.url("endless"), stall_timeout_s=0.5)

    def has_failed(times: int) -> bool:
        nonlocal most
        most = max(most, process.memory_info().rss)
        return rig.metrics.total("reconnects") >= times

    rig.until(lambda: has_failed(1))
    assert rig.state()[1] in (Reason.TIMEOUT, Reason.TOO_LARGE)  # a slow machine has not sent 34 MiB in time
    rig.until(lambda: has_failed(3))
    assert most - before < 200e6, "an attempt gets 34 MiB and its copies, and they do not add up"


@pytest.mark.parametrize(
    ("path", "reason", "says"),
    [
        ("page.html", Reason.FAILED, "neither video nor a picture"),
        ("missing", Reason.NOT_FOUND, "404"),
        ("broken", Reason.FAILED, "the camera answered: 503 Service Unavailable"),
        ("forbidden", Reason.AUTH_FAILED, "403.*locked"),
        ("around", Reason.FAILED, "302 Found; it redirects without end"),
        ("nothing", Reason.TIMEOUT, "no picture came in time"),
        ("drip", Reason.TIMEOUT, "no answer in time"),
        ("nowhere", Reason.FAILED, r"redirects \(302\) without saying where to"),
        ("compressed", Reason.FAILED, r"compressed \(gzip\)"),
        ("empty", Reason.FAILED, "its answer is empty"),
        ("late.mp4", Reason.CODEC, r"index stands behind its pictures.*\+faststart"),
        ("text.txt", Reason.FAILED, "neither video nor a picture"),
        ("status/204", Reason.FAILED, "204 No Content; and no picture"),
        ("status/304", Reason.FAILED, r"redirects \(304\) without saying where to"),
        ("status/400", Reason.FAILED, "400 Bad Request; check path and query"),
        ("status/423", Reason.AUTH_FAILED, "423 Locked; .*locked the user out"),
        ("status/429", Reason.FAILED, "429 Too Many Requests; it is asked too often: close other viewers"),
        ("status/500", Reason.FAILED, "500 Internal Server Error; an error inside the camera"),
        ("status/502", Reason.FAILED, "502 Bad Gateway; what stands before the camera"),
        ("status/507", Reason.FAILED, "507 Insufficient Storage; it is starting up"),
        ("status/600", Reason.FAILED, "600; which is no status of HTTP"),
        ("status/999", Reason.FAILED, "999; which is no status of HTTP"),
    ],
)
def test_an_answer_that_is_no_picture_says_what_it_is(
    http_camera: StartHttpCamera, path: str, reason: Reason, says: str
):
    url = http_camera().url(path)
    error = refusal(url, stall_timeout_s=1)
    assert error.reason is reason
    assert str(error).startswith(f"{redacted(url)}: ")
    assert re.search(says, str(error))


def test_an_mp4_whose_index_comes_first_is_read(http_camera: StartHttpCamera):
    source = open_source(camera_config(http_camera().url("early.mp4")))
    assert probe_source(source, timeout_s=PATIENCE_S).width == 320


def test_a_camera_that_is_not_there_is_refused():
    assert refusal(f"http://127.0.0.1:{free_port()}/").reason is Reason.REFUSED


@pytest.mark.parametrize("path", ["mjpeg", SNAPSHOT])
def test_https_is_checked(http_camera: StartHttpCamera, rtsp_certificates: Certificates, path: str):
    mine, others = (
        http_camera(certificate=rtsp_certificates.this_host),
        http_camera(certificate=rtsp_certificates.other_host),
    )
    trusted = open_source(camera_config(mine.url(path), tls={"ca": rtsp_certificates.ca}))
    assert probe_source(trusted, timeout_s=PATIENCE_S).width == 320
    mine.requests.clear()
    assert refusal(mine.url(path)).reason is Reason.TLS
    assert refusal(mine.url(path), tls={"ca": rtsp_certificates.unknown_ca}).reason is Reason.TLS
    assert refusal(others.url(path), tls={"ca": rtsp_certificates.ca}).reason is Reason.TLS
    assert mine.requests == others.requests == [], "whoever is not who he should be learns nothing"
    unchecked = open_source(camera_config(others.url(path), tls={"verify": False}))
    assert probe_source(unchecked, timeout_s=PATIENCE_S).width == 320


def test_a_redirection_does_not_lead_out_of_tls(http_camera: StartHttpCamera, rtsp_certificates: Certificates):
    secure, plain = http_camera(certificate=rtsp_certificates.this_host), http_camera()
    tls = {"ca": rtsp_certificates.ca}
    secure.moved_to = secure.url("mjpeg")
    assert probe_source(open_source(camera_config(secure.url("moved"), tls=tls)), timeout_s=PATIENCE_S).width == 320
    secure.moved_to = plain.url("mjpeg")
    error = refusal(secure.url("moved"), tls=tls)
    assert error.reason is Reason.FAILED
    assert f"to {plain.url('').rstrip('/')}," in str(error)
    assert plain.requests == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["host", "port"])
def test_a_redirection_to_another_host_or_port_is_not_followed_and_shows_no_secret(
    http_camera: StartHttpCamera, host: str
):
    camera, other = http_camera(login=("Basic", "u", "p")), http_camera()
    camera.moved_to = f"http://{host}:{other.server_port}/mjpeg?token=abc"
    error = refusal(camera.url("moved"), username="u", password="p")
    assert other.requests == []
    assert error.reason is Reason.FAILED
    assert host in str(error)
    assert "abc" not in str(error)


def test_a_redirection_within_the_camera_keeps_the_login(http_camera: StartHttpCamera):
    camera = http_camera(login=("Digest", *AWKWARD))
    camera.moved_to = "/mjpeg"
    source = open_source(camera_config(camera.url("moved"), username=AWKWARD[0], password=AWKWARD[1]))
    assert probe_source(source, timeout_s=PATIENCE_S).width == 320


def test_a_kind_of_login_that_is_not_known_is_not_blamed_on_the_password(http_camera: StartHttpCamera):
    camera = http_camera(login=("NTLM", "u", "p"))
    error = refusal(camera.url("mjpeg"), username="u", password="p")
    assert error.reason is Reason.AUTH_FAILED
    assert "kinds of login (401) are not known here: ntlm" in str(error)
    assert "give username and password" in str(refusal(camera.url("mjpeg")))


def test_a_login_that_was_let_in_is_not_asked_for_again(rig: Rig, http_camera: StartHttpCamera):
    """Cameras log each refusal, and some lock out."""
    camera = http_camera(login=("Digest SHA-256", "u", "p"))
    rig.add(camera.url("picture"), username="u", password="p", stall_timeout_s=1)
    rig.until(rig.more(3))
    assert [header is None for _, header in camera.requests][:3] == [True, False, False]


def test_neither_proxies_nor_passwords_come_from_the_environment(
    http_camera: StartHttpCamera, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    camera = http_camera()
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in "http_proxy", "HTTP_PROXY", "all_proxy":
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert probe_source(open_source(camera_config(camera.url("mjpeg"))), timeout_s=PATIENCE_S).width == 320
    assert camera.requests == [("/mjpeg", None)]


def test_stopping_does_not_wait_for_a_frozen_camera(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera()
    rig.add(camera.url("mjpeg"), stall_timeout_s=30)
    rig.until(rig.more(3))
    camera.frozen.set()
    assert rig.end() < 5
