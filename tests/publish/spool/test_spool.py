"""The spool on a real disk: over restarts, power cuts, damage, full disks, and within its bounds."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import resource
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge_app.core.errors import AccessError, SinkError
from edge_app.publish import Delivery, DeliveryPolicy, Message
from edge_app.publish.spool import SpoolConfig
from edge_app.publish.spool import spool as spools
from edge_app.publish.spool.file import REFUSED_ROWS, Row, SpoolFile
from tests.publish.conftest import Running, Shelf, fast_backoff, never
from tests.waiting import until

ALWAYS = SpoolConfig(detections="always")


class Away(Shelf):
    """A sink that cannot be opened before it is `back`."""

    kinds = frozenset({"detections", "events"})

    def __init__(self, *, back: bool = False) -> None:
        super().__init__()
        self.back = back

    def open(self, wake: Callable[[], None]) -> bool:
        if not self.back:
            raise SinkError("away")
        return super().open(wake)

    @property
    def got(self) -> list[int]:
        return [json.loads(each.payload)["seq"] for each in self.kept]


class Box:
    """A box that is switched on and off."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "sink.db"
        self.running = Running()

    def on(self, sink: Shelf, config: SpoolConfig = ALWAYS, capacity: int = 1000) -> Delivery:
        self.running = Running()
        delivery = Delivery(
            "sink",
            sink,
            heartbeats=self.running.heartbeats,
            metrics=self.running.metrics,
            backoff=fast_backoff(),
            capacity=capacity,
            policy=DeliveryPolicy(spool=config),
            spools=self.folder,
        )
        self.running.deliveries.append(delivery)
        assert delivery.spool is not None
        self.running.threads.start(delivery.thread_name, delivery.run)
        self.running.threads.start(delivery.spool.thread_name, delivery.spool.run)
        return delivery

    def off(self) -> None:
        assert self.running.end() == []
        assert self.running.threads.error is None

    def rows(self, table: str = "messages") -> int:
        """How many are in a table; -1 if the file is not there yet."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as db:
                return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        except sqlite3.OperationalError:
            return -1

    def dropped(self, reason: str) -> int:
        return int(self.running.metrics.total("publish_dropped", sink="sink", reason=reason))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path / "spool")
    yield box
    box.off()


def made(number: int, kind: Any = "detections", *, size: int = 0) -> Message:
    document = {"seq": number, "noise": os.urandom(size).hex()}
    return Message(camera="gate", kind=kind, payload=json.dumps(document).encode(), droppable=True)


def put(delivery: Delivery, numbers: range, kind: Any = "detections", *, size: int = 0) -> None:
    for number in numbers:
        assert delivery.put(made(number, kind, size=size), never)


def in_memory(delivery: Delivery) -> int:
    """How many messages of the line are there."""
    return len([*delivery._queue._backlog._in_memory()])


@pytest.mark.parametrize("policy", ["always", "spill"])
def test_what_was_not_sent_is_sent_first_after_a_restart(box: Box, policy: Any, caplog: Any) -> None:
    put(box.on(Away(), SpoolConfig(detections=policy)), range(300))
    box.off()
    assert box.rows() == 300
    back = Away(back=True)
    with caplog.at_level(logging.INFO):
        put(box.on(back), range(300, 310))
        until(lambda: len(back.kept) == 310)
    assert back.got == list(range(310))
    assert "sink: 300 messages of an earlier session are sent first" in caplog.messages
    until(lambda: box.rows() == 0)


def test_a_sink_that_comes_back_gets_all_in_order_and_memory_holds_a_part(box: Box) -> None:
    away = Away()
    delivery = box.on(away, SpoolConfig(), capacity=100)
    for first in range(0, 1000, 20):
        put(delivery, range(first, first + 20))
        until(lambda: in_memory(delivery) < 80)
    assert delivery.status.queued == 1000
    away.back = True
    put(delivery, range(1000, 1010))
    until(lambda: len(away.kept) == 1010)
    assert away.got == list(range(1010))
    assert box.dropped("queue") == 0


@pytest.mark.parametrize("capacity", [1000, 20])
def test_a_status_says_how_much_is_on_the_disk_and_how_old_the_oldest_is_over_restarts(box: Box, capacity: int) -> None:
    delivery, nothing = box.on(Away(), capacity=capacity), (0, 0, None)
    assert (delivery.status.queued, delivery.status.spooled, delivery.status.oldest_s) == nothing
    began = time.monotonic()
    for number in range(100):
        put(delivery, range(number, number + 1))
        until(lambda: in_memory(delivery) < capacity)
    until(lambda: delivery.status.spooled == 100)
    status = delivery.status
    assert status.queued == 100
    assert status.oldest_s is not None
    assert 0 <= status.oldest_s <= time.monotonic() - began
    until(lambda: (delivery.status.oldest_s or 0) > 1.0)
    box.off()
    away, restarted = Away(), time.monotonic()
    delivery = box.on(away, capacity=capacity)
    until(lambda: delivery.status.oldest_s)
    assert delivery.status.spooled == 100
    since_restart, oldest_s = time.monotonic() - restarted, delivery.status.oldest_s or 0
    assert since_restart < oldest_s <= time.monotonic() - began + 0.1  # by another clock, from when it was written
    until(lambda: (box.running.metrics.gauge_value("spool_bytes", sink="sink") or 0) > 0)
    away.back = True
    until(lambda: len(away.kept) == 100)
    until(lambda: (delivery.status.queued, delivery.status.spooled, delivery.status.oldest_s) == nothing)
    box.off()
    assert not box.running.metrics.snapshot().gauges  # as of a sink that a reload has removed


def test_nothing_is_written_for_a_sink_that_keeps_up(box: Box) -> None:
    sink = Away(back=True)
    delivery = box.on(sink, SpoolConfig(events="spill"))
    until(lambda: delivery.status.state == "up" and delivery._queue._backlog._writes)
    wal = box.file.with_name("sink.db-wal")
    before = (box.file.stat().st_mtime_ns, wal.stat().st_size)
    for number in range(200):
        put(delivery, range(number, number + 1))
        until(lambda count=number + 1: len(sink.kept) == count)
    assert (box.file.stat().st_mtime_ns, wal.stat().st_size) == before


def test_a_power_cut_at_any_moment_leaves_a_whole_file_with_all_but_the_last_transactions(tmp_path: Path) -> None:
    path = tmp_path / "sink.db"
    file = SpoolFile(path)
    ends = []
    for first in range(0, 60, 5):
        with file.transaction():
            file.write(Row(number, made(number, size=300)) for number in range(first, first + 5))
            file.forget([first - 7])
        ends.append(path.with_name("sink.db-wal").stat().st_size)
    cut = tmp_path / "cut" / "sink.db"
    cut.parent.mkdir()
    log = path.with_name("sink.db-wal").read_bytes()
    for size in range(0, len(log) + 1, 512):
        shutil.copy(path, cut)
        cut.with_name("sink.db-wal").write_bytes(log[:size])
        whole = sum(end <= size for end in ends)
        after = SpoolFile(cut)
        assert after._one("PRAGMA integrity_check") == "ok"
        places = [json.loads(row.message.payload)["seq"] for row in after.load(-(2**40), 100)]
        forgotten = {first - 7 for first in range(0, 5 * whole, 5)}
        assert places == [number for number in range(5 * whole) if number not in forgotten]
        after.close()
    file.close()


@pytest.mark.parametrize("while_it_runs", [False, True])
def test_a_damaged_file_is_set_aside_and_a_new_one_begins(box: Box, while_it_runs: bool, caplog: Any) -> None:
    away = Away()
    delivery = box.on(away)
    put(delivery, range(600), size=8000)  # more than SQLite keeps in memory
    until(lambda: box.rows() == 600)
    if not while_it_runs:
        box.off()
        box.file.write_bytes(os.urandom(box.file.stat().st_size))
        delivery = box.on(away)
    else:
        with box.file.open("r+b") as file:
            for _ in range(0, box.file.stat().st_size, 4096):
                file.write(os.urandom(4096))
        with box.file.with_name("sink.db-wal").open("r+b") as file:
            file.write(os.urandom(2_000_000))
        away.back = True
    until(lambda: list(box.folder.glob("sink.db.damaged-*")))
    away.back = True
    put(delivery, range(1000, 1010))
    until(lambda: set(range(1000, 1010)) <= set(away.got))
    assert [text for text in caplog.messages if "is damaged and kept as sink.db.damaged-" in text]


def test_a_full_disk_is_told_once_and_heals(box: Box, caplog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "RETRY_S", 0.05)
    caplog.set_level(logging.INFO)
    delivery = box.on(Away(), capacity=20)
    put(delivery, range(5))
    until(lambda: box.rows() == 5)
    spool = delivery.spool
    assert spool is not None
    assert spool._file is not None
    spool._file._db.execute("PRAGMA max_page_count = 1")  # which is none more than there are
    for first in range(5, 105, 5):
        put(delivery, range(first, first + 5), size=2000)
        time.sleep(0.02)
    told = [text for text in caplog.messages if "spool" in text]
    assert told == ["sink: spool: no space on the disk; messages wait in memory only"]
    assert box.dropped("queue") > 50
    spool._file._db.execute("PRAGMA max_page_count = 100000")
    until(lambda: box.rows() >= 20)
    until(lambda: caplog.messages[-1] == "sink: spool: the disk takes messages again")


def test_a_file_that_another_program_locks_is_not_damaged(box: Box, caplog: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(spools, "RETRY_S", 0.05)
    away = Away()
    delivery = box.on(away)
    put(delivery, range(5))
    until(lambda: box.rows() == 5)
    spool = delivery.spool
    assert spool is not None
    assert spool._file is not None
    spool._file._db.execute("PRAGMA busy_timeout = 1")
    with contextlib.closing(sqlite3.connect(box.file, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        for number in range(5, 40):
            put(delivery, range(number, number + 1))
            time.sleep(0.02)
        assert "sink: spool: database is locked; messages wait in memory only" in caplog.messages
    until(lambda: box.rows() == 40)
    away.back = True
    until(lambda: away.got == list(range(40)))
    assert not list(box.folder.glob("*damaged*"))


@contextlib.contextmanager
def nothing_is_written() -> Iterator[None]:
    """As on a full disk, no file of this process grows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_waits_is_not_set_aside_where_the_disk_is_full_at_the_start(
    box: Box, caplog: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(spools, "RETRY_S", 0.05)
    put(box.on(Away()), range(50))
    box.off()
    with nothing_is_written():
        back = Away(back=True)
        delivery = box.on(back)
        for number in range(50, 70):
            put(delivery, range(number, number + 1))
            time.sleep(0.05)
        assert "sink: spool: File too large; messages wait in memory only" in caplog.messages
    until(lambda: sorted(back.got) == list(range(70)))
    assert not list(box.folder.glob("*damaged*"))


def test_beyond_its_size_the_oldest_detections_go_first_and_are_counted(box: Box) -> None:
    away = Away()
    delivery = box.on(away, SpoolConfig(detections="always", max_mb=1))
    for first in range(0, 2000, 20):
        put(delivery, range(first, first + 18), size=500)
        put(delivery, range(first + 18, first + 20), "events", size=500)
        until(lambda: in_memory(delivery) < 500)
    until(lambda: delivery._queue._backlog.pending == 0)
    assert box.file.stat().st_size < 1.1e6  # a batch is written before the oldest go
    away.back = True
    until(lambda: delivery.status.queued == 0)
    got = set(away.got)
    lost = [number for number in range(2000) if number not in got]
    assert len(lost) == box.dropped("spool_full") > 300
    assert all(number % 20 < 18 for number in lost)
    kept = sorted(number for number in got if number % 20 < 18)
    assert len([number for number in kept if number < lost[-1]]) < 100  # the oldest have gone


def test_a_finite_source_waits_for_room_in_the_spool(box: Box) -> None:
    away = Away()
    delivery = box.on(away, SpoolConfig(max_mb=1))
    for number in range(3000):
        waits = iter([True] * 4)
        if not delivery.put(dataclasses.replace(made(number, size=500), droppable=False), partial(next, waits, False)):
            break
    assert 1000 < number < 2999
    away.back = True
    until(lambda: away.got == list(range(number)))
    assert delivery.put(dataclasses.replace(made(number, size=500), droppable=False), lambda: True)
    assert box.dropped("spool_full") == 0


def test_what_is_too_old_is_dropped_and_a_clock_that_jumps_makes_nothing_old(tmp_path: Path, monkeypatch: Any) -> None:
    wall = 1_795_000_000.0
    monkeypatch.setattr(time, "time", lambda: wall)
    file = SpoolFile(tmp_path / "sink.db")
    with file.transaction():
        file.write([Row(0, made(0))])
    wall += 100
    with file.transaction():
        file.write([Row(1, made(1))])
    assert file.older(50, 10) == [0]
    wall += 1e6
    file.trust_clock(1e6)
    assert file.older(50, 10) == [0]
    file.close()
    wall = 3600.0  # the clock of a box without a battery, in 1970
    file = SpoolFile(tmp_path / "sink.db")
    assert file.older(50, 10) == []
    with file.transaction():
        file.write([Row(0, made(2))])
    file.close()
    wall = 1_796_000_000.0
    file = SpoolFile(tmp_path / "sink.db")
    assert file.older(50, 10) == []
    file.close()


def test_what_is_too_old_is_not_sent(box: Box) -> None:
    put(box.on(Away()), range(10))
    box.off()
    with contextlib.closing(sqlite3.connect(box.file)) as db, db:
        db.execute("UPDATE messages SET written = written - 1000 WHERE place <= 6")
    back = Away(back=True)
    delivery = box.on(back, SpoolConfig(max_age_s=500))
    until(lambda: delivery.status.queued == 0 and len(back.kept) == 4)
    assert back.got == [6, 7, 8, 9]
    until(lambda: box.dropped("spool_age") == 6)


def test_all_that_is_too_old_goes_however_fast_the_sink_is(box: Box) -> None:
    put(box.on(Away()), range(900))
    until(lambda: box.rows() == 900)
    box.off()
    with contextlib.closing(sqlite3.connect(box.file)) as db, db:
        db.execute("UPDATE messages SET written = written - 1000")
    back = Away(back=True)
    put(box.on(back, SpoolConfig(max_age_s=500)), range(1000, 1003))
    until(lambda: 1002 in back.got)
    assert back.got == [1000, 1001, 1002]
    until(lambda: box.dropped("spool_age") == 900)


def test_a_clock_that_was_behind_at_the_start_makes_nothing_old(tmp_path: Path, monkeypatch: Any) -> None:
    wall = 1_795_000_000.0
    monkeypatch.setattr(time, "time", lambda: wall)
    file = SpoolFile(tmp_path / "sink.db")
    with file.transaction():
        file.write([Row(0, made(0))])
    file.close()
    wall -= 1e6  # as it was when it was last saved
    file = SpoolFile(tmp_path / "sink.db")
    wall += 1e6
    file.trust_clock(1e6)
    assert file.older(50, 10) == []
    file.close()


@pytest.mark.parametrize("damage", ["packed = x'00'", "packed = 7, camera = CAST(x'ff' AS TEXT)"])
def test_one_message_that_cannot_be_read_any_more_keeps_none_of_the_others(box: Box, damage: str) -> None:
    put(box.on(Away()), range(10))
    box.off()
    with contextlib.closing(sqlite3.connect(box.file)) as db, db:
        db.execute(f"UPDATE messages SET {damage} WHERE place = (SELECT min(place) + 3 FROM messages)")
    back = Away(back=True)
    box.on(back)
    until(lambda: len(back.got) == 9 and box.rows() == 0)
    assert back.got == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert box.dropped("spool_damaged") == 1


def test_a_file_that_is_deleted_is_told_and_a_new_one_begins(box: Box, caplog: Any) -> None:
    away = Away()
    delivery = box.on(away)
    put(delivery, range(900))
    until(lambda: delivery.status.spooled == 900)
    in_place = in_memory(delivery)
    for path in box.folder.glob("sink.db*"):
        path.unlink()
    until(lambda: "sink: spool: the file was deleted; a new one begins" in caplog.messages)
    until(lambda: box.rows() == in_place)
    assert box.dropped("spool_damaged") == 900 - in_place
    box.off()
    back = Away(back=True)
    box.on(back)
    until(lambda: back.got == list(range(in_place)))


def test_a_file_of_a_newer_version_is_kept_apart(box: Box, caplog: Any) -> None:
    put(box.on(Away()), range(5))
    box.off()
    with contextlib.closing(sqlite3.connect(box.file)) as db:
        db.execute("PRAGMA user_version = 99")
    back = Away(back=True)
    put(box.on(back), range(5, 10))
    until(lambda: back.got == list(range(5, 10)))
    until(lambda: [text for text in caplog.messages if "a newer edge_app has made it" in text])


def test_what_is_new_makes_room_before_any_event_goes(box: Box) -> None:
    away = Away()
    delivery = box.on(away, SpoolConfig(detections="always", max_mb=1))
    put(delivery, range(500), "events", size=200)
    until(lambda: box.rows() == 500)
    put(delivery, range(500, 501), size=1_500_000)
    until(lambda: box.dropped("spool_full") == 1)
    away.back = True
    until(lambda: away.got == list(range(500)))


def test_space_that_is_not_used_any_more_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "sink.db"
    file = SpoolFile(path)
    with file.transaction():
        file.write(Row(number, made(number, size=4000)) for number in range(2000))
    with file.transaction():
        file.forget(range(1000))
    assert not file.shrink()  # half of it would have to be moved
    with file.transaction():
        file.forget(range(1000, 1990))
    for _ in range(20):
        file.shrink()
    places = [row.place for row in file.load(-(2**40), 100)]
    file.close()
    assert places == list(range(1990, 2000))
    assert path.stat().st_size < 2.5e6


def test_what_is_refused_is_kept_apart_and_only_so_much_of_it(box: Box) -> None:
    sink = Away(back=True)
    messages = [made(number) for number in range(REFUSED_ROWS + 50)]
    sink.refuses = {message.payload: "400 Bad Request" for message in messages[:-1]}
    delivery = box.on(sink, SpoolConfig())
    for message in messages:
        delivery.put(message, never)
        until(lambda: delivery.status.queued < 900)
    until(lambda: delivery.status.queued == 0)
    until(lambda: box.rows("refused") == REFUSED_ROWS)
    assert box.dropped("refused") == REFUSED_ROWS + 49
    with contextlib.closing(sqlite3.connect(box.file)) as db:
        assert db.execute("SELECT camera, kind, payload, why FROM refused LIMIT 1").fetchone() == (
            "gate",
            "detections",
            messages[0].payload,
            "400 Bad Request",
        )


def test_the_files_are_for_their_owner_and_for_one_program(box: Box) -> None:
    box.on(Away())
    until(box.file.exists)
    assert stat.S_IMODE(box.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in box.folder.iterdir()} == {0o600}
    with pytest.raises(AccessError, match="another instance uses this spool; give it another `state_dir`"):
        Box(box.folder).on(Away())


def test_a_folder_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AccessError, match="`state_dir` is where spools are"):
        Box(tmp_path / "file" / "spool").on(Away())
