"""The queue in front of a sink, and the thread that outlives every failure of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import pytest

from edge_app.core.errors import SinkError
from edge_app.publish import Delivery, DeliveryGroup, Kind, Message, Retry, status
from edge_app.publish.queue import MessageQueue
from edge_app.publish.sinks.sink import LoginError
from tests.broker.fixtures import until
from tests.publish.conftest import Running

FAST = Retry(initial_s=0.01, max_s=0.02, login_s=0.03)


class Shelf:
    """A sink that keeps messages, and fails as it is told."""

    kinds: frozenset[Kind] = frozenset({"detections", "status"})

    def __init__(self, failures: Sequence[SinkError] = (), *, confirms: bool = True) -> None:
        self.failures = list(failures)
        self.confirms = confirms
        self.room = threading.Event()
        self.room.set()
        self.kept: list[Message] = []
        self.opened = self.closed = 0
        self._new: list[Message] = []

    def open(self, wake: Callable[[], None]) -> bool:
        if self.failures:
            raise self.failures.pop(0)
        self.opened += 1
        self.wake = wake
        return True

    def send(self, message: Message) -> bool:
        if not self.room.wait(0.05):
            return False
        self._new.append(message)
        self.kept.append(message)
        return True

    def confirmed(self) -> list[Message]:
        if self.failures:
            raise self.failures.pop(0)
        if not self.confirms:
            return []
        new, self._new = self._new, []
        return new

    def close(self) -> None:
        self.closed += 1
        self._new = []


def never() -> bool:
    pytest.fail("a message waited for room")


def numbers(messages: Sequence[Message]) -> list[bytes]:
    return [message.payload for message in messages]


@pytest.fixture
def dropped() -> list[int]:
    return []


@pytest.fixture
def outbox(dropped: list[int]) -> MessageQueue:
    return MessageQueue(3, lambda: dropped.append(1))


def drained(outbox: MessageQueue) -> Iterator[bytes]:
    while (message := outbox.take(0)) is not None:
        yield message.payload


def test_a_full_queue_drops_its_oldest_live_message(outbox: MessageQueue, dropped: list[int], message: Any) -> None:
    kept = [message(0), message(1, live=False), message(2), message(3)]
    assert all(outbox.put(each, never) for each in kept)
    assert list(drained(outbox)) == numbers(kept[1:])
    assert len(dropped) == 1


def test_a_live_message_never_drives_out_a_finite_one(outbox: MessageQueue, dropped: list[int], message: Any) -> None:
    finite = [message(number, live=False) for number in range(3)]
    assert all(outbox.put(each, never) for each in finite)
    assert not outbox.put(message(3), never)
    assert list(drained(outbox)) == numbers(finite)
    assert len(dropped) == 1


def test_a_finite_message_waits_for_room_as_long_as_it_is_told_to(outbox: MessageQueue, message: Any) -> None:
    for number in range(3):
        outbox.put(message(number), never)
    answers = [True, False]
    began = time.monotonic()
    assert not outbox.put(message(3, live=False), lambda: answers.pop(0))
    assert answers == []
    assert time.monotonic() - began < 1.5
    assert len(list(drained(outbox))) == 3


def test_room_lets_a_waiting_message_in_at_once(outbox: MessageQueue, message: Any) -> None:
    for number in range(3):
        outbox.put(message(number, live=False), never)
    thread = threading.Thread(target=lambda: outbox.put(message(3, live=False), never))
    thread.start()
    assert outbox.take(0) is not None
    thread.join(0.3)
    assert not thread.is_alive()
    assert len(list(drained(outbox))) == 3


def test_what_was_in_flight_comes_again_first_and_in_order(outbox: MessageQueue, message: Any) -> None:
    sent = [message(number) for number in range(3)]
    for each in sent:
        outbox.put(each, never)
    assert outbox.take(0) is sent[0]
    assert outbox.take(0) is sent[1]
    outbox.delivered([sent[0]])
    outbox.reconnect()
    assert list(drained(outbox)) == numbers(sent[1:])


def test_only_the_newest_status_of_a_camera_waits_and_comes_again_with_every_connection(
    outbox: MessageQueue, message: Any
) -> None:
    made = [status(name, state, None, 0) for name, state in (("a", "up"), ("b", "up"), ("a", "down"))]
    outbox.put(message(0), never)
    for each in made:
        outbox.put_status(each)
    assert list(drained(outbox)) == [made[2].payload, made[1].payload, message(0).payload]
    outbox.reconnect()
    assert sorted(drained(outbox)) == sorted([made[2].payload, made[1].payload, message(0).payload])


def test_draining_counts_what_is_queued_and_in_flight_but_no_status(outbox: MessageQueue, message: Any) -> None:
    sent = [message(0), message(1)]
    for each in sent:
        outbox.put(each, never)
    outbox.put_status(status("a", "up", None, 0))
    assert [outbox.take(0), outbox.take(0)][1] is sent[0]
    assert outbox.drain(time.monotonic() + 0.05) == 2
    outbox.delivered(sent)
    assert outbox.drain(time.monotonic() + 0.05) == 1


def test_a_closed_queue_takes_nothing_and_holds_nobody(outbox: MessageQueue, message: Any) -> None:
    for number in range(3):
        outbox.put(message(number, live=False), never)
    outbox.close()
    assert not outbox.put(message(3, live=False), never)
    assert not outbox.put(message(3), never)
    began = time.monotonic()
    assert outbox.drain(began + 5) == 3
    outbox.pause(5)
    assert time.monotonic() - began < 1


def test_a_sink_that_fails_is_opened_again_and_told_of_once(running: Running, message: Any, caplog: Any) -> None:
    shelf = Shelf([SinkError("no disk"), SinkError("no disk"), SinkError("no network")])
    with caplog.at_level(logging.INFO):
        publisher = running.start(shelf, retry=FAST)
        publisher.put(message(0), never)
        assert publisher.drain(time.monotonic() + 5) == 0
    assert [record.getMessage() for record in caplog.records] == [
        "sink: down: no disk; trying again",
        "sink: down: no network; trying again",
        "sink: up",
    ]
    assert running.stats.total("publish_failed", sink="sink") == 3
    assert numbers(shelf.kept) == numbers([message(0)])


def test_what_was_not_confirmed_is_sent_again_after_a_failure(running: Running, message: Any) -> None:
    shelf = Shelf(confirms=False)
    publisher = running.start(shelf, retry=FAST)
    sent = [message(number) for number in range(3)]
    for each in sent:
        publisher.put(each, never)
    until(lambda: len(shelf.kept) == 3)
    shelf.confirms = True
    shelf.failures.append(SinkError("gone"))
    shelf.wake()
    assert publisher.drain(time.monotonic() + 5) == 0
    assert numbers(shelf.kept) == numbers(sent + sent)
    assert running.end() == []
    assert (shelf.opened, shelf.closed) == (2, 2)


def test_a_message_that_finds_no_room_is_offered_until_it_does(running: Running, message: Any) -> None:
    shelf = Shelf()
    shelf.room.clear()
    publisher = running.start(shelf)
    for number in range(3):
        publisher.put(message(number), never)
    assert publisher.drain(time.monotonic() + 0.2) == 3
    shelf.room.set()
    assert publisher.drain(time.monotonic() + 5) == 0
    assert numbers(shelf.kept) == numbers([message(number) for number in range(3)])


def test_the_loop_beats_whether_idle_or_down_and_is_forgotten_at_its_end(running: Running) -> None:
    running.start(Shelf(), "idle")
    running.start(Shelf([SinkError("away")] * 99), "down", retry=Retry(initial_s=5))
    until(lambda: set(running.beats._last) == {"publish idle", "publish down"})
    deadline = time.monotonic() + 1.8
    while time.monotonic() < deadline:
        assert running.beats.silent(1.0) == []
        running.stop.wait(0.05)
    assert running.end() == []
    assert running.beats._last == {}


def test_a_bug_in_a_sink_ends_the_program(message: Any) -> None:
    running = Running()
    shelf = Shelf()
    shelf.confirmed = lambda: 1 / 0
    publisher = running.start(shelf)
    assert running.stop.wait(5)
    assert isinstance(running.threads.error, ZeroDivisionError)
    running.threads.join(5)
    assert not publisher.put(message(0, live=False), never)


def test_pauses_double_up_to_the_longest_and_are_jittered() -> None:
    for seconds, most in zip(islice(Retry().pauses(), 8), [1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert 0.7 * most <= seconds <= most
    assert len(set(islice(Retry(max_s=1).pauses(), 9))) > 1


def test_a_refused_login_is_asked_again_after_its_own_pause(running: Running) -> None:
    shelf = Shelf([LoginError("who?")])
    began = time.monotonic()
    running.start(shelf, retry=Retry(initial_s=0, login_s=0.4))
    until(lambda: shelf.opened)
    assert 0.4 <= time.monotonic() - began < 2


def test_a_sink_that_was_up_long_enough_starts_with_the_first_pause_again(running: Running) -> None:
    shelf = Shelf([SinkError("away")] * 6)
    running.start(shelf, retry=Retry(initial_s=0.02, max_s=60, jitter=0, stable_s=0))
    until(lambda: shelf.opened == 1)
    began = time.monotonic()
    shelf.wake()
    until(lambda: running.publishers[0]._pauses is not None and time.monotonic() - began > 0.1)
    shelf.failures.append(SinkError("again"))
    shelf.wake()
    until(lambda: shelf.opened == 2, 0.6)


def test_the_end_does_not_wait_for_a_long_pause(running: Running, message: Any) -> None:
    shelf = Shelf([SinkError("away")] * 5)
    publisher = running.start(shelf, retry=Retry(initial_s=0.1, max_s=60, jitter=0))
    publisher.put(message(0), never)
    until(lambda: len(shelf.failures) == 0)  # 1.6 s are to follow, and were there more, 60
    began = time.monotonic()
    assert publisher.drain(began + 5) == 0
    assert time.monotonic() - began < 1.2


def test_every_sink_gets_every_message_of_its_kinds(message: Any) -> None:
    running = Running()
    shelves = [Shelf(), Shelf()]
    shelves[1].kinds = frozenset({"detections"})
    publishers = DeliveryGroup(
        [Delivery(shelf, f"s{at}", running.stats, running.beats) for at, shelf in enumerate(shelves)]
    )
    publishers.start(running.threads)
    shown = status("gate", "up", None, 0)
    publishers.status(shown)
    assert publishers.put(message(0), never)
    assert publishers.drain(5) == 0
    publishers.stop()
    assert running.threads.join(5) == []
    assert sorted(numbers(shelves[0].kept)) == sorted(numbers([message(0), shown]))
    assert numbers(shelves[1].kept) == numbers([message(0)])


def test_one_sink_that_gives_up_does_not_keep_the_others_from_a_message(message: Any) -> None:
    running = Running()
    shelf = Shelf()
    full = Delivery(Shelf(), "full", running.stats, running.beats, capacity=0)
    publishers = DeliveryGroup([full, Delivery(shelf, "good", running.stats, running.beats)])
    publishers.start(running.threads)
    assert not publishers.put(message(0, live=False), lambda: False)
    assert publishers.drain(5) == 0
    assert numbers(shelf.kept) == numbers([message(0)])
    publishers.stop()
    assert running.threads.join(5) == []
