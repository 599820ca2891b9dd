"""Counts are written every second and told every minute."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge_app.analytics.counts import Counter, CountStore, read_counts
from edge_app.app import counting
from edge_app.app.counting import CountKeeper, open_store
from edge_app.core.threads import Heartbeats
from edge_app.publish import counts_message
from tests.clocks import RIGHT, WRONG
from tests.publish.test_message import strict, validator
from tests.waiting import until

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 25, 12, tzinfo=BERLIN)
IN = Counter("gate", "entrance", "person", "in")
SESSION = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountStore]:
    with open_store(tmp_path / "counts.db") as store:
        yield store


@pytest.fixture
def running(store: CountStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What a keeper in a hurry tells."""
    monkeypatch.setattr(counting, "WRITE_EVERY_S", 0.01)
    monkeypatch.setattr(counting, "PUBLISH_EVERY_S", 0.05)
    monkeypatch.setattr(counting, "ADD_UP_EVERY_S", 0.05)
    told: list[dict[str, Any]] = []
    stop = threading.Event()
    thread = threading.Thread(target=CountKeeper(store, BERLIN).run, args=(told.append, Heartbeats(), stop))
    thread.start()
    yield told
    stop.set()
    thread.join()


def test_a_report_is_of_today_and_of_who_is_inside(store: CountStore) -> None:
    yesterday, today = NOON.timestamp() - 86400, NOON.timestamp()
    for at, counter, value in [
        (yesterday, IN, 7),
        (today, IN, 41),
        (today, Counter("gate", "door", "person", "entered"), 3),
        (today, Counter("gate", "door", "person", "dwell_s"), 12.345),
    ]:
        store.add(counter, at, value)
    store.write()
    for by in (1, 1, -1):
        store.move("gate", "door", "person", by)
    message = counts_message(SESSION, CountKeeper(store, BERLIN).report(NOON), RIGHT)
    assert (message.camera, message.kind) == (None, "counts")
    document = strict(message.payload)
    validator("counts").validate(document)
    assert document == {
        "schema": "edge_app.counts/1",
        "session": SESSION,
        "ts": "2026-11-25T11:00:00.000Z",
        "since": "2026-11-24T23:00:00.000Z",
        "cameras": {
            "gate": {
                "entrance": {"person": {"in": 41}},
                "door": {"person": {"entered": 3, "dwell_s": 12.3, "inside": 1}},
            }
        },
    }


def test_counts_say_that_nobody_keeps_the_clock_right(store: CountStore) -> None:
    document = strict(counts_message(SESSION, CountKeeper(store, BERLIN).report(NOON), WRONG).payload)
    validator("counts").validate(document)
    assert document["clock"] == "unsynchronised"


def test_what_a_clock_that_was_days_ahead_has_counted_is_not_of_today(store: CountStore) -> None:
    for day in (0, 1, 3):
        store.add(IN, NOON.timestamp() + 86400 * day, 10**day)
    store.write()
    keeper = CountKeeper(store, BERLIN)
    for day, counted in ((0, 1), (1, 10), (2, None), (3, 1000)):
        told = keeper.report(NOON + timedelta(days=day))["cameras"]
        assert told.get("gate", {}).get("entrance", {}).get("person", {}).get("in") == counted


def test_what_is_counted_is_written_and_told(store: CountStore, running: list[dict[str, Any]]) -> None:
    store.add(IN, datetime.now(BERLIN).timestamp())
    until(lambda: running and running[-1]["cameras"] == {"gate": {"entrance": {"person": {"in": 1}}}})


def test_a_disk_that_takes_nothing_is_told_once_and_nothing_is_lost(
    store: CountStore, tmp_path: Path, running: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    until(lambda: running)
    with store._writing:
        store._file.execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(tmp_path / "counts.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.add(IN, NOON.timestamp())
    until(lambda: "counts cannot be written, and wait" in caplog.text)
    before = len(running)
    store.add(IN, NOON.timestamp())
    other.execute("ROLLBACK")
    other.close()
    until(lambda: store.since(0) == {IN: 2})
    until(lambda: len(running) > before)
    assert caplog.text.count("cannot be written") == 1


def test_a_keeper_tells_as_it_begins_and_again_what_has_changed_where_that_is_wanted_at_once(
    store: CountStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "WRITE_EVERY_S", 0.01)
    monkeypatch.setattr(counting, "PUBLISH_EVERY_S", 86400.0)
    told: list[dict[str, Any]] = []
    heartbeats, stop = Heartbeats(), threading.Event()
    thread = threading.Thread(target=CountKeeper(store, BERLIN, at_once=True).run, args=(told.append, heartbeats, stop))
    thread.start()
    until(lambda: told)
    store.move("gate", "door", "person", 1)
    until(lambda: len(told) == 2)
    store.add(IN, datetime.now(BERLIN).timestamp())
    until(lambda: len(told) == 3)
    stop.set()
    thread.join()
    inside = {"door": {"person": {"inside": 1}}}
    assert [each["cameras"] for each in told] == [
        {},
        {"gate": inside},
        {"gate": inside | {"entrance": {"person": {"in": 1}}}},
    ]


def test_the_last_counts_are_written_at_the_end(tmp_path: Path) -> None:
    for count in (1, 2):
        with open_store(tmp_path / "counts.db") as store:
            store.add(IN, NOON.timestamp())
        with open_store(tmp_path / "counts.db") as store:
            assert store.since(0) == {IN: count}


def test_a_day_begins_at_midnight_on_the_day_on_which_summer_ends_too(
    store: CountStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's time zone is not the offset that it has now."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        report = CountKeeper(store, None).report(datetime(2026, 10, 25, 11, tzinfo=timezone.utc))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert report["since"] == "2026-10-24T22:00:00.000Z"


def test_what_is_old_is_added_up_while_it_runs(
    store: CountStore, tmp_path: Path, running: list[dict[str, Any]]
) -> None:
    for minute in (1, 2):
        store.add(IN, datetime(2020, 1, 1, 12, minute, tzinfo=BERLIN).timestamp())
    for day in range(366):
        store.add(IN, NOON.timestamp() + 86400 * day)
    midnight, path = datetime(2020, 1, 1, tzinfo=BERLIN), tmp_path / "counts.db"
    until(lambda: [(began, n) for began, _, n in read_counts(path, 0, "minute", BERLIN)][:1] == [(midnight, 2)])
