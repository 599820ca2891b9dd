"""The queue in front of a sink: what it holds back, what it drops, and in which order messages leave it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from edge_app.publish.queue import MessageQueue
from tests.publish.conftest import never, payloads, shown
from tests.waiting import PATIENCE_S, Stopwatch


@pytest.fixture
def dropped() -> list[int]:
    return []


@pytest.fixture
def queue(dropped: list[int]) -> MessageQueue:
    return MessageQueue(3, lambda: dropped.append(1))


def drained(queue: MessageQueue) -> Iterator[bytes]:
    while (message := queue.take(0)) is not None:
        yield message.payload


def test_a_full_queue_drops_its_oldest_live_message(queue: MessageQueue, dropped: list[int], message: Any) -> None:
    kept = [message(0), message(1, live=False), message(2), message(3)]
    assert all(queue.put(each, never) for each in kept)
    assert list(drained(queue)) == payloads(kept[1:])
    assert len(dropped) == 1


def test_events_are_dropped_last(queue: MessageQueue, dropped: list[int], message: Any) -> None:
    first, *events = [dataclasses.replace(message(number), kind="events") for number in range(4)]
    kept = [first, message(4), *events]
    assert all(queue.put(each, never) for each in kept)
    assert list(drained(queue)) == payloads(events)
    assert len(dropped) == 2


def test_no_event_goes_for_detections(queue: MessageQueue, dropped: list[int], message: Any) -> None:
    events = [dataclasses.replace(message(number), kind="events") for number in range(3)]
    assert all(queue.put(each, never) for each in events)
    assert not queue.put(message(3), never)
    assert list(drained(queue)) == payloads(events)
    assert len(dropped) == 1


def test_a_live_message_never_drives_out_a_finite_one(queue: MessageQueue, dropped: list[int], message: Any) -> None:
    finite = [message(number, live=False) for number in range(3)]
    assert all(queue.put(each, never) for each in finite)
    assert not queue.put(message(3), never)
    assert list(drained(queue)) == payloads(finite)
    assert len(dropped) == 1


def test_a_finite_message_waits_for_room_as_long_as_it_is_told_to(queue: MessageQueue, message: Any) -> None:
    for number in range(3):
        queue.put(message(number), never)
    answers = [True, False]
    watch = Stopwatch()
    assert not queue.put(message(3, live=False), lambda: answers.pop(0))
    assert answers == []
    assert watch.read() < 1.5
    assert len(list(drained(queue))) == 3


def test_room_lets_a_waiting_message_in_at_once(
    queue: MessageQueue, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_app.publish.queue.SLICE_S", 3600)  # nobody looks again by himself
    for number in range(3):
        queue.put(message(number, live=False), never)
    thread = threading.Thread(target=lambda: queue.put(message(3, live=False), never), daemon=True)
    thread.start()
    assert queue.take(0) is not None
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert len(list(drained(queue))) == 3


def test_what_was_in_flight_comes_again_first_and_in_order(queue: MessageQueue, message: Any) -> None:
    sent = [message(number) for number in range(3)]
    for each in sent:
        queue.put(each, never)
    assert queue.take(0) is sent[0]
    assert queue.take(0) is sent[1]
    queue.delivered([sent[0]])
    queue.reconnect()
    assert list(drained(queue)) == payloads(sent[1:])


def test_only_the_newest_status_of_a_camera_waits_and_comes_again_with_every_connection(
    queue: MessageQueue, message: Any
) -> None:
    made = [shown(name, state) for name, state in (("a", "up"), ("b", "up"), ("a", "down"))]
    queue.put(message(0), never)
    for each in made:
        queue.put_state(each)
    assert list(drained(queue)) == [made[2].payload, made[1].payload, message(0).payload]
    queue.reconnect()
    assert sorted(drained(queue)) == sorted([made[2].payload, made[1].payload, message(0).payload])


def test_draining_counts_what_is_queued_and_in_flight_but_no_status(queue: MessageQueue, message: Any) -> None:
    sent = [message(0), message(1)]
    for each in sent:
        queue.put(each, never)
    queue.put_state(shown("a", "up"))
    assert [queue.take(0), queue.take(0)][1] is sent[0]
    assert queue.drain(time.monotonic() + 0.05) == 2
    queue.delivered(sent)
    assert queue.drain(time.monotonic() + 0.05) == 1


def test_a_closed_queue_takes_nothing_and_holds_nobody(queue: MessageQueue, message: Any) -> None:
    for number in range(3):
        queue.put(message(number, live=False), never)
    queue.close()
    assert not queue.put(message(3, live=False), never)
    assert not queue.put(message(3), never)
    watch = Stopwatch()
    assert queue.drain(time.monotonic() + 5) == 3
    queue.pause(5)
    assert watch.read() < 1


def test_alone_a_message_waits_until_nothing_is_in_flight(queue: MessageQueue, message: Any) -> None:
    first, second = message(0), message(1)
    queue.put(first, never)
    queue.put(second, never)
    assert queue.take(0, alone=True) is first
    assert queue.take(0, alone=True) is None
    queue.delivered([first])
    assert queue.take(0, alone=True) is second


@pytest.mark.parametrize("kind", ["message", "status"])
def test_what_is_to_go_last_goes_after_another_was_delivered(queue: MessageQueue, message: Any, kind: str) -> None:
    bad, good, better = shown("gate", "up") if kind == "status" else message(0), message(1), message(2)
    (queue.put_state if kind == "status" else lambda each: queue.put(each, never))(bad)
    queue.put(good, never)
    queue.put(better, never)
    assert queue.take(0) is bad
    queue.reconnect(last=bad)
    assert queue.undelivered == (2 if kind == "status" else 3)
    assert queue.take(0) is good
    queue.delivered([good])
    assert queue.take(0) is bad
    assert queue.take(0) is better


def test_what_is_to_go_last_goes_when_there_is_nothing_else(queue: MessageQueue, message: Any) -> None:
    bad = message(0)
    queue.put(bad, never)
    queue.take(0)
    queue.reconnect(last=bad)
    queue.close_if_idle()
    assert not queue.closed
    assert queue.take(0) is bad


def test_an_old_status_that_was_to_go_last_is_not_sent_after_a_newer_one(queue: MessageQueue, message: Any) -> None:
    old, new = shown("gate", "up"), shown("gate", "down")
    queue.put_state(old)
    queue.take(0)
    queue.reconnect(last=old)
    queue.put_state(new)
    assert queue.take(0) is new
    queue.delivered([new])
    assert queue.take(0) is None
    queue.close_if_idle()
    assert queue.closed


def test_what_is_set_aside_never_comes_again(queue: MessageQueue, message: Any) -> None:
    bad, status = message(0), shown("gate", "up")
    queue.put(bad, never)
    queue.put_state(status)
    assert [queue.take(0), queue.take(0)] == [status, bad]
    assert queue.oldest_in_flight() is status
    queue.set_aside(status, "refused")
    assert queue.oldest_in_flight() is bad
    queue.set_aside(bad, "refused")
    queue.reconnect()
    assert queue.take(0) is None
    queue.close_if_idle()
    assert queue.closed
