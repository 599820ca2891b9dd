"""No answer of a camera, a broker or a webhook ends the program with a traceback, or takes all of its time."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import strategies as st

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.sources.jpeg_parts import JpegParts
from edge_app.capture.sources.rtsp import RtspSource
from edge_app.capture.sources.source import SourceConfig
from edge_app.core.errors import SinkError, StreamError
from edge_app.publish import Message
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from edge_app.publish.sinks.sink import RefusedError
from edge_app.publish.sinks.webhook import WebhookSinkConfig
from tests.capture.http_camera import JPEGS
from tests.fuzz.mutation import fuzz, mutated
from tests.publish.hook_server import HookServer
from tests.rtsp.manners import HEAD, SAYS, STEP, Connection, Manner, described, media, unit
from tests.rtsp.odd_camera import OddCamera
from tests.rtsp.rtp import Rtp

SDP = [b"m=video 0 RTP/AVP 96\r\n", b"a=rtpmap:96 H264/0\r\n", b"a=rtpmap:96 ", b"a=fmtp:96 ",
       b"sprop-parameter-sets=", b"a=control:", b"rtsp://127.0.0.1:1/", b"a=range:npt=now-\r\n",
       b"a=framesize:96 99999-99999\r\n", b"a=framerate:1e999\r\n", b"c=IN IP6 ::1\r\n",
       b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n", b"JPEG", b"H265", b"MP4V-ES", b"VP9", b"AV1", b"raw",
       b"config=00", b"\r\n", b"\n", b"\0", b"A" * 3000, b"=", b";", b"-1", b"4294967296"]  # fmt: skip
PART = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(JPEGS[0]) + JPEGS[0] + b"\r\n"
PARTS = [b"--b\r\n", b"--", b"\r\n\r\n", b"Content-Length: 99999999999\r\n", b"Content-Length: -1\r\n",
         b"\xff\xd8\xff", b"\xff\xd9", b"\xff\xd8", b"\xff\xda", b"\xff\xc0\x00\x00", b"\xff\xe1\xff\xff", b": \n",
         b"a" * 3000, b"-" * 300, b"Content-Encoding: gzip\n"]  # fmt: skip
CONNACK, SUBACK, PUBACK = b"\x20\x03\x00\x00\x00", b"\x90\x04\x00\x01\x00\x01", b"\x40\x02\x00\x01"
MQTT = [CONNACK, SUBACK, PUBACK, b"\x20\x02\x00\x05", b"\xe0\x02\x87\x00", b"\xe0\x00", b"\xd0\x00",
        b"\x30\x0c\x00\x04test\x00online", b"\xff", b"\x20\x08\x00\x00\x05\x27\x00\x00\x00\x00",
        b"\x20\x06\x00\x00\x03\x21\x00\x00", b"\xff\xff\xff\x7f", b"\x1f\x00\x03abc", b"\0"]  # fmt: skip


def short(connection: Connection) -> Iterator[bytes]:
    """A few pictures at once, and then the connection ends."""
    track = Rtp()
    for index in range(3):
        yield track.unit(unit(index), STEP * index)


@pytest.fixture
def bugs(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What ended a thread."""
    found: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: found.append(args.exc_value))
    return found


def test_no_description_does(odd_camera: OddCamera):
    config = SourceConfig(url=odd_camera.url(), stall_timeout_s=0.1)
    source = RtspSource(config, VideoDecoderFactory("fuzzed"))

    def check(content: bytes) -> None:
        odd_camera.behave(Manner(sdp=content.decode("latin-1"), video=short))
        with contextlib.suppress(StreamError), source.open(threading.Event()) as frames:
            for _ in frames:
                break

    originals = [described(manner.sdp, odd_camera.url()).encode("latin-1") for manner in SAYS.values()]
    originals.append((HEAD + media(codec="H265", sets="")).encode())
    fuzz(mutated(originals, SDP), check, few=10)


BEGIN = b"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n"
REFUSED = b"RTSP/1.0 401 Unauthorized\r\nCSeq: {cseq}\r\nWWW-Authenticate: "
ANSWERS = [
    BEGIN + b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER\r\n\r\n",
    BEGIN + b"Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
    BEGIN + b"Session: 1\r\nRTP-Info: url={url}/video;seq=1;rtptime=0\r\nRange: npt=now-\r\n\r\n",
    BEGIN + b"Content-Base: {url}/\r\nContent-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0\r\ns= \r\n",
    REFUSED + b'Digest realm="cam", nonce="1", qop="auth"\r\n\r\n',
    REFUSED + b'Basic realm="cam"\r\n\r\n',
    b"RTSP/1.0 302 Found\r\nCSeq: {cseq}\r\nLocation: {url}/other\r\n\r\n",
    b"RTSP/1.0 453 Not Enough Bandwidth\r\nCSeq: {cseq}\r\n\r\n",
]
RTSP = [b"RTSP/1.0 ", b"RTSP/2.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"Content-Length: -1\r\n", b"Session: \r\n",
        b"Content-Length: 99999999\r\n", b"Location: rtsp://admin:right@127.0.0.1:1/\r\n", b"Location: {url}\r\n",
        b"CSeq: 0\r\n", b"$\x00\xff\xff", b"$\x00\x00\x00", b'WWW-Authenticate: Digest nonce="', b"\r\n\r\n", b"\r\n",
        b"Transport: RTP/AVP;unicast;client_port=1-2\r\n", b"\n", b"\0", b"\xff", b"A" * 3000, b"999", b"-1", b";",
        b"=", b'"', b"{cseq}", b"{url}"]  # fmt: skip
PASSWORD = "pl4nted&Hx7"


def test_no_answer_of_a_camera_does(
    odd_camera: OddCamera, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, bugs: list[object]
):
    for module in ("rtsp_inquiry", "rtsp_proxy", "rtsp_relay", "libav_connection"):
        monkeypatch.setattr(f"edge_app.capture.sources.{module}.OPEN_TIMEOUT_S", 0.3)
    config = SourceConfig(url=odd_camera.url(), username="admin", password=PASSWORD, stall_timeout_s=0.1)
    source = RtspSource(config, VideoDecoderFactory("fuzzed"))

    def check(content: tuple[str, bytes]) -> None:
        method, answer = content

        def answered(asked: str, right: bytes) -> bytes:
            number = re.search(rb"CSeq: (\d+)", right)
            return answer.replace(b"{cseq}", number[1] if number else b"1") if asked == method else right

        odd_camera.behave(Manner(answer=answered, video=short))
        told = ""
        try:
            with source.open(threading.Event()) as frames:
                for _ in frames:
                    break
        except StreamError as error:
            told = str(error)
        assert "pl4nted" not in told + caplog.text
        assert bugs == []

    methods = st.sampled_from(["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
    fuzz(st.tuples(methods, mutated(ANSWERS, RTSP)), check, few=20)


def test_no_mjpeg_does():
    def check(content: bytes) -> None:
        pieces = iter([content[at : at + 700] for at in range(0, len(content), 700)])
        with contextlib.suppress(StreamError):
            for picture in JpegParts(lambda: next(pieces, b""), "b", "fuzzed", 100_000):
                assert picture.startswith(b"\xff\xd8")

    fuzz(
        mutated([PART, PART * 3, JPEGS[0] + JPEGS[1], b"--b\r\nContent-Type: text/plain\r\n\r\nno\r\n" * 4], PARTS),
        check,
        few=100,
    )


def test_no_broker_does(bugs: list[object]):
    listener = socket.create_server(("127.0.0.1", 0))
    answers: list[bytes] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with contextlib.suppress(OSError), client:
                    client.settimeout(5)
                    client.recv(4096)
                    client.sendall(answers[-1])
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(4096):
                        pass

    threading.Thread(target=serve, daemon=True).start()
    originals = [CONNACK, CONNACK + SUBACK, CONNACK + SUBACK + PUBACK, CONNACK[:4]]

    def check(content: bytes) -> None:
        answers.append(content)
        for version in ("3.1.1", "5"):
            sink = MqttSinkConfig(host="127.0.0.1", port=listener.getsockname()[1], version=version).open()
            with contextlib.suppress(SinkError):
                for _ in range(100):
                    if sink.open(lambda: None):
                        break
            with contextlib.suppress(SinkError):
                sink.confirmed()
            sink.close()
        assert bugs == []

    try:
        fuzz(
            mutated(originals, MQTT),
            check,
            seeds=MQTT,
            few=10,
        )
    finally:
        listener.close()


WEBHOOK = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: https://u:p@h:1/x?y#z\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 422 No\r\n\r\n",
]
HEADERS = [
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 ",
        b": ",
        b"\x00",
        b"\xff",
        b"999999999999999999999",
        b"-1",
        b"Content-Length: ",
    ),
    *(b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Retry-After: ", b"Location: //["),
]


def test_no_webhook_does():
    message = Message(camera="gate", kind="events", payload=b"{}", droppable=True)

    def check(content: bytes) -> None:
        with HookServer(lambda _: content) as server:
            sink = WebhookSinkConfig(url=server.url, timeout_s=1.0).open()
            with contextlib.suppress(SinkError):
                while not sink.open(lambda: None):
                    pass
                while not sink.send(message):
                    sink.confirmed()
                with contextlib.suppress(RefusedError):
                    while not sink.confirmed():
                        time.sleep(0.001)
            sink.close()

    fuzz(mutated(WEBHOOK, HEADERS), check, seeds=WEBHOOK, few=25)
