"""Events, their pictures and clips over HTTP."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from edge_app.core.ulid import new_ulid
from edge_app.evidence import EvidenceReader
from edge_app.evidence.names import file_name
from tests.evidence.test_store import document, opened
from tests.web.served import Serve, Served, view
from tests.web.test_tokens import READ, TOKEN, bearer

CLIP = bytes(range(256)) * 40
IDS = [f"01KB{n:022d}" for n in range(5)]


@pytest.fixture
def served(serve: Serve, tmp_path: Path) -> Served:
    store = opened(tmp_path)
    for n, event_id in enumerate(IDS):
        camera, kind = ("gate", "enter") if n < 3 else ("yard", "cross")
        picture = file_name(camera, event_id, kind, "snapshot", [kind])
        clip = file_name(camera, event_id, kind, "clip", [kind])
        store.add(document(event_id, kind, camera, at=1.8e9 + n, snapshot=picture, clip=clip))
        store.put(picture, b"jpeg of %d" % n)
        store.put(clip, CLIP)
    store.commit()
    store.close()
    return serve(view(evidence=lambda: EvidenceReader(tmp_path)))


def test_events_are_listed_newest_first_page_by_page(served: Served) -> None:
    first = served.ask("/api/v1/events?limit=3").document
    assert [event["id"] for event in first["events"]] == IDS[:1:-1]
    rest = served.ask(f"/api/v1/events?limit=3&after={first['next']}").document
    assert ([event["id"] for event in rest["events"]], rest["next"]) == (IDS[1::-1], None)
    of_yard = served.ask("/api/v1/events?camera=yard&type=cross").document["events"]
    assert [event["id"] for event in of_yard] == IDS[:2:-1]
    assert served.ask("/api/v1/events?camera=yard&type=enter").document == {"events": [], "next": None}


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1e3", "", "٣"])
def test_a_limit_that_is_none_is_refused(served: Served, limit: str) -> None:
    assert served.ask(f"/api/v1/events?limit={quote(limit)}").status == 400


def test_events_are_found_by_label_and_time(served: Served) -> None:
    every = served.ask("/api/v1/events").document["events"]
    assert served.ask("/api/v1/events?label=nobody").document["events"] == []
    assert served.ask("/api/v1/events?since=0&until=1").document["events"] == []
    assert served.ask("/api/v1/events?since=0&until=9e9").document["events"] == every


@pytest.mark.parametrize("query", ["since=yesterday", "until=nan", "since=inf", "until=", "since=1e308"])
def test_a_time_that_is_none_is_refused(served: Served, query: str) -> None:
    assert served.ask(f"/api/v1/events?{query}").status == 400


def test_an_event_has_its_history(served: Served) -> None:
    answer = served.ask(f"/api/v1/events/{IDS[0]}").document
    assert answer["event"]["id"] == IDS[0]
    assert answer["history"] == [answer["event"]]


def test_its_files_are_served_also_in_parts(served: Served) -> None:
    picture = served.ask(f"/api/v1/events/{IDS[2]}/snapshot.jpg")
    assert (picture.status, picture.headers["content-type"], picture.body) == (200, "image/jpeg", b"jpeg of 2")
    clip = served.ask(f"/api/v1/events/{IDS[2]}/clip.mp4", Range="bytes=256-511")
    assert (clip.status, clip.headers["content-type"], clip.body) == (206, "video/mp4", CLIP[256:512])
    assert clip.headers["content-range"] == f"bytes 256-511/{len(CLIP)}"
    assert served.ask(f"/api/v1/events/{IDS[2]}/clip.mp4", Range="bytes=99999-").status == 416


def test_what_is_not_there_is_not_found_and_no_path_is_opened(served: Served, tmp_path: Path) -> None:
    for place in (new_ulid(), f"{new_ulid()}/clip.mp4", f"{IDS[0]}/clean.jpg", f"{IDS[0]}/events.db", "..%2Fevents.db"):
        assert served.ask(f"/api/v1/events/{place}").status == 404
    for path in tmp_path.rglob("*.jpg"):
        path.unlink()
    assert served.ask(f"/api/v1/events/{IDS[0]}/snapshot.jpg").status == 404


def test_they_are_for_who_may_read(serve: Serve, tmp_path: Path) -> None:
    locked = serve(view(evidence=lambda: EvidenceReader(tmp_path)), token=TOKEN, read_token=READ)
    for place in ("", f"/{IDS[0]}", f"/{IDS[0]}/clip.mp4"):
        assert locked.ask(f"/api/v1/events{place}").status == 401
    assert locked.ask("/api/v1/events", **bearer(READ)).document == {"events": [], "next": None}
