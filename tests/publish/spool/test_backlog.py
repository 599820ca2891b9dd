"""The backlog of a sink with a spool: what is in memory, what is on the disk, and in which order messages leave it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge_app.publish import Message
from edge_app.publish import backlog as backlogs
from edge_app.publish.backlog import Backlog
from edge_app.publish.disk_orders import Queued

CAPACITY = 8  # in memory


class Disk:
    """What a spool's file does, in memory; it is full when told so."""

    def __init__(self) -> None:
        self.rows: dict[int, Message] = {}
        self.full = False
        self.writes = 0

    def turn(self, backlog: Backlog, in_flight: list[Queued], meanwhile: Callable[[], None] = lambda: None) -> None:
        work = backlog.work(in_flight, closing=False)
        meanwhile()
        if self.full:
            backlog.full_disk(work)
        elif work.write or work.forget:
            self.writes += 1
            for place in work.forget:
                self.rows.pop(place, None)
            self.rows |= {entry.place: entry.message for entry in work.write}
            backlog.done(work)
        after, limit = backlog.to_load()
        if limit:
            found = sorted(place for place in self.rows if place > after)[:limit]
            backlog.loaded([(place, self.rows[place], 0.0) for place in found], limit)


def made(number: int, kind: Any = "detections") -> Message:
    return Message(camera="gate", kind=kind, payload=b"%d" % number, droppable=True)


def opened(always: Any = ("events",), waiting: int = 0) -> Backlog:
    backlog = Backlog(CAPACITY, always)
    backlog.opened(waiting)
    return backlog


def test_nothing_is_written_while_the_sink_keeps_up() -> None:
    backlog, disk = opened(), Disk()
    for number in range(100):
        backlog.append(made(number))
        entry = backlog.pop()
        disk.turn(backlog, [entry])
        backlog.finished(entry)
    assert disk.writes == 0


def test_what_is_always_written_is_not_sent_before() -> None:
    backlog, disk = opened(), Disk()
    backlog.append(made(0, "events"))
    backlog.append(made(1))
    assert backlog.next() is None
    disk.turn(backlog, [])
    assert disk.rows == {0: made(0, "events")}
    first = backlog.pop()
    backlog.finished(first)
    disk.turn(backlog, [])
    assert disk.rows == {}


def test_while_the_disk_is_full_nothing_waits_for_it_and_afterwards_it_has_what_is_left() -> None:
    backlog, disk = opened(), Disk()
    disk.full = True
    backlog.append(made(0, "events"))
    backlog.append(made(1, "events"))
    disk.turn(backlog, [])
    backlog.finished(backlog.pop())
    disk.full = False
    disk.turn(backlog, [])
    assert disk.rows == {1: made(1, "events")}


def test_what_waits_longer_than_a_second_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    backlog, disk = opened(), Disk()
    for number in range(3):
        backlog.append(made(number))
    taken = backlog.pop()
    disk.turn(backlog, [taken])
    assert disk.rows == {}
    monkeypatch.setattr(backlogs, "AWAY_S", -1.0)
    disk.turn(backlog, [taken])
    assert sorted(disk.rows) == [0, 1, 2]


def test_what_an_earlier_session_has_left_comes_first_whenever_the_file_can_be_opened() -> None:
    backlog, disk = Backlog(CAPACITY, ("events",)), Disk()
    backlog.no_disk([])  # at first it cannot
    backlog.append(made(0))
    disk.rows = {-2: made(-2), -1: made(-1)}
    backlog.opened(2)
    assert [int(entry.message.payload) for entry in emptied(backlog, disk)] == [-2, -1, 0]


def test_a_file_that_can_be_opened_late_gets_all_in_order() -> None:
    backlog, disk = Backlog(CAPACITY, ("events",)), Disk()
    backlog.no_disk([])
    for number, kind in enumerate(["detections", "events", "detections"]):
        backlog.append(made(number, kind))
    disk.rows = {-1: made(-1)}
    backlog.opened(1)
    assert [int(entry.message.payload) for entry in emptied(backlog, disk)] == [-1, 0, 1, 2]


def test_what_was_in_flight_when_the_file_was_lost_is_written_again() -> None:
    backlog, disk = opened(), Disk()
    backlog.append(made(0, "events"))
    disk.turn(backlog, [])
    taken = backlog.pop()
    disk.rows.clear()
    assert backlog.no_disk([taken]) == 0
    backlog.give_back([taken])
    backlog.opened(0)
    disk.turn(backlog, [])
    assert disk.rows == {0: made(0, "events")}


def test_what_goes_to_make_room_is_not_sent_and_what_is_in_flight_stays() -> None:
    backlog, disk = opened(always=("detections", "events")), Disk()
    for number in range(2 * CAPACITY):
        backlog.append(made(number))
        disk.turn(backlog, [])
    taken = backlog.pop()
    dropped = [0, 1, 2, 10, 11]
    for place in dropped:
        del disk.rows[place]
    assert backlog.let_go(dropped, [taken]) == 4
    assert taken.on_disk == "no"
    backlog.finished(taken)
    left = [int(entry.message.payload) for entry in emptied(backlog, disk)]
    assert left == [number for number in range(1, 2 * CAPACITY) if number not in dropped]
    assert disk.rows == {}


def emptied(backlog: Backlog, disk: Disk) -> list[Queued]:
    """All that the backlog still gives, taken and delivered one by one."""
    taken = []
    for _ in range(1000):
        disk.turn(backlog, [])
        if backlog.next() is not None:
            taken.append(backlog.pop())
            backlog.finished(taken[-1])
    assert len(backlog) == 0
    disk.turn(backlog, [])
    return taken


class Spooled(RuleBasedStateMachine):
    """Whatever happens: nothing is lost, nothing is sent twice within a connection, and each camera's order is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog, self.disk = opened(), Disk()
        self.made = 0
        self.in_flight: list[Queued] = []
        self.delivered: list[int] = []
        self.dropped = 0

    @rule(kind=st.sampled_from(["detections", "events"]), count=st.integers(1, 6))
    def put(self, kind: str, count: int) -> None:
        for _ in range(count):
            while not self.backlog.has_room and self.backlog.drop_one(also_events=kind == "events"):
                self.dropped += 1
            if self.backlog.has_room:
                self.backlog.append(made(self.made, kind))
                self.made += 1

    @rule()
    def turn(self) -> None:
        self.disk.turn(self.backlog, self.in_flight)

    @rule()
    def slow_turn(self) -> None:
        self.disk.turn(self.backlog, self.in_flight, self.deliver)

    @rule()
    def take(self) -> None:
        if self.backlog.next() is not None:
            self.in_flight.append(self.backlog.pop())

    @rule()
    def deliver(self) -> None:
        for entry in self.in_flight:
            self.delivered.append(entry.place)
            self.backlog.finished(entry)
        self.in_flight = []

    @rule()
    def reconnect(self) -> None:
        self.backlog.give_back(self.in_flight)
        self.in_flight = []

    @rule(full=st.booleans())
    def disk_is(self, full: bool) -> None:
        self.disk.full = full

    @invariant()
    def memory_is_bounded(self) -> None:
        assert len([*self.backlog._in_memory()]) <= CAPACITY + len(self.in_flight) + len(self.backlog._front)
        assert len(self.backlog._tail) <= CAPACITY

    def teardown(self) -> None:
        self.disk.full = False
        self.reconnect()
        self.delivered += [entry.place for entry in emptied(self.backlog, self.disk)]
        assert self.delivered == sorted(self.delivered)
        assert max(Counter(self.delivered).values(), default=1) == 1
        assert len(self.delivered) == self.made - self.dropped
        assert self.disk.rows == {}


TestSpooled = Spooled.TestCase
