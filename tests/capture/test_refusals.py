"""What is said of cameras that refuse: status, meaning, what to do; the password only where it may be the reason."""

from __future__ import annotations

import re

import pytest

from edge_app.capture import open_source, probe_source
from edge_app.core.errors import Reason, StreamError
from tests.capture.conftest import camera_config
from tests.rtsp.fixtures import Certificates
from tests.rtsp.manners import Manner, hang_up, only, refused
from tests.rtsp.odd_camera import OddCamera
from tests.waiting import PATIENCE_S, Stopwatch

LOGIN = {"username": "admin", "password": "right"}


MD5 = 'Digest realm="cam", nonce="n", algorithm=MD5, qop="auth"'
WRONG = {"username": "admin", "password": "wrong"}


def failure(odd: OddCamera, manner: Manner, **settings: object) -> StreamError:
    """Why a camera of these manners cannot be opened."""
    odd.behave(manner)
    with pytest.raises(StreamError) as caught:
        probe_source(open_source(camera_config(odd.url(), **settings)), timeout_s=PATIENCE_S)
    return caught.value


@pytest.mark.parametrize("challenges", [(), (MD5,)], ids=["open", "with a login"])
@pytest.mark.parametrize(
    ("method", "status", "reason", "says"),
    [
        ("OPTIONS", "405 Method Not Allowed", Reason.FAILED, "405.*path of the URL"),
        ("DESCRIBE", "400 Bad Request", Reason.FAILED, "400.*path and query"),
        ("DESCRIBE", "403 Forbidden", Reason.AUTH_FAILED, "403.*may not see"),
        ("DESCRIBE", "404 Not Found", Reason.NOT_FOUND, "404.*no such stream"),
        ("DESCRIBE", "406 Not Acceptable", Reason.FAILED, "406.*describe"),
        ("DESCRIBE", "415 Unsupported Media Type", Reason.CODEC, "415.*H.264"),
        ("DESCRIBE", "453 Not Enough Bandwidth", Reason.FAILED, "453.*close others"),
        ("DESCRIBE", "500 Internal Server Error", Reason.FAILED, "500.*restart the camera"),
        ("DESCRIBE", "502 Bad Gateway", Reason.FAILED, "502.*does not reach its camera"),
        ("DESCRIBE", "503 Service Unavailable", Reason.FAILED, "503.*busy"),
        ("SETUP", "504 Gateway Timeout", Reason.FAILED, "504.*does not reach its camera"),
        ("DESCRIBE", "599 Whatever", Reason.FAILED, "599.*restart the camera"),
        ("DESCRIBE", "429 Too Many Requests", Reason.FAILED, "429.*close others"),
        ("DESCRIBE", "551 Option not supported", Reason.FAILED, "551.*feature"),
        ("DESCRIBE", "499 Whatever", Reason.FAILED, "499"),
        ("SETUP", "453 Not Enough Bandwidth", Reason.FAILED, "453.*close others"),
        ("SETUP", "459 Aggregate Operation Not Allowed", Reason.FAILED, "459.*video alone"),
        ("SETUP", "461 Unsupported Transport", Reason.FAILED, "461.*transport: udp"),
        ("SETUP", "462 Destination Unreachable", Reason.FAILED, "462.*transport: tcp"),
        ("SETUP", "500 Internal Server Error", Reason.FAILED, "500.*restart the camera"),
        ("PLAY", "453 Not Enough Bandwidth", Reason.FAILED, "453.*close others"),
        ("PLAY", "454 Session Not Found", Reason.FAILED, "454.*session"),
        ("PLAY", "455 Method Not Valid in This State", Reason.FAILED, "455.*not ready"),
    ],
)
def test_a_refusal_is_told_with_its_status_and_what_to_do(
    odd_camera: OddCamera, method: str, status: str, reason: Reason, says: str, challenges: tuple[str, ...]
):
    manner = Manner(answer=refused(method, status), challenges=challenges)
    error = failure(odd_camera, manner, **(LOGIN if challenges else {}))
    assert error.reason is reason
    assert re.search(says, str(error))
    assert "password" not in str(error)


@pytest.mark.parametrize(
    "challenge",
    [
        'Basic realm="cam"',
        'Digest realm="cam", nonce="n"',
        'Digest realm="cam", nonce="n", qop="auth,auth-int", opaque="o"',
        'Digest realm="cam", nonce="n", qop="auth-int"',
        'Digest realm="cam", nonce="n", algorithm=MD5-sess, qop="auth"',
        'Digest realm="cam", nonce="n", algorithm=SHA-256, qop="auth"',
        'Digest realm="cam", nonce="n", algorithm=SHA-256-sess, qop="auth-int"',
        'Digest realm="cam", nonce="n", algorithm="SHA-512-256", stale="FALSE"',
    ],
)
def test_every_login_that_is_known_gets_as_far_as_the_refusal(odd_camera: OddCamera, challenge: str):
    error = failure(odd_camera, Manner(answer=refused("SETUP", "453 Full"), challenges=(challenge,)), **LOGIN)
    assert "453" in str(error)


@pytest.mark.parametrize(
    ("challenges", "wanted"),
    [
        (('Bearer realm="cam"',), "Bearer"),
        (('Digest realm="cam", nonce="n", algorithm=SHA3-256',), "Digest SHA3-256"),
        (('Digest realm="cam", nonce="n", qop="token"',), "Digest"),
        (('Digest realm="cam", nonce="n", algorithm=\x1b[31m<x>', "NTLM"), "Digest 31mx, NTLM"),
    ],
)
def test_a_login_that_is_not_known_is_not_blamed_on_the_password(
    odd_camera: OddCamera, challenges: tuple[str, ...], wanted: str
):
    refusal = refused("DESCRIBE", "401 Unauthorized", *(f"WWW-Authenticate: {each}" for each in challenges))
    error = failure(odd_camera, Manner(answer=refusal), **LOGIN)
    assert error.reason is Reason.AUTH_FAILED
    assert f"wants {wanted}, which is not known here" in str(error)
    assert "Digest or Basic on there; another password changes nothing" in str(error)
    assert "check" not in str(error)
    assert odd_camera.logins == []


def test_a_wrong_password_is_named_and_sent_once(odd_camera: OddCamera):
    error = failure(odd_camera, Manner(challenges=(MD5,)), **WRONG)
    assert "check username and password" in str(error)
    assert [request.split()[0] for request, login in odd_camera.requests if login] == ["DESCRIBE"]
    assert odd_camera.connections["/odd"] == 1


def test_a_camera_that_wants_a_login_and_gets_none_says_so(odd_camera: OddCamera):
    error = failure(odd_camera, Manner(challenges=(MD5,)))
    assert "wants a username and a password" in str(error)
    assert odd_camera.connections["/odd"] == 1


def test_a_refused_transport_names_the_other_one(odd_camera: OddCamera):
    manner = Manner(answer=refused("SETUP", "461 Unsupported Transport"))
    assert "set transport: tcp" in str(failure(odd_camera, manner, transport="udp"))


def agreed(transport: str) -> Manner:
    """SETUP is answered with this transport, whatever was asked for."""
    line = f"Transport: {transport}".encode() if transport else b"X-No: transport"
    return Manner(answer=only("SETUP", lambda answer: re.sub(rb"Transport: [^\r]*", line, answer)))


@pytest.mark.parametrize(
    ("transport", "settings", "says"),
    [
        ("RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001", {}, "over tcp; set transport: udp"),
        ("RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=6000-6001", {}, "over tcp; set transport: udp"),
        ("RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001;ttl=1", {}, "choose unicast in its settings"),
        ("RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001;ttl=1", {"transport": "udp"}, "choose unicast"),
        ("RTP/AVP/TCP;unicast;interleaved=0-1", {"transport": "udp"}, "over udp; set transport: tcp"),
        ("", {}, "over tcp; set transport: udp"),
    ],
)
def test_a_camera_that_agrees_on_another_transport_than_asked_for_is_told_so(
    odd_camera: OddCamera, transport: str, settings: dict[str, str], says: str
):
    error = failure(odd_camera, agreed(transport), **settings)
    assert (error.reason, says in str(error)) == (Reason.FAILED, True), error


@pytest.mark.parametrize(
    ("line", "says"), [(b"X-Length: 9", "comes without a Content-Length"), (b"Content-Length: 0", "is empty")]
)
def test_a_description_that_libav_reads_none_of_is_told(odd_camera: OddCamera, line: bytes, says: str):
    manner = Manner(answer=only("DESCRIBE", lambda answer: re.sub(rb"Content-Length: \d+", line, answer)))
    error = failure(odd_camera, manner)
    assert error.reason is Reason.FAILED
    assert f"its description (SDP) {says}" in str(error)


def test_a_refusal_is_told_over_tls_too(rtsp_certificates: Certificates):
    odd = OddCamera(rtsp_certificates.this_host)
    try:
        manner = Manner(answer=refused("DESCRIBE", "453 Not Enough Bandwidth"))
        assert "453" in str(failure(odd, manner, tls={"ca": rtsp_certificates.ca}))
    finally:
        odd.close()


def test_a_refusal_tells_nothing_of_the_login(odd_camera: OddCamera):
    error = failure(odd_camera, Manner(answer=refused("SETUP", "453 Full"), challenges=(MD5,)), **LOGIN)
    assert "right" not in str(error)
    assert error.__context__ is None


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_camera_that_falls_silent_does_not_delay_stopping(odd_camera: OddCamera, method: str):
    watch = Stopwatch()
    error = failure(odd_camera, Manner(answer=only(method, lambda answer: None)))
    assert (error.reason, "no answer in time" in str(error)) == (Reason.TIMEOUT, True)
    assert watch.read() < 5


def test_a_header_of_any_length_is_looked_through_at_once(odd_camera: OddCamera):
    endless = f"x{' ' * 100_000}y"
    manner = Manner(answer=refused("DESCRIBE", "401 Unauthorized", f"WWW-Authenticate: {endless}"))
    watch = Stopwatch()
    assert failure(odd_camera, manner, **LOGIN).reason is Reason.AUTH_FAILED
    assert watch.read() < 10


def test_of_several_logins_the_strongest_is_taken(odd_camera: OddCamera):
    offered = ('Basic realm="cam"', MD5, MD5.replace("MD5", "SHA-256"), 'Bearer realm="cam"')
    odd_camera.behave(Manner(challenges=offered))
    assert probe_source(open_source(camera_config(odd_camera.url(), **LOGIN)), timeout_s=PATIENCE_S).width == 320
    assert all("algorithm=SHA-256" in login for login in odd_camera.logins)
    assert odd_camera.logins


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_camera_that_hangs_up_is_told_in_words(odd_camera: OddCamera, method: str):
    error = failure(odd_camera, Manner(answer=only(method, hang_up)))
    assert error.reason is Reason.FAILED
    assert "the camera hung up instead of answering" in str(error)


def test_a_description_that_no_camera_has_is_not_read_by_libav(odd_camera: OddCamera):
    """A few hundred kilobytes of it would take libav gigabytes."""
    sources, tracks = b"a=source-filter: incl IN IP4 * 1.2.3.4\r\n" * 2000, b"m=video 0 RTP/AVP 96\r\n" * 2000
    head = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n"
    body = b"v=0\r\n" + sources + tracks
    manner = Manner(answer=lambda method, answer: head % len(body) + body if method == "DESCRIBE" else answer)
    error = failure(odd_camera, manner)
    assert (error.reason, "longer than 65536 bytes" in str(error)) == (Reason.TOO_LARGE, True)
    assert odd_camera.connections["/odd"] == 1


def test_headers_without_end_are_not_read_for_ever(odd_camera: OddCamera):
    manner = Manner(answer=lambda method, answer: b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 100_000)
    assert failure(odd_camera, manner).reason is Reason.TOO_LARGE


def test_a_login_does_not_follow_a_redirect_to_another_port_or_host(odd_camera: OddCamera):
    thief = OddCamera()
    try:
        for location in (thief.url("steal"), "rtsp://127.0.0.2/steal", "http://127.0.0.1/steal", "rtsp://["):
            redirect = refused("OPTIONS", "302 Found", f"Location: {location}")
            error = failure(odd_camera, Manner(answer=redirect, challenges=(MD5,)), **LOGIN)
            assert (error.reason, "redirects (302)" in str(error)) == (Reason.FAILED, True)
        assert thief.requests == []
    finally:
        thief.close()


def test_a_redirect_to_another_path_of_the_same_camera_is_followed(odd_camera: OddCamera):
    odd_camera.behave(Manner(challenges=(MD5,)))
    moved = refused("DESCRIBE", "302 Found", f"Location: {odd_camera.url('elsewhere')}")

    def once(method: str, answer: bytes) -> bytes | None:
        return answer if odd_camera.connections["/elsewhere"] else moved(method, answer)

    odd_camera.behave(Manner(answer=once, challenges=(MD5,)))
    found = probe_source(open_source(camera_config(odd_camera.url(), **LOGIN)), timeout_s=PATIENCE_S)
    assert found.width > 0
    assert odd_camera.connections["/odd"] == 1
