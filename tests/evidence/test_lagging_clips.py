"""A clip whose event the encoder has not come to yet, while the camera's video ends and another one begins."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from edge_app.core.frames import CaptureTime, FrameMeta
from edge_app.core.ulid import new_ulid
from edge_app.evidence.clip_orders import ClipOrder
from edge_app.evidence.clips.clip import PATIENCE_S, Clip, Span
from edge_app.evidence.clips.packet_ring import PacketRing
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.names import draft_of, file_name
from tests.evidence.films import unlike
from tests.evidence.test_packet_ring import FPS, fill, read
from tests.rtsp.clips import write_clip

LOST = "the camera was lost"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s with a key frame a second."""
    return write_clip(tmp_path_factory.mktemp("film") / "film.ts", unlike((160, 120), 300))


def ordered(folder: Path, ring: PacketRing, at_s: float) -> Clip:
    """A clip from a second before an event to a second after it."""
    event_id = new_ulid()
    time = CaptureTime(wall=1000 + at_s, mono=at_s, source="arrival")
    meta = FrameMeta(camera="gate", index=0, live=True, time=time, queued_mono=0.0)
    name = file_name("gate", event_id, "cross", "clip", ["cross"])
    span = Span(start_s=at_s - 1, at_s=at_s, end_s=at_s + 1, most_s=60)
    reader = ring.reader(span.start_s, span.at_s)
    order = ClipOrder(event_id=event_id, meta=meta, name=name)
    return Clip(order, span, reader, partial(draft_of, folder, name), Drafts(1 << 40), rotate=0, late=reader.late)


def test_it_waits_for_the_video_that_shows_its_event(tmp_path: Path, film: Path):
    packets, ring = list(read(film)), PacketRing(100)
    fill(ring, packets[: 2 * FPS])
    clip = ordered(tmp_path, ring, at_s=5.0)
    assert clip.step(0.0) is None
    ring.end(LOST)
    assert clip.step(0.1) is None
    fill(ring, packets[3 * FPS : 4 * FPS])  # of another connection; the encoder is not there yet
    assert clip.step(0.2) is None
    fill(ring, packets[4 * FPS : 7 * FPS])
    outcome = clip.step(0.3)
    assert outcome is not None
    assert outcome.why == ""
    assert (outcome.start_time, outcome.end_time) == (1004.0, 1006.0)


def test_what_never_comes_is_not_waited_for(tmp_path: Path, film: Path):
    ring = PacketRing(100)
    fill(ring, list(read(film))[: 2 * FPS])
    clip = ordered(tmp_path, ring, at_s=5.0)
    assert clip.step(0.0) is None
    ring.end(LOST)
    assert clip.step(PATIENCE_S) is None
    outcome = clip.step(2 * PATIENCE_S)
    assert outcome is not None
    assert outcome.why


def test_a_video_that_ends_behind_its_event_ends_it_with_a_word(tmp_path: Path, film: Path):
    ring = PacketRing(100)
    fill(ring, list(read(film))[: 5 * FPS + 5])
    clip = ordered(tmp_path, ring, at_s=5.0)
    ring.end(LOST)
    outcome = clip.step(0.0) or clip.step(0.1)
    assert outcome is not None
    assert outcome.why == f"no more video ({LOST})"
    assert outcome.start_time == 1004.0
