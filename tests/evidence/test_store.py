"""What is kept of events: bounds, order, and what a kill leaves."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from edge_app.core.errors import AccessError
from edge_app.core.metrics import Metrics
from edge_app.core.ulid import new_ulid
from edge_app.evidence import EvidenceReader, EvidenceStore
from edge_app.evidence.config import KeepConfig
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.names import draft_of, file_name
from edge_app.evidence.store import NeverFitsError

MB = 1_000_000


def opened(folder: Path, max_mb: float = 100.0, max_age_s: float = 1e9, drafts: Drafts | None = None) -> EvidenceStore:
    keep = KeepConfig(max_mb=max_mb, max_age_s=max_age_s)
    return EvidenceStore(folder, keep, drafts or Drafts(), lambda: True, Metrics())


def name_of(event_id: str, camera: str = "gate") -> str:
    return file_name(camera, event_id, "enter", "snapshot", ["enter"])


def document(event_id: str, kind: str = "enter", camera: str = "gate", at: float = 1.8e9, **more: Any) -> bytes:
    event = {"schema": "edge_app.event/1", "id": event_id, "type": kind, "camera": camera, "capture_time": at}
    return json.dumps({**event, **more}).encode()


def happened(store: EvidenceStore, size: int = 1000, camera: str = "gate", **more: Any) -> str:
    """An event with a picture of so many bytes; its id."""
    event_id = new_ulid()
    name = name_of(event_id, camera)
    store.add(document(event_id, camera=camera, snapshot=name, **more))
    store.put(name, os.urandom(size))
    store.commit()
    return event_id


def pictures(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.jpg")}


def all_bytes(folder: Path) -> int:
    """What pictures and clips take, whole or not."""
    return sum(path.stat().st_size for path in folder.glob("*/*/*"))


def agrees(folder: Path) -> bool:
    """Whether every file has a row, and every row its file."""
    listed = {event["snapshot"] for event in EvidenceReader(folder).all_events() if "snapshot" in event}
    with sqlite3.connect(folder / "events.db") as db:
        rows = {name for (name,) in db.execute("SELECT name FROM files")}
    return listed == rows == pictures(folder)


def test_an_event_is_kept_with_its_file_and_read_again(tmp_path):
    store = opened(tmp_path)
    event_id = happened(store, label="person")
    record = EvidenceReader(tmp_path).event(event_id)
    assert record is not None
    assert record.event["label"] == "person"
    assert record.history == [record.event]
    path = EvidenceReader(tmp_path).file(event_id, "snapshot")
    assert path is not None
    assert path.relative_to(tmp_path) == Path(record.event["snapshot"])
    assert path.stat().st_size == 1000
    modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.rglob("*") if each.is_file()}
    folders = {stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path.parent.parent, tmp_path)}
    assert (modes, folders) == ({0o600}, {0o700})
    store.close()


def test_the_oldest_go_first_and_files_never_take_more_than_they_may(tmp_path):
    store, happenings, most = opened(tmp_path, max_mb=0.1), list[str](), 0
    for _ in range(60):
        happenings.append(happened(store, size=9_000))
        most = max(most, sum(path.stat().st_size for path in tmp_path.rglob("*.jpg")))
    kept = [event["id"] for event in EvidenceReader(tmp_path).all_events()]
    assert most <= 0.1 * MB
    assert len(kept) >= 9
    assert kept == happenings[: -len(kept) - 1 : -1], "the newest, newest first"
    assert agrees(tmp_path)
    store.close()


def test_a_file_that_takes_the_place_of_another_counts_once(tmp_path):
    store, event_id = opened(tmp_path, max_mb=0.1), new_ulid()
    for _ in range(30):
        store.put(name_of(event_id), os.urandom(9_000))
        store.commit()
    assert len(pictures(tmp_path)) == 1
    happened(store, 50_000)
    assert len(pictures(tmp_path)) == 2, "there was room"
    store.close()


def test_what_never_fits_is_not_written_and_makes_no_room(tmp_path):
    store = opened(tmp_path, max_mb=0.1)
    event_id = happened(store)
    with pytest.raises(NeverFitsError):
        store.put(name_of(new_ulid()), bytes(200_000))
    assert pictures(tmp_path) == {name_of(event_id)}
    store.close()


def test_clips_that_are_being_made_have_their_share_to_themselves(tmp_path):
    drafts, happenings = Drafts(25_000), [new_ulid(), new_ulid()]
    store = opened(tmp_path, max_mb=0.1, drafts=drafts)
    for event_id in happenings:
        name = file_name("gate", event_id, "dwell", "clip", ["dwell"])
        draft = draft_of(tmp_path, name)
        for size in range(5_000, 25_001, 5_000):
            assert drafts.take(draft, size)
            draft.write_bytes(bytes(size))
            happened(store, 9_000)
            assert all_bytes(tmp_path) <= 100_000
        assert not drafts.take(draft, 25_001)
        assert not drafts.has_room
        store.adopt(name, draft)
        store.commit()
        drafts.ended(draft)
        assert all_bytes(tmp_path) <= 75_000
    store.close()


def test_a_folder_that_holds_too_much_for_clips_is_in_order_once_it_is_opened(tmp_path):
    store = opened(tmp_path, max_mb=0.1)
    for _ in range(9):
        happened(store, 10_000)
    store.close()
    store = opened(tmp_path, max_mb=0.1, drafts=Drafts(25_000))
    assert 50_000 < all_bytes(tmp_path) <= 75_000
    store.close()


def test_what_is_being_written_survives_a_store_that_is_opened_again(tmp_path):
    drafts, name = Drafts(1000), name_of(new_ulid())
    mine, old = draft_of(tmp_path, name), draft_of(tmp_path, name)
    assert drafts.take(mine, 0)
    opened(tmp_path, drafts=drafts).close()
    assert mine.exists()
    assert not old.exists()


def test_what_a_kill_left_of_clips_goes_though_no_database_opens_on_a_full_disk(tmp_path):
    draft = draft_of(tmp_path, file_name("gate", new_ulid(), "dwell", "clip", ["dwell"]))
    (tmp_path / "events.db").mkdir()
    with pytest.raises((OSError, sqlite3.Error)):
        opened(tmp_path)
    assert not draft.exists()


def test_a_clip_that_was_written_aside_gets_its_name(tmp_path):
    store, event_id = opened(tmp_path), new_ulid()
    name = file_name("gate", event_id, "dwell", "clip", ["dwell"])
    draft = draft_of(tmp_path, name)
    draft.write_bytes(b"clip")
    store.adopt(name, draft)
    store.commit()
    assert (tmp_path / name).read_bytes() == b"clip"
    assert not draft.exists()
    assert EvidenceReader(tmp_path).file(event_id, "clip") == tmp_path / name
    store.close()


def test_what_a_kill_left_apart_agrees_after_the_next_start(tmp_path):
    store = opened(tmp_path)
    lost, damaged, whole, left = (happened(store) for _ in range(4))
    store.close()
    (tmp_path / name_of(lost)).unlink()
    (tmp_path / name_of(damaged)).write_bytes(b"half")
    with sqlite3.connect(tmp_path / "events.db") as db:
        db.execute("DELETE FROM files WHERE name = ?", (name_of(left),))
    unknown = new_ulid()
    (tmp_path / name_of(unknown)).write_bytes(b"whole, and its event was never written")
    draft_of(tmp_path, name_of(new_ulid())).write_bytes(b"half")
    opened(tmp_path).close()
    assert pictures(tmp_path) == {name_of(whole), name_of(left), name_of(unknown)}
    assert agrees(tmp_path)
    reader = EvidenceReader(tmp_path)
    assert {event["id"] for event in reader.all_events()} == {lost, damaged, whole, left, unknown}
    assert not list(tmp_path.rglob(".*"))


def test_what_is_none_of_ours_stays(tmp_path):
    (tmp_path / "gate" / "2026-01-01").mkdir(parents=True)
    mine = tmp_path / "gate" / "2026-01-01" / "notes.jpg"
    mine.write_bytes(b"mine")
    opened(tmp_path).close()
    assert mine.exists()


def test_a_damaged_database_is_kept_and_pictures_are_listed_anew(tmp_path):
    store = opened(tmp_path)
    event_id = happened(store)
    store.close()
    (tmp_path / "events.db").write_bytes(b"no database at all, but longer than a header" * 100)
    opened(tmp_path).close()
    (event,) = EvidenceReader(tmp_path).all_events()
    assert (event["id"], event["camera"], event["snapshot"]) == (event_id, "gate", name_of(event_id))
    assert len(list(tmp_path.glob("events.db.damaged-*"))) == 1


def test_a_second_program_is_refused(tmp_path):
    store = opened(tmp_path)
    with pytest.raises(AccessError, match="another instance"):
        opened(tmp_path)
    store.close()
    opened(tmp_path).close()


def test_events_that_are_too_old_go_with_their_files(tmp_path, monkeypatch):
    began, now = time.monotonic(), 0.0
    store = opened(tmp_path, max_age_s=100)
    monkeypatch.setattr(time, "monotonic", lambda: began + now)
    old = happened(store)
    now = 60.0
    young = happened(store)
    now = 110.0
    store.review()
    assert [event["id"] for event in EvidenceReader(tmp_path).all_events()] == [young]
    assert pictures(tmp_path) == {name_of(young)} != {name_of(old)}
    store.close()


def test_a_clock_that_jumps_deletes_nothing(tmp_path, monkeypatch):
    store = opened(tmp_path, max_age_s=100)
    happened(store)
    for wall in (4e9, 0.0, 1.9e9):
        monkeypatch.setattr("edge_app.evidence.age_clock.time.time", lambda wall=wall: wall)
        store.review()
    store.close()
    store = EvidenceStore(
        tmp_path, KeepConfig(max_age_s=100), Drafts(), lambda: False, Metrics()
    )  # nobody says it is right
    store.review()
    assert len(pictures(tmp_path)) == 1
    store.close()


def test_less_that_is_to_be_kept_deletes_what_is_more(tmp_path):
    store = opened(tmp_path)
    for _ in range(10):
        happened(store, 10_000)
    store.keep = KeepConfig(max_mb=0.05)
    store.review()
    assert 3 <= len(pictures(tmp_path)) <= 5
    store.close()


def test_of_a_long_history_the_oldest_updates_go(tmp_path, monkeypatch):
    monkeypatch.setattr("edge_app.evidence.event_rows.MOST_HISTORY", 10)
    store, event_id = opened(tmp_path), new_ulid()
    for n, kind in enumerate(["new", *["update"] * 30, "end"]):
        store.add(document(event_id, kind, seq=n))
        store.commit()
    record = EvidenceReader(tmp_path).event(event_id)
    assert record is not None
    assert [event["seq"] for event in record.history] == [0, *range(23, 32)]
    store.close()


def test_a_folder_of_a_day_goes_with_its_last_file(tmp_path):
    store = opened(tmp_path, max_mb=0.02)
    happened(store, 15_000, camera="gate")
    happened(store, 15_000, camera="yard")
    assert not (tmp_path / "gate").exists()
    store.close()


def test_what_a_failed_commit_has_put_is_gone(tmp_path):
    store, event_id = opened(tmp_path), new_ulid()
    store.put(name_of(event_id), b"picture")
    store.add(b'{"id": "no event"}')
    with pytest.raises(KeyError):
        store.commit()
    assert pictures(tmp_path) == set()
    happened(store)
    assert agrees(tmp_path)
    store.close()
