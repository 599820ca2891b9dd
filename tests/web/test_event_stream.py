"""Events as they happen, over HTTP: what comes, where it goes on, and what slow and silent clients do to others."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge_app.core.listeners import Listeners
from edge_app.core.ulid import new_ulid
from edge_app.evidence import EvidenceReader, EvidenceStore
from edge_app.web import connection
from edge_app.web.routes import event_stream
from tests.evidence.test_store import document, opened
from tests.waiting import PATIENCE_S, Stopwatch, until
from tests.web.served import Serve, Served, view
from tests.web.test_tokens import READ, TOKEN, bearer

STREAM = "/api/v1/events/stream"


@dataclass
class Kept:
    """Evidence that a program writes, and its HTTP side."""

    folder: Path
    store: EvidenceStore
    written: Listeners
    served: Served

    def happens(self, event_id: str = "", kind: str = "enter", camera: str = "gate", **more: Any) -> str:
        """A document of an event, new or not; its id."""
        event_id = event_id or new_ulid()
        self.store.add(document(event_id, kind, camera, **more))
        self.store.commit()
        self.written.call()
        return event_id

    def follow(self, query: str = "", last: str = "") -> Follower:
        return Follower(self.served, f"{STREAM}{query}", last)


class Follower:
    """A client of the stream.

    Attributes:
        position: The last id that it was told.
    """

    def __init__(self, served: Served, path: str, last: str = "") -> None:
        self.connection = http.client.HTTPConnection(served.host, served.config.port, timeout=PATIENCE_S)
        self.connection.request("GET", path, headers={"Last-Event-ID": last} if last else {})
        self.response, self.position = self.connection.getresponse(), 0
        if self.response.status == 200:
            assert not self.message(), "what comes first is where it begins"  # from now on nothing is missed

    def message(self) -> dict[str, str]:
        """The fields of the next message but for its id; a comment is one of them."""
        found: dict[str, str] = {}
        while (line := self.response.readline().decode()) != "\n":
            assert line, "hung up"
            name, _, value = line.rstrip("\n").partition(": ")
            found[name] = value
        self.position = int(found.pop("id", self.position))
        return {name: value for name, value in found.items() if name != "retry"}

    def events(self, most: int) -> list[tuple[int, dict[str, Any]]]:
        """The next so many: the id of each in the stream, and its document."""
        found = []
        while len(found) < most:
            message = self.message()
            if message.get("event") == "event":
                found.append((self.position, json.loads(message["data"])))
        return found

    def close(self) -> None:
        self.response.close()
        self.connection.close()


@pytest.fixture
def kept(serve: Serve, tmp_path: Path) -> Iterator[Kept]:
    store, written = opened(tmp_path), Listeners()
    served = serve(view(evidence=lambda: EvidenceReader(tmp_path), on_evidence=written.add))
    yield Kept(tmp_path, store, written, served)
    store.close()


def test_each_document_comes_when_it_is_kept_as_sinks_get_it(kept: Kept) -> None:
    kept.happens()
    follower = kept.follow()
    first = kept.happens(zone="door")
    kept.happens(first, "update", clip="gate/2026-11-30/x.mp4")
    (one, entered), (two, updated) = follower.events(2)
    assert (entered["id"], entered["type"], entered["zone"]) == (first, "enter", "door")
    assert (updated["id"], updated["type"], updated["clip"]) == (first, "update", "gate/2026-11-30/x.mp4")
    assert one < two
    assert follower.response.headers["content-type"] == "text/event-stream; charset=utf-8"


def test_a_client_goes_on_where_it_was_also_if_it_had_seen_nothing(kept: Kept) -> None:
    kept.happens()
    follower = kept.follow()
    follower.close()
    missed = [kept.happens() for _ in range(2 * event_stream.AT_ONCE + 5)]
    back = kept.follow(last=str(follower.position)).events(len(missed))
    assert [event["id"] for _, event in back] == missed
    later = kept.follow(last=str(back[-3][0])).events(2)
    assert [event["id"] for _, event in later] == missed[-2:]


def test_what_was_deleted_gives_no_later_document_its_place(kept: Kept) -> None:
    first = kept.happens(at=1.0)
    kept.happens(at=2.0)
    kept.happens(first, "end", at=3.0)  # the newest document, of the oldest event
    follower = kept.follow()
    kept.store.keep = kept.store.keep.model_copy(update={"max_age_s": 1e-9})
    kept.store.review()
    after = kept.happens()
    assert [event["id"] for _, event in follower.events(1)] == [after]


def test_a_place_that_the_database_never_had_is_its_beginning(kept: Kept) -> None:
    ids = [kept.happens(), kept.happens()]
    assert [event["id"] for _, event in kept.follow(last="4711").events(2)] == ids


def test_it_is_filtered_as_events_are(kept: Kept) -> None:
    of_yard, dwells = kept.follow("?camera=yard"), kept.follow("?type=dwell")
    at_gate = kept.happens()
    in_yard = kept.happens(camera="yard")
    kept.happens(at_gate, "dwell")
    kept.happens(at_gate, "update", description="somebody waits")
    kept.happens(in_yard, "leave", "yard")
    assert [(e["id"], e["type"]) for _, e in of_yard.events(2)] == [(in_yard, "enter"), (in_yard, "leave")]
    assert [(e["id"], e["type"]) for _, e in dwells.events(2)] == [(at_gate, "dwell"), (at_gate, "update")]


def test_a_silent_stream_shows_that_it_is_alive(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.02)
    follower = kept.follow()
    assert [follower.message(), follower.message()] == [{"": "alive"}] * 2


def test_only_so_many_may_follow_and_who_leaves_makes_room(kept: Kept) -> None:
    followers = [kept.follow() for _ in range(event_stream.MOST_STREAMS)]
    assert kept.served.ask(STREAM).status == 503
    followers.pop().close()
    until(lambda: kept.follow().response.status == 200)


def test_who_takes_nothing_is_hung_up_on_and_nobody_waits_for_it(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALL_S", 0.5)
    slow, quick = kept.follow(), kept.follow()
    padding = "x" * 100_000
    for _ in range(100):  # more than sockets hold
        event_id = kept.happens(zone=padding)
        assert quick.events(1)[0][1]["id"] == event_id
    with pytest.raises((AssertionError, OSError, http.client.IncompleteRead)):
        slow.events(101)


def test_streams_end_when_the_program_does(kept: Kept) -> None:
    followers, watch = [kept.follow() for _ in range(3)], Stopwatch()
    kept.served.server.stop()
    assert kept.served.threads.join(PATIENCE_S) == []
    assert watch.read() < 2.0
    for follower in followers:
        with pytest.raises((AssertionError, OSError, http.client.IncompleteRead)):
            follower.events(1)


def test_what_is_no_place_is_refused_and_a_head_has_no_end_to_wait_for(kept: Kept) -> None:
    for wrong in ("x", "-1", "1e3", "٣", "9" * 30):
        assert kept.served.ask(STREAM, Last_Event_ID=wrong.encode().decode("latin-1")).status == 400
    head = kept.served.ask(STREAM, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert kept.served.ask(STREAM, "POST").status == 405


def test_it_is_for_who_may_read(serve: Serve, tmp_path: Path) -> None:
    locked = serve(view(evidence=lambda: EvidenceReader(tmp_path)), token=TOKEN, read_token=READ)
    assert locked.ask(STREAM).status == 401
    assert locked.ask(STREAM, "HEAD", **bearer(READ)).status == 200


def test_a_database_that_cannot_be_read_is_said_before_the_stream_begins(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"no database" * 1000)
    assert serve(view(evidence=lambda: EvidenceReader(tmp_path))).ask(STREAM).status == 403
