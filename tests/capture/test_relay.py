"""What stands between libav and an RTSP camera: no login leaves for another host, nothing is lost on the way."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import av
import pytest

from edge_app.capture import open_source, probe_source
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.host import Host
from edge_app.capture.sources.rtsp_inquiry import RtspInquiry
from edge_app.capture.sources.rtsp_refusals import Refusals
from edge_app.capture.sources.rtsp_relay import RtspRelay, relayed
from edge_app.core.errors import Reason, StreamError
from tests.capture.conftest import Rig, camera_config
from tests.ports import free_port
from tests.rtsp.manners import FIRST, STEP, Manner, nothing, only, refused, unit
from tests.rtsp.odd_camera import OddCamera
from tests.rtsp.rtp import Rtp
from tests.waiting import PATIENCE_S, until

LOGIN = {"username": "admin", "password": "right"}
BASIC, DIGEST = 'Basic realm="cam"', 'Digest realm="cam", nonce="n", qop="auth"'


@pytest.fixture
def thief() -> Iterator[OddCamera]:
    """Another server on this machine, which asks for a login in clear."""
    with closing(OddCamera()) as thief:
        thief.behave(Manner(challenges=(BASIC,)))
        yield thief


def methods(camera: OddCamera) -> list[str]:
    return [request.split()[0] for request, _ in camera.requests]


def moved(thief: OddCamera, host: str) -> str:
    return f"Location: {thief.url('steal').replace('127.0.0.1', host)}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("challenge", [BASIC, DIGEST], ids=["basic", "digest"])
@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_camera_that_redirects_late_gives_no_login_away(
    odd_camera: OddCamera, thief: OddCamera, method: str, challenge: str, host: str
):
    """It answers whoever looks, and redirects the next who asks."""
    redirect, times = refused(method, "302 Moved", moved(thief, host)), 0

    def answer(asked: str, right: bytes) -> bytes | None:
        nonlocal times
        times += asked == method
        return redirect(asked, right) if times > 1 or method in ("SETUP", "PLAY") else right

    odd_camera.behave(Manner(challenges=(challenge,), answer=answer))
    source = open_source(camera_config(odd_camera.url(), **LOGIN))
    if method in ("OPTIONS", "DESCRIBE"):  # libav's are not the camera's to answer
        assert probe_source(source, timeout_s=PATIENCE_S).width == 320
        assert thief.logins == []
        assert methods(odd_camera)[:4] == ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP"]
    with pytest.raises(StreamError, match=r"redirects \(302\) to what is not followed") as caught:
        probe_source(source, timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.FAILED
    assert thief.requests == []


def test_libav_does_not_go_where_a_description_sends_it(odd_camera: OddCamera, thief: OddCamera):
    """Its tracks are asked for on the connection that there is, whatever host their URLs name."""
    sdp = Manner().sdp.replace("a=control:video", f"a=control:{thief.url('steal')}")
    odd_camera.behave(Manner(sdp=sdp, challenges=(DIGEST,)))
    assert probe_source(open_source(camera_config(odd_camera.url(), **LOGIN)), timeout_s=PATIENCE_S).width == 320
    assert f"SETUP {thief.url('steal')} RTSP/1.0" in [request for request, _ in odd_camera.requests]
    assert thief.requests == []


@contextmanager
def relay_to(camera: OddCamera, **settings: object) -> Iterator[RtspRelay]:
    config = camera_config(camera.url(), **settings)
    address = Address(config.url, config.username, config.password)
    refusals = Refusals(address, udp=False)
    with (
        RtspInquiry(Host(address.host), address, refusals).described() as described,
        relayed(described, refusals) as relay,
    ):
        yield relay


def test_nobody_else_on_this_machine_gets_the_stream(odd_camera: OddCamera):
    odd_camera.behave(Manner(challenges=(DIGEST,)))
    with relay_to(odd_camera, **LOGIN) as relay:
        found = re.fullmatch(r"rtsp://([\d.]+):(\d+)/([\w-]{32})", relay.url)
        assert found
        place = found[1], int(found[2])
        for url in (relay.url[:-1], f"rtsp://{found[1]}:{found[2]}/", "", relay.url + "x"):
            with socket.create_connection(place, PATIENCE_S) as stranger:
                stranger.sendall(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
                assert stranger.recv(1) == b""
        with av.open(relay.url, options={"rtsp_transport": "tcp"}) as container:
            assert container.streams.video[0].codec.name == "h264"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(place, PATIENCE_S)
    until(lambda: methods(odd_camera)[-1] == "TEARDOWN")
    assert "rtsp relay" not in [thread.name for thread in threading.enumerate()]


def test_a_relay_that_libav_never_finds_ends(odd_camera: OddCamera):
    with relay_to(odd_camera):
        pass
    assert "rtsp relay" not in [thread.name for thread in threading.enumerate()]
    assert methods(odd_camera) == ["OPTIONS", "DESCRIBE"]


def test_a_camera_that_refuses_to_play_is_not_left_with_a_session(odd_camera: OddCamera):
    odd_camera.behave(Manner(answer=refused("PLAY", "455 Not Now")))
    with pytest.raises(StreamError, match="455"):
        probe_source(open_source(camera_config(odd_camera.url())), timeout_s=PATIENCE_S)
    until(lambda: methods(odd_camera) == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"])


STALE = DIGEST.replace('"n"', '"second"') + ", stale=true"


def test_a_nonce_that_grows_stale_before_it_plays_is_renewed(odd_camera: OddCamera):
    stale, times = refused("PLAY", "401 Unauthorized", f"WWW-Authenticate: {STALE}"), 0

    def answer(asked: str, right: bytes) -> bytes | None:
        nonlocal times
        times += asked == "PLAY"
        return stale(asked, right) if times == 1 else right

    odd_camera.behave(Manner(challenges=(DIGEST,), answer=answer))
    assert probe_source(open_source(camera_config(odd_camera.url(), **LOGIN)), timeout_s=PATIENCE_S).width == 320
    assert methods(odd_camera)[:6] == ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP", "PLAY", "PLAY"]
    nonces = [re.findall(r' nonce="(\w+)"|nc=(\w+)', login) for login in odd_camera.logins]
    said = [(found[0][0], int(found[1][1])) for found in nonces]
    assert said[:4] == [("n", 1), ("n", 2), ("n", 3), ("second", 1)]


@pytest.mark.parametrize("public", [True, False], ids=["GET_PARAMETER", "OPTIONS"])
def test_a_session_is_kept_alive_with_the_login_and_its_newest_nonce(rig: Rig, odd_camera: OddCamera, *, public: bool):
    alive = "GET_PARAMETER" if public else "OPTIONS"
    stale, times = refused(alive, "401 Unauthorized", f"WWW-Authenticate: {STALE}"), 0

    def answer(asked: str, right: bytes) -> bytes | None:
        nonlocal times
        times += asked == alive
        right = right.replace(b"Session: 1", b"Session: 1;timeout=2").replace(b"GET_PARAMETER", alive.encode())
        return stale(asked, right) if times == (1 if public else 2) else right

    odd_camera.behave(Manner(challenges=(DIGEST,), answer=answer))
    rig.add(odd_camera.url(), **LOGIN)
    rig.until(lambda: methods(odd_camera).count(alive) >= 4)
    rig.until(rig.more(10))
    assert [state.state for _, state in rig.states] == ["connecting", "up"]
    kept = [login for (request, login) in odd_camera.requests if request.startswith(alive)]
    assert all(kept[0 if public else 1 :])
    assert ' nonce="second"' in odd_camera.logins[-1]
    assert odd_camera.connections["/odd"] == 1


def test_video_that_comes_with_the_answer_is_not_lost(odd_camera: OddCamera):
    track = Rtp()
    began = b"".join(track.unit(unit(index), STEP * index) for index in range(FIRST))
    odd_camera.behave(Manner(answer=only("PLAY", lambda right: right + began), video=nothing))
    assert probe_source(open_source(camera_config(odd_camera.url())), timeout_s=PATIENCE_S).width == 320


def loopbacks() -> list[str]:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return ["127.0.0.2"]
    return ["127.0.0.2", "::1"]


@pytest.mark.parametrize("host", loopbacks())
def test_over_udp_the_camera_is_greeted_and_not_the_relay(host: str):
    """Its packets open the way for the camera's, where there is a NAT in between."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(OddCamera(host=host)) as camera, socket.socket(family, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(PATIENCE_S)
        receiver.bind((host, port := free_port()))
        agreed = f"Transport: RTP/AVP/UDP;unicast;client_port=1-2;server_port={port}-{port + 1}".encode()
        camera.behave(Manner(answer=only("SETUP", lambda right: re.sub(rb"Transport: [^\r]*", agreed, right))))
        with pytest.raises(StreamError) as caught:
            probe_source(open_source(camera_config(camera.url(), transport="udp", stall_timeout_s=1)), timeout_s=9)
        assert caught.value.reason is Reason.TIMEOUT
        assert receiver.recvfrom(2048)[0][:1] == b"\x80"  # RTP


@pytest.mark.parametrize("host", loopbacks())
def test_a_camera_of_another_address_is_watched(host: str):
    with closing(OddCamera(host=host)) as camera:
        assert probe_source(open_source(camera_config(camera.url())), timeout_s=PATIENCE_S).width == 320


def test_a_request_of_the_cameras_is_answered_by_libav(rig: Rig, odd_camera: OddCamera):
    """Some ask whether we are there."""
    polite = Manner()

    def video(connection: object) -> Iterator[bytes]:
        for index, data in enumerate(polite.video(connection)):  # type: ignore[arg-type]
            yield (b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n" if index == 3 else b"") + data

    odd_camera.behave(replace(polite, video=video))
    rig.add(odd_camera.url())
    rig.until(lambda: ("RTSP/1.0 200 OK", False) in odd_camera.requests)
    rig.until(rig.more(5))
    assert rig.is_up()
