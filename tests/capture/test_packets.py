"""Coded packets on their way to whoever subscribes to a camera's."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import av
import pytest

from edge_app.capture import open_source
from edge_app.core.packets import CodedPacket, PacketTap
from tests.capture.conftest import Rig, camera_config
from tests.capture.decoders import software_decoders
from tests.capture.http_camera import JPEGS, StartHttpCamera, remuxed
from tests.rtsp.fixtures import StartServer


class Kept:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.packets: list[CodedPacket] = []
        self.ends: list[str] = []

    def add(self, packet: CodedPacket) -> None:
        self.packets.append(packet)

    def end(self, why: str) -> None:
        self.ends.append(why)


def camera(rig: Rig, url: str, tap: PacketTap, **settings: object) -> None:
    config = camera_config(url, **settings)
    rig.cameras.add("gate", open_source(config), config, tap)


def coded_packets() -> int:
    """How many there are in this process."""
    gc.collect()
    return sum(isinstance(each, CodedPacket) for each in gc.get_objects())


def test_packets_come_with_the_times_of_their_frames(rig: Rig, rtsp_server: StartServer):
    kept, tap = Kept(), PacketTap()
    tap.subscribe(kept)
    camera(rig, rtsp_server().url, tap)
    rig.until(rig.more(30))
    times = {packet.timeline_s: packet for packet in list(kept.packets)}
    assert {packet.stream.codec for packet in kept.packets} == {"h264"}
    for frame in rig.pending[:20]:
        assert times[frame.meta.timeline_s].wall == frame.meta.time.wall


def test_a_connection_that_ends_says_why(rig: Rig, rtsp_server: StartServer):
    kept, tap = Kept(), PacketTap()
    tap.subscribe(kept)
    server = rtsp_server()
    camera(rig, server.url, tap)
    rig.until(rig.more(5))
    server.kill()
    rig.until(lambda: kept.ends)
    assert kept.ends[0] in ("failed", "ended", "stalled")
    seen = len(kept.packets)
    server.start()
    rig.until(lambda: len(kept.packets) > seen + 5)


def test_nobody_who_subscribes_keeps_nothing_and_may_come_and_go(rig: Rig, rtsp_server: StartServer):
    tap, before = PacketTap(), coded_packets()
    camera(rig, rtsp_server().url, tap)
    rig.until(rig.more(10))
    assert coded_packets() == before
    kept = Kept()
    leave = tap.subscribe(kept)
    rig.until(lambda: len(kept.packets) > 5)
    leave()
    rig.until(rig.more(5))
    seen = len(kept.packets)
    assert coded_packets() == before + seen
    rig.until(rig.more(10))
    assert len(kept.packets) == seen


def test_pictures_over_http_are_packets_too(rig: Rig, http_camera: StartHttpCamera):
    kept, tap = Kept(), PacketTap()
    tap.subscribe(kept)
    camera(rig, http_camera().url("mjpeg"), tap)
    rig.until(lambda: len(kept.packets) > 5)
    assert {packet.stream.codec for packet in kept.packets} == {"mjpeg"}
    assert all(packet.packet.is_keyframe and bytes(packet.packet) in JPEGS for packet in kept.packets)


@pytest.mark.parametrize("decode", ["cpu", "gstreamer"])
@pytest.mark.parametrize("container", ["mp4", "mpegts", "flv"])
def test_the_packets_of_a_file_are_whole_whatever_decodes_them(clip: Path, tmp_path: Path, decode: str, container: str):
    hardware = software_decoders("h264", tmp_path) if decode == "gstreamer" else None
    path = tmp_path / f"clip.{container}"
    path.write_bytes(remuxed(clip, container))
    with av.open(str(path)) as film:
        expected = [bytes(packet) for packet in film.demux(video=0) if packet.size]
    kept, tap = Kept(), PacketTap()
    tap.subscribe(kept)
    source = open_source(camera_config(str(path), decode=decode), hardware)
    with source.open(threading.Event(), tap) as frames:
        walls = [frame.time.wall for frame in frames]
    assert [bytes(packet.packet) for packet in kept.packets] == expected
    assert sorted(packet.timeline_s for packet in kept.packets) == pytest.approx(walls)
