"""Counts in a file: nothing twice, nothing lost, by minute, hour and day."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_app.analytics.count_periods import CountPeriod
from edge_app.analytics.counts import Counter, CountStore, read_counts
from edge_app.core.errors import AccessError

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 25, 12, tzinfo=BERLIN).timestamp()
IN, OUT = (Counter("gate", "entrance", "person", counted) for counted in ("in", "out"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "counts.db"


def shown(path: Path, period: CountPeriod, since: float = 0) -> list[tuple[str, str, float]]:
    rows = read_counts(path, since, period, BERLIN)
    return [(f"{began:%d %H:%M}", counter.counted, value) for began, counter, value in rows]


def test_counts_are_kept_by_minute_and_added_up(path: Path) -> None:
    store = CountStore(path)
    for at in (NOON, NOON + 59.9, NOON + 60, NOON + 3600, NOON + 86400):
        store.add(IN, at)
    store.add(OUT, NOON + 60)
    store.write()
    store.write()
    assert shown(path, "minute") == [
        ("25 12:00", "in", 2),
        ("25 12:01", "in", 1),
        ("25 12:01", "out", 1),
        ("25 13:00", "in", 1),
        ("26 12:00", "in", 1),
    ]
    assert shown(path, "hour") == [
        ("25 12:00", "in", 3),
        ("25 12:00", "out", 1),
        ("25 13:00", "in", 1),
        ("26 12:00", "in", 1),
    ]
    assert shown(path, "day", NOON + 60) == [("25 00:00", "in", 2), ("25 00:00", "out", 1), ("26 00:00", "in", 1)]
    store.close()


def test_totals_stay_true_while_it_is_counted_on(path: Path) -> None:
    store = CountStore(path)
    for since in (NOON, NOON, NOON + 60, NOON, 0):
        for at in (NOON - 60, NOON, NOON + 59, NOON + 60):
            store.add(IN, at)
        store.add(OUT, NOON)
        store.write()
        fresh = CountStore(path)
        assert store.since(since) == fresh.since(since)
        fresh.close()
    assert store.since(NOON) == {IN: 15, OUT: 5}
    store.close()


def test_what_another_process_has_counted_is_there_once_it_is_read_again(path: Path) -> None:
    ours, theirs = CountStore(path), CountStore(path)
    ours.add(OUT, NOON)
    assert ours.since(NOON) == {OUT: 1}
    theirs.add(IN, NOON)
    theirs.write()
    ours.reread()
    assert ours.since(NOON) == {OUT: 1, IN: 1}
    theirs.add(IN, NOON)  # the last of it
    theirs.write()
    assert ours.since(NOON) == {OUT: 1, IN: 2}
    ours.close()
    theirs.close()


def test_counts_go_on_after_a_restart(path: Path) -> None:
    for _ in range(3):
        store = CountStore(path)
        store.add(IN, NOON, 2)
        store.write()
        store.close()
    store = CountStore(path)
    assert store.since(NOON) == {IN: 6}
    assert store.since(NOON + 60) == {}
    store.close()


def test_a_day_of_25_hours_is_one_day(path: Path) -> None:
    store, midnight = CountStore(path), datetime(2026, 10, 25, tzinfo=BERLIN)
    for hour in range(25):
        store.add(IN, midnight.timestamp() + 3600 * hour)
    store.write()
    assert shown(path, "day") == [("25 00:00", "in", 25)]
    assert len(shown(path, "hour")) == 25
    store.close()


def test_threads_lose_nothing(path: Path) -> None:
    store, done = CountStore(path), threading.Event()

    def count() -> None:
        for number in range(5000):
            store.add(IN, NOON + number % 120)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    while not done.is_set():
        done.set() if not any(thread.is_alive() for thread in threads) else None
        store.write()
    store.write()
    assert store.since(0) == {IN: 20_000}
    store.close()


def test_kill_9_loses_nothing_that_was_written(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from edge_app.analytics.counts import Counter, CountStore\n"
        "store = CountStore(Path(sys.argv[1]))\n"
        "for number in range(10**9):\n"
        "    store.add(Counter('gate', 'entrance', 'person', 'in'), 1000)\n"
        "    store.write(); print(number + 1, flush=True)\n"
    )
    for _ in range(3):
        before = sum(value for *_, value in shown(path, "day"))
        with subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) == 20:
                    process.send_signal(signal.SIGKILL)
                    break
            said = [20, *map(int, process.stdout.read().split())][-1]
        assert sum(value for *_, value in shown(path, "day")) - before in (said, said + 1)


def test_what_cannot_be_written_waits(path: Path) -> None:
    store, other = CountStore(path), sqlite3.connect(path, isolation_level=None)
    store._file.execute("PRAGMA busy_timeout=1")
    store.add(IN, NOON)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        store.write()
    store.add(IN, NOON)
    other.execute("ROLLBACK")
    store.write()
    assert store.since(0) == {IN: 2}
    other.close()
    store.close()


def test_a_file_that_is_not_there_has_no_counts_and_a_damaged_one_says_so(path: Path) -> None:
    assert shown(path, "day") == []
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(AccessError, match=r"counts\.db: cannot be read"):
        shown(path, "day")


def test_a_damaged_file_is_set_aside_and_a_folder_that_cannot_be_made_says_so(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    store = CountStore(path)
    store.add(IN, NOON)
    store.write()
    assert store.since(0) == {IN: 1}
    assert [other.read_bytes()[:11] for other in path.parent.glob("counts.db.damaged-*")] == [b"no database"]
    assert "counting begins anew" in caplog.text
    store.close()
    with pytest.raises(AccessError, match=r"counts\.db/x: cannot be opened"):
        CountStore(path / "x")


def test_time_zones_with_half_hours_have_whole_days(path: Path) -> None:
    store, zone = CountStore(path), timezone(timedelta(hours=5, minutes=45))
    store.add(IN, datetime(2026, 11, 25, 23, 59, tzinfo=zone).timestamp())
    store.add(IN, datetime(2026, 11, 26, 0, 0, tzinfo=zone).timestamp())
    store.write()
    assert [began.isoformat() for began, *_ in read_counts(path, 0, "day", zone)] == [
        "2026-11-25T00:00:00+05:45",
        "2026-11-26T00:00:00+05:45",
    ]
    store.close()


def test_what_waits_to_be_written_is_counted_too(path: Path) -> None:
    store = CountStore(path)
    store.add(IN, NOON, 2)
    store.write()
    store.add(IN, NOON + 60)
    store.add(OUT, NOON + 60)
    assert store.since(NOON) == {IN: 3, OUT: 1}
    assert store.since(NOON, NOON + 60) == {IN: 2}
    store.write()
    assert store.since(NOON) == {IN: 3, OUT: 1}
    store.close()


def test_a_period_tells_of_each_place_in_one_go(path: Path) -> None:
    """Whoever leaves minutes after another place was counted is told beside who had entered."""
    store = CountStore(path)
    entered, stayed = (Counter("gate", "door", "person", counted) for counted in ("entered", "dwell_s"))
    for minute, counter in enumerate((IN, entered, stayed)):
        store.add(counter, NOON + 60 * minute)
    store.write()
    told = [counter for _, counter, _ in read_counts(path, 0, "hour", BERLIN)]
    assert told == [stayed, entered, IN]
    store.close()


def months(store: CountStore, days: int) -> None:
    """Something every 50 minutes of so many days before noon of the 25th."""
    for minute in range(0, days * 1440, 50):
        store.add(IN, NOON - 60 * minute)
        store.add(OUT, NOON - 60 * minute, 2)
    store.write()


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        return int(file.execute("SELECT COUNT(*) FROM counts").fetchone()[0])


@pytest.mark.parametrize("zone", [BERLIN, ZoneInfo("Asia/Kathmandu"), timezone.utc])
def test_old_minutes_become_hours_and_old_hours_days_and_no_sum_changes(path: Path, zone: tzinfo) -> None:
    store = CountStore(path)
    months(store, 400)
    began = datetime(2026, 1, 1, tzinfo=zone).timestamp()
    days, hours = list(read_counts(path, 0, "day", zone)), list(read_counts(path, began, "hour", zone))
    minutes = list(read_counts(path, NOON - 30 * 86400, "minute", zone))
    before = rows(path)
    while True:
        store.add_up_old(zone)
        if rows(path) == before:
            break
        before = rows(path)
    assert list(read_counts(path, 0, "day", zone)) == days
    assert list(read_counts(path, began, "hour", zone)) == hours
    assert list(read_counts(path, NOON - 30 * 86400, "minute", zone)) == minutes
    assert before < 2 * (32 * 29 + 336 * 24 + 35)
    store.close()


def test_a_minute_of_the_past_that_comes_later_is_added_up_too(path: Path) -> None:
    store = CountStore(path)
    for day in range(31):
        store.add(OUT, NOON + 86400 * day)
    for second in (0, 60):
        store.add(IN, NOON - 40 * 86400 + second)
        store.write()
        store.add_up_old(BERLIN)
    assert (rows(path), store.since(0, NOON)) == (32, {IN: 2})
    store.close()


def test_a_clock_that_was_ahead_once_makes_nothing_old(path: Path) -> None:
    store = CountStore(path)
    for moment in (NOON, NOON + 60, NOON + 80 * 365 * 86400):
        store.add(IN, moment)
    store.write()
    store.add_up_old(BERLIN)
    assert rows(path) == 3
    store.close()


def test_the_state_folder_may_have_any_name(tmp_path: Path) -> None:
    for name in ("100%25", "#1", "what?", "ä b"):
        path = tmp_path / name / "counts.db"
        store = CountStore(path)
        store.add(IN, NOON)
        store.write()
        assert shown(path, "day") == [("25 00:00", "in", 1)]
        store.close()
