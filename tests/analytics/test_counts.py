"""Counts in a file: nothing twice, nothing lost, by minute, hour and day."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_app.analytics.counts import Counter, CountPeriod, CountStore, read_counts
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
