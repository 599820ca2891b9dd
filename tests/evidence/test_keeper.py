"""The thread that writes, and what happens while the disk takes nothing."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from edge_app.core.metrics import Metrics
from edge_app.core.ulid import new_ulid
from edge_app.evidence import EvidenceKeeper, EvidenceReader, EvidenceStore
from edge_app.evidence.config import KeepConfig
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.jobs import Job
from tests.evidence.test_store import agrees, document, name_of
from tests.waiting import PATIENCE_S, until


class Keeping:
    """A keeper whose thread runs."""

    def __init__(self, folder: Path, max_mb: float = 100.0) -> None:
        self.folder, self.metrics = folder, Metrics()
        self.keeper = EvidenceKeeper(
            partial(EvidenceStore, folder, KeepConfig(max_mb=max_mb), Drafts(), lambda: True, self.metrics),
            self.metrics,
        )
        threading.Thread(target=self.keeper.run, daemon=True).start()

    def picture(self, content: bytes = b"picture", done: Callable[[bool], None] = lambda kept: None) -> str:
        """An event with a picture; its id."""
        event_id = new_ulid()
        name = name_of(event_id)
        self.keeper.put(Job(kind="document", write=lambda store: store.add(document(event_id, snapshot=name))))
        self.keeper.put(Job(kind="picture", write=lambda store: store.put(name, content), done=done))
        return event_id

    def ids(self) -> list[str]:
        return [event["id"] for event in EvidenceReader(self.folder).all_events()]

    def idle(self) -> None:
        until(lambda: self.keeper.is_idle)


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Callable[..., Keeping]]:
    started: list[Keeping] = []

    def start(folder: Path = tmp_path / "evidence", **more: float) -> Keeping:
        started.append(Keeping(folder, **more))
        return started[-1]

    yield start
    for each in started:
        each.keeper.close()
        assert each.keeper.join(PATIENCE_S)


def test_what_was_put_is_written_in_its_order_before_it_ends(keeping):
    room = keeping()
    ids = [room.picture() for _ in range(50)]
    room.keeper.close()
    assert room.keeper.join(PATIENCE_S)
    assert room.ids() == ids[::-1]
    assert room.metrics.total("evidence_written", kind="picture") == 50


def test_nothing_is_taken_any_more_once_it_is_closed(keeping):
    room = keeping()
    room.keeper.close()
    assert not room.keeper.put(Job(kind="document", write=lambda store: None))


def test_a_job_is_told_whether_it_is_on_the_disk(keeping):
    room, told = keeping(max_mb=0.01), list[bool]()
    room.picture(b"x" * 9000, told.append)
    room.picture(b"x" * 20_000, told.append)  # more than everything may be
    room.idle()
    assert told == [True, False]
    assert room.metrics.total("evidence_dropped", reason="disk", kind="picture") == 1


def test_what_finds_no_room_is_counted_and_holds_nobody_up(keeping):
    room, disk = keeping(), threading.Event()
    room.keeper.put(Job(kind="document", write=lambda store: disk.wait(PATIENCE_S)))
    until(lambda: not room.keeper.is_idle)
    jobs = [Job(kind="picture", write=lambda store: None, bytes=1 << 20) for _ in range(200)]
    taken = sum(map(room.keeper.put, jobs))
    assert taken == 64
    assert room.metrics.total("evidence_dropped", reason="queue", kind="picture") == 136
    disk.set()
    room.idle()


def test_pictures_that_wait_take_bounded_memory_and_one_of_any_size_fits(keeping):
    room, disk = keeping(), threading.Event()
    room.keeper.put(Job(kind="document", write=lambda store: disk.wait(PATIENCE_S)))
    big = [Job(kind="picture", write=lambda store: None, bytes=200 << 20) for _ in range(2)]
    assert [room.keeper.put(job) for job in big] == [True, False]
    disk.set()
    room.idle()


def test_a_finite_source_waits_for_room(keeping):
    room, disk = keeping(), threading.Event()
    room.keeper.put(Job(kind="document", write=lambda store: disk.wait(PATIENCE_S)))
    waits = 0

    def keep_waiting() -> bool:
        nonlocal waits
        waits += 1
        if waits == 3:
            disk.set()
        return True

    jobs = [Job(kind="picture", write=lambda store: None) for _ in range(65)]
    assert all(room.keeper.put(job, keep_waiting) for job in jobs)
    assert waits >= 3


class FullDisk:
    """Takes no file and no row while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        fsync = os.fsync

        def sync(file: int) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            fsync(file)

        monkeypatch.setattr(os, "fsync", sync)


def test_a_full_disk_is_told_once_costs_what_came_meanwhile_and_heals(keeping, monkeypatch, caplog):
    monkeypatch.setattr("edge_app.evidence.keeper.RETRY_S", 0.0)
    monkeypatch.setattr("edge_app.evidence.keeper.CALM_S", 0.0)
    disk, room = FullDisk(monkeypatch), keeping()
    before = room.picture()
    room.idle()
    disk.full = True
    with caplog.at_level(logging.INFO, "edge_app"):
        for _ in range(5):
            room.picture()
            room.idle()
        assert room.keeper.status.reason == "No space left on device"
        disk.full = False

        def healed() -> bool:
            room.picture()
            room.idle()
            return "it is kept again" in caplog.text

        until(healed)
    assert caplog.text.count("No space left on device") == 1
    assert room.keeper.status.state == "up"
    assert before in room.ids()
    assert room.metrics.total("evidence_dropped", reason="disk") >= 5
    assert agrees(room.folder)


def test_a_full_disk_that_takes_something_now_and_then_is_told_once(keeping, monkeypatch, caplog):
    monkeypatch.setattr("edge_app.evidence.keeper.RETRY_S", 0.0)
    disk, room = FullDisk(monkeypatch), keeping()
    for number in range(10):
        disk.full = number % 2 == 0
        room.picture()
        room.idle()
    assert len(room.ids()) >= 3
    assert caplog.text.count("it cannot be kept") == 1
    assert "it is kept again" not in caplog.text


def test_a_folder_that_is_taken_away_is_told_and_made_again(keeping, monkeypatch, caplog):
    monkeypatch.setattr("edge_app.evidence.keeper.RETRY_S", 0.05)
    room = keeping()
    room.picture()
    room.idle()
    room.folder.rename(room.folder.with_name("elsewhere"))

    def kept() -> bool:
        event_id = room.picture()
        room.idle()
        return event_id in room.ids()

    until(kept)
