"""The thread of a sink, which outlives every failure of it."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from edge_app.core.backoff import Backoff
from edge_app.core.errors import SinkError
from edge_app.publish import Message
from edge_app.publish.sinks.sink import BusyError, LoginError, OutageError, RefusedError, UnwantedError
from edge_app.publish.suspects import FORGET_S, STRIKES, Suspects
from tests.publish.conftest import Running, Shelf, fast_backoff, never, payloads, shown
from tests.waiting import PATIENCE_S, Stopwatch, until


def test_a_sink_that_fails_is_opened_again_and_told_of_once(running: Running, message: Any, caplog: Any) -> None:
    shelf = Shelf([SinkError("no disk"), SinkError("no disk"), SinkError("no network")])
    with caplog.at_level(logging.INFO):
        delivery = running.start(shelf, backoff=fast_backoff())
        delivery.put(message(0), never)
        assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert [record.getMessage() for record in caplog.records] == [
        "sink: down: no disk; trying again",
        "sink: down: no network; trying again",
        "sink: up",
    ]
    assert running.metrics.total("publish_failed", sink="sink") == 3
    assert payloads(shelf.kept) == payloads([message(0)])


def test_what_was_not_confirmed_is_sent_again_after_a_failure(running: Running, message: Any) -> None:
    shelf = Shelf(confirms=False)
    delivery = running.start(shelf, backoff=fast_backoff())
    sent = [message(number) for number in range(3)]
    for each in sent:
        delivery.put(each, never)
    until(lambda: len(shelf.kept) == 3)
    shelf.confirms = True
    shelf.failures.append(SinkError("gone"))
    shelf.wake()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert payloads(shelf.kept) == payloads(sent + sent)
    assert running.end() == []
    assert (shelf.opened, shelf.closed) == (2, 2)


def test_a_message_that_finds_no_room_is_offered_until_it_does(running: Running, message: Any) -> None:
    shelf = Shelf()
    shelf.room.clear()
    delivery = running.start(shelf)
    for number in range(3):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + 0.2) == 3
    shelf.room.set()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert payloads(shelf.kept) == payloads([message(number) for number in range(3)])


def test_the_loop_beats_whether_idle_or_down_and_is_forgotten_at_its_end(running: Running) -> None:
    running.start(Shelf(), "idle")
    running.start(Shelf([SinkError("away")] * 99), "down", backoff=Backoff(initial_s=5))
    until(lambda: set(running.heartbeats._last) == {"publish idle", "publish down"})
    for _ in range(4):
        running.assert_beats("publish idle", "publish down", longest_s=1.0)
    assert running.end() == []
    assert running.heartbeats._last == {}


def test_a_bug_in_a_sink_ends_the_program(message: Any) -> None:
    running = Running()
    shelf = Shelf()
    shelf.confirmed = lambda: 1 / 0
    delivery = running.start(shelf)
    assert running.stop.wait(PATIENCE_S)
    assert isinstance(running.threads.error, ZeroDivisionError)
    running.threads.join(PATIENCE_S)
    assert not delivery.put(message(0, live=False), never)


def test_pauses_double_up_to_the_longest_and_are_jittered() -> None:
    backoff, constant = Backoff(), Backoff(max_s=1)
    for most in (1, 2, 4, 8, 16, 30, 30, 30):
        assert 0.7 * most <= backoff.pause(0) <= most
    assert len({constant.pause(0) for _ in range(9)}) > 1


def test_a_refused_login_waits_for_a_minute_unless_told_otherwise() -> None:
    assert Backoff().pause(0, login_refused=True) == 60
    assert Backoff(refused_s=0.1, max_s=0.05).pause(0, login_refused=True) == 0.1


def test_a_refused_login_is_asked_again_after_its_own_pause(running: Running) -> None:
    shelf = Shelf([LoginError("who?")])
    began, watch = time.monotonic(), Stopwatch()
    running.start(shelf, backoff=Backoff(initial_s=0, max_s=0.1, refused_s=0.4))
    until(lambda: shelf.opened)
    assert time.monotonic() - began >= 0.4
    assert watch.read() < 2


def test_a_sink_that_was_up_long_enough_starts_with_the_first_pause_again(running: Running) -> None:
    shelf = Shelf([SinkError("away")] * 6)
    running.start(shelf, backoff=Backoff(initial_s=0.02, max_s=60, jitter=0, stable_s=0.1))
    until(lambda: shelf.opened == 1)
    running.stop.wait(0.2)  # the next pause would be 1.28 s
    watch = Stopwatch()
    shelf.failures.append(SinkError("again"))
    shelf.wake()
    until(lambda: shelf.opened == 2)
    assert watch.read() < 0.6


def test_the_end_does_not_wait_for_a_long_pause(running: Running, message: Any) -> None:
    shelf = Shelf([SinkError("away")] * 5)
    delivery = running.start(shelf, backoff=Backoff(initial_s=0.1, max_s=60, jitter=0))
    delivery.put(message(0), never)
    until(lambda: len(shelf.failures) == 0)  # 1.6 s are to follow, and were there more, 60
    watch = Stopwatch()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert watch.read() < 1.2


def refused(running: Running) -> int:
    return running.metrics.total("publish_dropped", sink="sink", reason="refused")


def test_a_message_that_is_refused_for_good_is_set_aside_and_the_sink_stays_open(
    running: Running, message: Any, caplog: Any
) -> None:
    shelf = Shelf()
    sent = [message(number) for number in range(5)]
    shelf.refuses = {sent[1].payload: "too long", sent[2].payload: "too long"}
    delivery = running.start(shelf, backoff=fast_backoff())
    for each in sent:
        delivery.put(each, never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert payloads(shelf.kept) == payloads([sent[0], *sent[3:]])
    assert (shelf.opened, refused(running), delivery.status.state) == (1, 2, "up")
    told = [record.getMessage() for record in caplog.records if "too long" in record.getMessage()]
    assert told == ["sink: a message is set aside, as others like it will be: detections of gate: too long"]
    running.end()
    assert "sink: refused and set aside in all: 2" in caplog.text


def test_a_message_can_be_refused_as_it_is_handed_over(running: Running, message: Any) -> None:
    shelf, take = Shelf(), Shelf.send

    def send(each: Message) -> bool:
        if each.payload == message(0).payload:
            raise RefusedError(each, "too long")
        return take(shelf, each)

    shelf.send = send  # type: ignore[method-assign]
    delivery = running.start(shelf)
    for number in range(2):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert (payloads(shelf.kept), refused(running)) == (payloads([message(1)]), 1)


def test_a_refused_status_comes_again_only_when_it_changes(running: Running) -> None:
    shelf = Shelf()
    shelf.refuses = {shown("gate", "up").payload: "no"}
    delivery = running.start(shelf, backoff=fast_backoff())
    delivery.put_state(shown("gate", "up"))
    until(lambda: refused(running) == 1)
    shelf.failures.append(SinkError("away"))
    shelf.wake()
    until(lambda: shelf.opened == 2)
    delivery.put_state(shown("gate", "down"))
    until(lambda: payloads(shelf.kept) == [shown("gate", "down").payload])
    assert refused(running) == 1


def test_a_sink_that_refuses_all_it_gets_is_down_until_it_takes_something(running: Running, message: Any) -> None:
    shelf = Shelf()
    shelf.refuses = {message(0).payload: "not allowed"}
    delivery = running.start(shelf)
    delivery.put(message(0), never)
    until(lambda: delivery.status.reason == "not allowed")
    delivery.put(message(1), never)
    until(lambda: delivery.status.state == "up")


def test_a_message_at_which_a_sink_breaks_again_and_again_is_set_aside(running: Running, message: Any) -> None:
    shelf = Shelf()
    shelf.breaks_at = {message(1, camera="bad").payload}
    delivery = running.start(shelf, backoff=fast_backoff())
    delivery.put_state(shown("gate", "up"))
    delivery.put(message(0), never)
    delivery.put(message(1, camera="bad"), never)
    for number in range(2, 9):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert payloads([each for each in shelf.kept if each.kind != "status"]) == payloads(
        [message(number) for number in range(9) if number != 1]
    )
    assert (refused(running), delivery.status.state) == (1, "up")


def test_a_sink_that_takes_nothing_else_either_loses_no_message(running: Running, message: Any) -> None:
    shelf = Shelf()
    shelf.breaks_at = {message(0).payload}
    delivery = running.start(shelf, backoff=fast_backoff())
    delivery.put(message(0), never)
    until(lambda: running.metrics.total("publish_failed", sink="sink") >= 3 * STRIKES)
    assert (refused(running), delivery.status.queued) == (0, 1)


@pytest.mark.parametrize("error", [OutageError("502"), LoginError("401")], ids=["outage", "login"])
def test_an_outage_puts_no_message_before_another_and_sets_none_aside(
    running: Running, message: Any, error: SinkError
) -> None:
    outages = STRIKES + 1

    class Unwell(Shelf):
        def send(self, message: Message) -> bool:
            nonlocal outages
            if self.kept and outages:
                outages -= 1
                raise error
            return super().send(message)

    shelf = Unwell()
    delivery = running.start(shelf, backoff=fast_backoff())
    for number in range(5):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert (payloads(shelf.kept), refused(running), outages) == (payloads(list(map(message, range(5)))), 0, 0)


def test_what_a_sink_was_told_to_leave_out_is_counted_by_its_reason_and_nothing_is_wrong(
    running: Running, message: Any, caplog: Any
) -> None:
    class Choosy(Shelf):
        def send(self, message: Message) -> bool:
            if message.camera == "gate":
                return super().send(message)
            raise UnwantedError(message, "it is night", "quiet" if message.camera == "yard" else None)

    delivery = running.start(Choosy())
    for number, camera in enumerate(["yard", "yard", "shed", "gate"]):
        delivery.put(message(number, camera=camera), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert running.metrics.by("publish_dropped", "reason", sink="sink") == {"quiet": 2}
    assert (delivery.status.state, caplog.records) == ("up", [])
    assert running.metrics.total("published", sink="sink") == 1


def test_a_busy_sink_is_left_alone_for_as_long_as_it_asks(running: Running, message: Any) -> None:
    shelf = Shelf([BusyError("busy", retry_s=0.4)])
    began, watch = time.monotonic(), Stopwatch()
    delivery = running.start(shelf, backoff=fast_backoff())
    delivery.put(message(0), never)
    until(lambda: shelf.opened)
    assert time.monotonic() - began >= 0.4
    assert watch.read() < 2
    until(lambda: payloads(shelf.kept) == payloads([message(0)]))


def test_a_message_is_suspected_by_what_it_breaks_and_cleared_by_what_comes_after_it(message: Any) -> None:
    suspects = Suspects()
    for _ in range(STRIKES - 1):
        assert not suspects.broke(message(0), took_others=True)  # another object each time: another message
    big = Message(camera="gate", kind="detections", payload=b"x" * 100, droppable=True)
    for _ in range(STRIKES - 1):
        assert not suspects.broke(big, took_others=True)
    assert not suspects.broke(big, took_others=False)
    assert suspects.alone
    suspects.gone([message(1)])
    assert not suspects.alone
    assert [suspects.broke(big, took_others=True) for _ in range(STRIKES)] == [False, False, True]
    assert suspects.known(Message(camera="gate", kind="detections", payload=b"y" * 100, droppable=True))
    assert not suspects.known(Message(camera="gate", kind="detections", payload=b"y" * 99, droppable=True))
    assert not suspects.known(Message(camera="yard", kind="detections", payload=b"y" * 100, droppable=True))
    assert not suspects.known(Message(camera="gate", kind="events", payload=b"y" * 100, droppable=True))


def test_what_a_sink_broke_at_is_tried_again_later(message: Any, monkeypatch: Any) -> None:
    suspects, bad = Suspects(), message(0)
    assert [suspects.broke(bad, took_others=True) for _ in range(STRIKES)][-1]
    assert suspects.known(bad)
    later = time.monotonic() + FORGET_S
    monkeypatch.setattr("edge_app.publish.suspects.time.monotonic", lambda: later)
    assert not suspects.known(bad)


def test_a_newer_status_takes_over_the_suspicion_of_the_one_before() -> None:
    suspects = Suspects()
    states = [shown("gate", "up", since) for since in range(STRIKES)]
    assert [suspects.broke(each, took_others=True) for each in states] == [False, False, True]
