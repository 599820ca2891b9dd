"""Network cameras, played by a real RTSP server that is frozen, killed, made to lie and to send rubbish."""

from __future__ import annotations

import contextlib
import logging
import socket
import string
import subprocess
import threading
import time
import traceback
from pathlib import Path

import pytest

from edge_app.capture import open_source, probe_source
from edge_app.core.errors import Reason, StreamError
from tests.capture.conftest import Rig, camera_config
from tests.ports import free_port
from tests.rtsp.fixtures import Certificates, StartServer
from tests.waiting import PATIENCE_S

AWKWARD = ("front döör@1", "p@ss/w:rd#1 %41?&\"'é")
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_frames_arrive_with_the_cameras_own_clock(rig: Rig, rtsp_server: StartServer, transport: str):
    rig.add(rtsp_server().url, transport=transport)
    rig.until(lambda: rig.pending and rig.pending[-1].meta.time.source == "rtcp")
    rig.until(rig.more(10))
    last = rig.pending[-1]
    picture = last.convert()
    assert (picture.width, picture.height) == (320, 240)
    assert picture.bgr.shape == (240, 320, 3)
    rig.until(lambda: time.monotonic() - rig.pending[-1].meta.time.mono < 1)
    rig.until(lambda: abs(time.time() - rig.pending[-1].meta.time.wall) < 1)
    assert rig.pending[-1].meta.time.mono <= time.monotonic()
    first, last = rig.pending[-10], rig.pending[-1]
    step_s = (last.meta.time.wall - first.meta.time.wall) / (last.meta.index - first.meta.index)
    assert step_s == pytest.approx(0.04, abs=0.004)
    assert [state.state for _, state in rig.states] == ["connecting", "up"]
    assert rig.metrics.total("frames_captured", camera="gate") >= len(rig.pending)


def test_h265_is_decoded(rtsp_server: StartServer, h265_clip: Path):
    server = rtsp_server(h265_clip, codec="h265")
    found = probe_source(open_source(camera_config(server.url)), timeout_s=PATIENCE_S)
    assert (found.codec, found.width, found.height, found.fps) == ("hevc", 320, 240, 25)


@pytest.mark.parametrize(
    ("user", "password"),
    [
        pytest.param(*AWKWARD, id="awkward"),
        pytest.param("u", string.punctuation.replace("\\", "").replace('"', ""), id="every mark"),
        pytest.param("u", "@" * 500, id="long"),
    ],
)
def test_any_characters_may_be_in_the_login(rtsp_server: StartServer, user: str, password: str):
    server = rtsp_server(user=user, password=password)
    source = open_source(camera_config(server.url, username=user, password=password))
    assert probe_source(source, timeout_s=PATIENCE_S).width == 320


def test_a_refused_login_is_said_once_and_not_tried_again_soon(
    rig: Rig, rtsp_server: StartServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    wrong = "not/the p@ssw0rd"
    server = rtsp_server(user="admin", password="the right one")
    source = rig.add(server.url, username="admin", password=wrong)
    rig.until(lambda: rig.is_down(Reason.AUTH_FAILED))
    with pytest.raises(AssertionError):
        rig.until(lambda: rig.metrics.total("reconnects"), within_s=2)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert len(lines) == 1
    assert "gate" in lines[0]
    assert "authentication" in lines[0]

    with pytest.raises(StreamError) as caught:
        probe_source(source, timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.AUTH_FAILED
    assert caught.value.__context__ is None
    ours = traceback.walk_tb(caught.value.__traceback__.tb_next)
    everything = "".join(traceback.StackSummary.extract(ours, capture_locals=True).format())
    everything += caplog.text + "".join(capfd.readouterr()) + repr(source) + repr(vars(source)) + source.description
    assert "ssw0rd" not in everything  # however the rest of it may be encoded


def test_rtsps_works_with_the_right_ca(rtsp_server: StartServer, rtsp_certificates: Certificates):
    server = rtsp_server(certificate=rtsp_certificates.this_host)
    source = open_source(camera_config(server.url, tls={"ca": rtsp_certificates.ca}))
    assert probe_source(source, timeout_s=PATIENCE_S).width == 320


def test_rtsps_finds_the_right_ca_in_a_folder(
    rtsp_server: StartServer, rtsp_certificates: Certificates, tmp_path: Path
):
    server = rtsp_server(certificate=rtsp_certificates.this_host)
    for ca in (rtsp_certificates.unknown_ca, rtsp_certificates.ca):
        (tmp_path / ca.name).write_bytes(ca.read_bytes())
    subprocess.run(["openssl", "rehash", tmp_path], check=True)
    source = open_source(camera_config(server.url, tls={"ca": tmp_path}))
    assert probe_source(source, timeout_s=PATIENCE_S).width == 320
    for name in tmp_path.glob("*.0"):
        if name.resolve().name == rtsp_certificates.ca.name:
            name.unlink()
    with pytest.raises(StreamError) as caught:
        probe_source(open_source(camera_config(server.url, tls={"ca": tmp_path})), timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.TLS


def test_rtsps_flows_on(rig: Rig, rtsp_server: StartServer, rtsp_certificates: Certificates):
    """Pictures are longer than what TLS hands over at once."""
    rig.add(rtsp_server(certificate=rtsp_certificates.this_host).url, tls={"ca": rtsp_certificates.ca})
    rig.until(rig.more(100))
    assert [state.state for _, state in rig.states] == ["connecting", "up"]
    assert rig.metrics.total("frames_dropped", reason="decode") == 0


def test_rtsps_trusts_the_systems_cas_where_none_is_given(
    rtsp_server: StartServer, rtsp_certificates: Certificates, monkeypatch: pytest.MonkeyPatch
):
    server = rtsp_server(certificate=rtsp_certificates.this_host)
    with pytest.raises(StreamError) as caught:
        probe_source(open_source(camera_config(server.url)), timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.TLS
    monkeypatch.setenv("SSL_CERT_FILE", str(rtsp_certificates.ca))
    assert probe_source(open_source(camera_config(server.url, tls=True)), timeout_s=PATIENCE_S).width == 320


def test_rtsps_refuses_an_unknown_ca_and_another_hosts_certificate(
    rtsp_server: StartServer, rtsp_certificates: Certificates
):
    mine, others = (
        rtsp_server(certificate=rtsp_certificates.this_host),
        rtsp_server(certificate=rtsp_certificates.other_host),
    )
    for url, ca in ((mine.url, rtsp_certificates.unknown_ca), (others.url, rtsp_certificates.ca)):
        with pytest.raises(StreamError) as caught:
            probe_source(open_source(camera_config(url, tls={"ca": ca})), timeout_s=PATIENCE_S)
        assert caught.value.reason is Reason.TLS
    unchecked = open_source(camera_config(others.url, tls={"verify": False}))
    assert probe_source(unchecked, timeout_s=PATIENCE_S).width == 320


def test_a_killed_server_is_found_again_and_the_index_counts_on(
    rig: Rig, rtsp_server: StartServer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    server = rtsp_server()
    rig.add(server.url)
    rig.until(rig.more(10))
    server.kill()
    rig.until(lambda: rig.metrics.total("reconnects", reason="refused") >= 3)
    assert rig.is_down(Reason.REFUSED)
    before = rig.pending[-1].meta.index
    server.start()
    rig.until(rig.more(5))
    assert rig.is_up()
    indices = [frame.meta.index for frame in rig.pending]
    assert indices[-1] > before
    assert indices == sorted(set(indices))
    assert len([r for r in caplog.records if "refused" in r.getMessage()]) == 1


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_frozen_server_is_a_stalled_camera_that_comes_back(rig: Rig, rtsp_server: StartServer, transport: str):
    server = rtsp_server()
    rig.add(server.url, stall_timeout_s=2, transport=transport)
    rig.until(rig.more(20))
    server.freeze()
    assert rig.until(lambda: rig.is_down(Reason.STALLED)) < 2 + 1
    server.thaw()
    rig.until(rig.is_up)
    rig.until(rig.more(5))


def test_video_that_stops_while_sound_and_reports_go_on_is_a_stalled_camera(rig: Rig, rtsp_server: StartServer):
    server = rtsp_server(audio=True)
    rig.add(server.url, stall_timeout_s=2)
    rig.until(rig.more(10))
    server.say("stall")
    assert rig.until(lambda: rig.is_down(Reason.STALLED)) < 2 + 1
    server.say("resume")
    rig.until(rig.is_up)
    assert rig.metrics.total("reconnects", camera="gate", reason="stalled") >= 1


@pytest.mark.skipif(FAKETIME is None, reason="no libfaketime: apt-get install libfaketime")
def test_a_camera_whose_clock_is_an_hour_off_loses_nothing(
    rig: Rig, rtsp_server: StartServer, caplog: pytest.LogCaptureFixture
):
    env = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+3600", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    rig.add(rtsp_server(env=env).url, max_frame_age_ms=60_000)
    rig.until(lambda: rig.metrics.gauge_value("clock_skew", camera="gate"))
    rig.until(rig.more(30))
    assert rig.metrics.gauge_value("clock_skew", camera="gate") == pytest.approx(3600, abs=5)
    assert rig.metrics.total("frames_dropped", reason="stale") == 0
    assert {frame.meta.time.source for frame in rig.pending} == {"arrival"}
    rig.until(lambda: abs(rig.pending[-1].meta.time.wall - time.time()) < 2)
    assert len([r for r in caplog.records if "clock" in r.getMessage()]) == 1


def test_a_new_resolution_in_mid_stream_flows_on(rig: Rig, rtsp_server: StartServer, clip: Path, wide_clip: Path):
    server = rtsp_server(clip, wide_clip)
    rig.add(server.url)
    rig.until(rig.more(5))
    server.say("next")
    rig.until(lambda: rig.pending[-1].convert().width == 480)
    assert rig.pending[-1].convert().bgr.shape == (272, 480, 3)
    server.say("next")
    rig.until(lambda: rig.pending[-1].convert().width == 320)
    assert rig.metrics.total("reconnects") == 0


def test_broken_frames_are_counted_and_too_many_are_a_failure(rig: Rig, rtsp_server: StartServer):
    server = rtsp_server(fps=100)
    rig.add(server.url, stall_timeout_s=30)
    rig.until(rig.more(10))
    server.say("corrupt")
    rig.until(lambda: rig.is_down(Reason.DECODE_ERRORS))
    server.say("heal")
    rig.until(rig.is_up)
    counted = rig.metrics.total("frames_dropped", camera="gate", reason="decode")
    assert counted >= 150
    reconnects = rig.metrics.total("reconnects")

    server.say("spoil")
    rig.until(lambda: rig.metrics.total("frames_dropped", camera="gate", reason="decode") > counted)
    rig.until(rig.more(10))
    assert rig.metrics.total("reconnects") == reconnects
    assert rig.pending[-1].meta.index < rig.metrics.total("frames_captured", camera="gate")


def test_a_stream_that_is_broken_from_its_beginning_is_given_up_in_time(rig: Rig, rtsp_server: StartServer):
    server = rtsp_server()
    server.say("corrupt")
    rig.add(server.url, stall_timeout_s=2)
    assert rig.until(lambda: rig.is_down(Reason.DECODE_ERRORS)) < 2 + 1
    assert rig.pending == []
    assert rig.metrics.total("frames_dropped", camera="gate", reason="decode") > 20


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(b"RTSP/1.0 503 Service Unavailable\r\nCSeq: 1\r\n\r\n", r"refused \(503\)", id="503"),
        pytest.param(b"RTSP/1.0 403 Forbidden\r\nCSeq: 1\r\n\r\n", r"authentication refused \(403\)", id="403"),
        pytest.param(b"220 mail.example.com ESMTP\r\n", "its answer is not RTSP", id="another service"),
    ],
)
def test_an_answer_that_is_no_stream_is_told_from_no_answer(answer: bytes, says: str):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reply() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(4096)
                        connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        source = open_source(camera_config(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/live"))
        with pytest.raises(StreamError, match=says):
            probe_source(source, timeout_s=PATIENCE_S)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("path", "reason"), [("live", Reason.REFUSED), ("nothing", Reason.NOT_FOUND)], ids=["port", "path"]
)
def test_what_is_not_there_is_named(rtsp_server: StartServer, path: str, reason: Reason):
    url = f"rtsp://127.0.0.1:{free_port()}/live" if path == "live" else rtsp_server().url.replace("live", path)
    with pytest.raises(StreamError) as caught:
        probe_source(open_source(camera_config(url)), timeout_s=PATIENCE_S)
    assert caught.value.reason is reason


def test_a_name_that_does_not_resolve_is_unreachable():
    with pytest.raises(StreamError, match=r"camera\.invalid does not resolve") as caught:
        probe_source(open_source(camera_config("rtsp://camera.invalid/live")), timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.UNREACHABLE


def test_a_listener_that_never_answers_times_out_and_does_not_delay_stopping(rig: Rig):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        rig.add(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/live", stall_timeout_s=2)
        rig.until(lambda: rig.is_down(Reason.TIMEOUT))
        rig.until(lambda: rig.metrics.total("reconnects"))
        assert rig.end() < 5


def test_a_frozen_server_does_not_delay_stopping(rig: Rig, rtsp_server: StartServer):
    server = rtsp_server()
    rig.add(server.url, stall_timeout_s=30)
    rig.until(rig.more(5))
    server.freeze()
    assert rig.end() < 5
