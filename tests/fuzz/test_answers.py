"""No answer of a camera or a broker ends the program with a traceback, or takes all of its time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.sources.jpeg_parts import JpegParts
from edge_app.capture.sources.rtsp import RtspSource
from edge_app.capture.sources.source import SourceConfig
from edge_app.core.errors import SinkError, StreamError
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from tests.capture.http_camera import JPEGS
from tests.fuzz.mutation import fuzz, mutated
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
