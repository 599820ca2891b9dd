"""What a camera's ring holds, for how long, and who may still read it; with the packets of a real video."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest

from edge_app.core.packets import CodedPacket, CodedStream
from edge_app.evidence.clips.packet_ring import NO_ROOM, OVERHEAD, TOLD_LATE, PacketRing
from edge_app.remux.segments import BEGAN, BEGAN_ANEW
from tests.evidence.films import unlike
from tests.rtsp.clips import write_clip
from tests.waiting import until

FPS = 25


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s with a key frame a second, behind start codes."""
    return write_clip(tmp_path_factory.mktemp("film") / "film.ts", unlike((160, 120), 300))


@pytest.fixture
def packets(film: Path) -> list[CodedPacket]:
    return list(read(film))


def read(path: Path, begin_s: float = 0.0) -> Iterator[CodedPacket]:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        stream = CodedStream(codec=video.codec_context.name, extradata=video.codec_context.extradata)
        for index, packet in enumerate(p for p in container.demux(video) if p.size):
            at_s = begin_s + index / FPS
            yield CodedPacket(stream=stream, packet=packet, wall=1000 + at_s, timeline_s=at_s)


def size(packets: list[CodedPacket]) -> int:
    return sum(packet.packet.size + OVERHEAD for packet in packets)


def fill(ring: PacketRing, packets: list[CodedPacket]) -> None:
    for packet in packets:
        ring.add(packet)


def times(ring: PacketRing, start_s: float, at_s: float) -> list[float]:
    reader = ring.reader(start_s, at_s)
    found = [held.packet.timeline_s for held in reader.read()]
    reader.close()
    return found


def test_it_reads_from_the_last_key_frame_that_is_early_enough(packets: list[CodedPacket]):
    ring = PacketRing(100)
    fill(ring, packets)
    assert times(ring, 3.5, 5)[0] == 3
    assert times(ring, 4.0, 5)[0] == 4
    assert times(ring, -1, 5)[0] == 0
    assert times(ring, 3.5, 5)[-1] == packets[-1].timeline_s


def test_it_keeps_whole_groups_of_pictures_that_are_young_enough(packets: list[CodedPacket]):
    ring = PacketRing(2.5)
    for packet in packets:
        ring.add(packet)
        oldest = times(ring, -1, packet.timeline_s)[0]
        assert oldest == max(0, int(packet.timeline_s - 2.5))
    assert ring.size == size([packet for packet in packets if packet.timeline_s >= 9])


def test_what_somebody_has_not_read_stays_and_then_goes(packets: list[CodedPacket]):
    ring = PacketRing(1)
    fill(ring, packets[:50])
    reader = ring.reader(0, 0.5)
    fill(ring, packets[50:200])
    assert [held.packet for held in reader.read()] == packets[:200]
    assert not reader.lost
    fill(ring, packets[200:250])
    reader.close()
    assert ring.size < size(packets[150:250])


def test_it_is_bounded_whoever_reads_and_the_oldest_goes_first(packets: list[CodedPacket]):
    most = size(packets[:120])
    told: list[int] = []
    ring = PacketRing(100, most_bytes=most, on_size=told.append)
    reader = ring.reader(0, 0)
    for packet in packets:
        ring.add(packet)
        assert ring.size <= most
    assert max(told) <= most
    assert told[-1] == pytest.approx(ring.size, rel=0.3)
    read = reader.read()
    assert reader.lost
    assert read[0].packet.timeline_s > 5
    assert read[0].is_key


def test_a_group_of_pictures_that_is_too_large_is_given_up_until_the_next_key_frame(packets: list[CodedPacket]):
    ring = PacketRing(100, most_bytes=size(packets[:10]))
    for packet in packets:
        ring.add(packet)
        assert ring.size <= size(packets[:10])
    fill(ring, list(packets[:5]))
    assert times(ring, -1, 100)


def test_nothing_is_kept_before_the_first_key_frame(packets: list[CodedPacket]):
    ring = PacketRing(100)
    fill(ring, packets[5:25])
    assert (ring.size, ring.codec) == (0, None)
    fill(ring, packets[25:30])
    assert times(ring, -1, 100)[0] == 1


def test_another_connection_is_another_segment(film: Path):
    ring = PacketRing(100)
    first = list(read(film))[:100]
    fill(ring, first)
    ring.end("stalled")
    second = list(read(film, 10))[:100]
    fill(ring, second[20:])  # it begins within a group of pictures
    reader = ring.reader(3.2, 3.9)
    held = reader.read()
    assert [each.packet for each in held if each.segment is held[0].segment] == first[75:]
    assert held[0].segment.ended == "stalled"
    assert times(ring, 3, 11.5)[0] == 11
    assert held[-1].segment.ended == ""


def test_a_reader_that_begins_late_knows_why(packets: list[CodedPacket], film: Path, tmp_path: Path):
    ring = PacketRing(100)
    assert ring.reader(0, 0).late == BEGAN, "nothing has come"
    fill(ring, packets[:100])
    assert (ring.reader(2, 3).late, ring.reader(-1, 3).late) == ("", BEGAN)
    ring.end("stalled")
    fill(ring, list(read(film, 10))[:50])
    assert (ring.reader(9, 11).late, ring.reader(10, 11).late) == (BEGAN, "")
    wide = write_clip(tmp_path / "wide.ts", unlike((240, 120), 25))
    fill(ring, [replace(packet, stream=packets[0].stream) for packet in read(wide, 14)])
    assert ring.reader(13, 14.5).late == BEGAN_ANEW


def test_a_reader_that_begins_late_knows_what_went(packets: list[CodedPacket]):
    small, short = PacketRing(100, most_bytes=size(packets[:60])), PacketRing(1)
    for ring in (small, short):
        fill(ring, packets)
    assert (small.reader(5, 11).late, short.reader(5, 11).late) == (NO_ROOM, TOLD_LATE)


def test_a_finite_source_waits_for_who_reads(packets: list[CodedPacket]):
    ring = PacketRing(1, most_bytes=size(packets[:60]), waits=True)
    reader = ring.reader(0, 0)
    thread = threading.Thread(target=fill, args=(ring, packets))
    thread.start()
    found = []
    until(lambda: ring.size > size(packets[:55]))
    while len(found) < len(packets):
        found += [held.packet for held in reader.read(7)]
    thread.join()
    assert found == packets
    assert not reader.lost


def test_a_ring_that_is_closed_lets_its_reader_end_and_holds_nothing(packets: list[CodedPacket]):
    ring = PacketRing(100)
    fill(ring, packets[:100])
    reader = ring.reader(0, 1)
    ring.close()
    fill(ring, packets[100:])
    read = reader.read()
    assert [held.packet for held in read] == packets[:100]
    assert read[0].segment.ended
    reader.close()
    assert ring.size == 0


def test_other_parameter_sets_in_a_stream_are_another_segment(packets: list[CodedPacket], tmp_path: Path):
    wide = write_clip(tmp_path / "wide.ts", unlike((240, 120), 50))
    changed = [replace(packet, stream=packets[0].stream) for packet in read(wide, 4)]  # as over RTSP
    ring = PacketRing(100)
    fill(ring, [*packets[:100], *changed, *packets[200:]])
    held = ring.reader(0, 0).read()
    segments = list(dict.fromkeys(each.segment for each in held))
    assert [sum(each.segment is segment for each in held) for segment in segments] == [100, 50, 100]
    assert [bool(segment.ended) for segment in segments] == [True, True, False]
