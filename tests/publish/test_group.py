"""All sinks together: what each of them gets, and how they come and go while messages flow."""

from __future__ import annotations

import json
import os
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from edge_app.core.errors import AccessError, SinkError, StoppedError
from edge_app.core.files import locked
from edge_app.publish import ClosedOutput, Delivery, DeliveryGroup, DeliveryPolicy, Message
from edge_app.publish.policy import EVERYTHING
from edge_app.publish.sinks.file import FileSinkConfig
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from edge_app.publish.sinks.stdout import StdoutSink
from edge_app.publish.spool.config import SpoolConfig
from tests.broker.fixtures import Broker
from tests.publish.conftest import Running, Shelf, never, payloads, shown
from tests.waiting import PATIENCE_S, Stopwatch, until


def lost(leaving: Delivery) -> int:
    """How many messages a removed sink did not deliver, once it has ended."""
    assert leaving.join(PATIENCE_S)
    return leaving.status.queued


def seqs(path: Path) -> list[int]:
    return [json.loads(line)["seq"] for line in path.read_text().splitlines()]


def test_every_sink_gets_every_message_of_its_kinds(running: Running, message: Any) -> None:
    shelves = [Shelf(), Shelf()]
    shelves[1].kinds = frozenset({"detections"})
    for number, shelf in enumerate(shelves):
        running.group.add(f"s{number}", shelf)
    up = shown("gate", "up")
    running.group.put_state(up)
    assert running.group.put(message(0), never)
    assert running.group.drain(PATIENCE_S) == 0
    assert sorted(payloads(shelves[0].kept)) == sorted(payloads([message(0), up]))
    assert payloads(shelves[1].kept) == payloads([message(0)])


def test_one_sink_that_gives_up_does_not_keep_the_others_from_a_message(running: Running, message: Any) -> None:
    full, good = Shelf(), Shelf()
    full.room.clear()
    group = DeliveryGroup(running.threads, running.heartbeats, running.metrics, capacity=1)
    group.add("full", full)
    for number in range(2):  # one with the sink, one queued
        assert group.put(message(number, live=False), lambda: True)
    group.add("good", good)
    assert not group.put(message(2, live=False), lambda: False)
    until(lambda: payloads(good.kept) == payloads([message(2)]))
    group.stop()
    assert running.threads.join(PATIENCE_S) == []


def test_a_sink_that_comes_later_gets_the_newest_status_of_every_camera(
    running: Running, broker: Broker, subscribe: Any
) -> None:
    for camera, state in (("gate", "connecting"), ("yard", "up"), ("gate", "up")):
        running.group.put_state(shown(camera, state))
    subscriber = subscribe(broker)
    running.group.add("mqtt", MqttSinkConfig(host="127.0.0.1", port=broker.port).open())
    subscriber.wait_for(lambda: subscriber.on("edge_app/gate/status") and subscriber.on("edge_app/yard/status"))
    assert subscriber.on("edge_app/gate/status") == [shown("gate", "up").payload]
    assert subscriber.on("edge_app/yard/status") == [shown("yard", "up").payload]


def test_a_sink_that_is_removed_has_got_all_that_was_queued_for_it_and_nothing_after(
    running: Running, message: Any, tmp_path: Path
) -> None:
    paths = {name: tmp_path / name for name in ("stays", "goes")}
    for name, path in paths.items():
        running.group.add(name, FileSinkConfig(path=path).open())
    for number in range(500):
        running.group.put(message(number), never)
    assert lost(running.group.remove("goes", 5)) == 0
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "publish goes"])
    assert "publish goes" not in running.heartbeats._last
    assert list(running.group.statuses()) == ["stays"]
    running.group.put(message(500), never)
    assert running.group.drain(PATIENCE_S) == 0
    assert seqs(paths["goes"]) == list(range(500))
    assert seqs(paths["stays"]) == list(range(501))


def test_a_broker_that_is_removed_sees_us_leave(running: Running, message: Any, broker: Broker, subscribe: Any) -> None:
    subscriber = subscribe(broker)
    running.group.add("mqtt", MqttSinkConfig(host="127.0.0.1", port=broker.port).open())
    for number in range(100):
        running.group.put(message(number, live=False), lambda: True)
    assert lost(running.group.remove("mqtt", PATIENCE_S)) == 0
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online", b"offline"])
    assert len(subscriber.on("edge_app/gate/detections")) == 100


def test_removing_a_sink_that_is_down_takes_no_longer_than_it_may_and_says_what_is_lost(
    running: Running, message: Any
) -> None:
    running.group.add("away", Shelf([SinkError("away")] * 10_000))
    for number in range(3):
        running.group.put(message(number), never)
    began, watch = time.monotonic(), Stopwatch()
    assert lost(running.group.remove("away", 0.3)) == 3
    assert time.monotonic() - began >= 0.3
    assert watch.read() < 2


def test_a_finite_message_does_not_wait_for_a_sink_that_is_removed(running: Running, message: Any) -> None:
    full = Shelf()
    full.room.clear()
    group = DeliveryGroup(running.threads, running.heartbeats, running.metrics, capacity=1)
    group.add("full", full)
    taken = []
    thread = threading.Thread(
        target=lambda: taken.extend(group.put(message(n, live=False), lambda: True) for n in range(5))
    )
    thread.start()
    until(lambda: len(taken) == 2)  # one is with the sink, one is queued, and the third waits for room
    assert lost(group.remove("full", 0.1)) == 2
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert taken == [True, True, False, True, True]


def test_sinks_come_and_go_while_messages_flow(running: Running, message: Any, tmp_path: Path) -> None:
    group, stop, numbers = running.group, threading.Event(), count()
    group.add("stays", FileSinkConfig(path=tmp_path / "stays").open())

    def delivered() -> int:
        return running.metrics.total("published", sink="comes")

    def flow() -> None:
        while not stop.is_set():
            number = next(numbers)
            group.put(message(number, live=False), lambda: True)
            group.put_state(shown(f"camera{number % 7}", "up"))

    thread = threading.Thread(target=flow)
    thread.start()
    try:
        for visit in range(20):
            running.metrics.clear()
            group.add("comes", FileSinkConfig(path=tmp_path / f"comes{visit}").open())
            until(lambda: delivered() >= 20)
            assert lost(group.remove("comes", 5)) == 0
    finally:
        stop.set()
        thread.join()
    assert group.drain(PATIENCE_S) == 0
    assert seqs(tmp_path / "stays") == list(range(next(numbers)))
    for visit in range(20):
        part = seqs(tmp_path / f"comes{visit}")
        assert part == list(range(part[0], part[0] + len(part)))


def test_a_name_is_taken_once_and_free_again_after_a_removal(running: Running, message: Any) -> None:
    shelves = [Shelf(), Shelf()]
    running.group.add("one", shelves[0])
    with pytest.raises(ValueError, match="a sink one already"):
        running.group.add("one", shelves[1])
    lost(running.group.remove("one", 0))
    with pytest.raises(KeyError):
        running.group.remove("one", 0)
    running.group.add("one", shelves[1])
    running.group.put(message(0), never)
    assert running.group.drain(PATIENCE_S) == 0
    assert (shelves[0].kept, payloads(shelves[1].kept)) == ([], payloads([message(0)]))


def test_removing_a_sink_that_is_stuck_waits_for_nothing_and_does_not_silence_the_watchdog(
    running: Running, message: Any
) -> None:
    stuck, free = Shelf(), threading.Event()
    stuck.send = lambda message: free.wait()
    running.group.add("stuck", stuck)
    running.group.put(message(0), never)
    until(lambda: running.group.statuses()["stuck"].queued == 1)
    watch = Stopwatch()
    leaving = running.group.remove("stuck", 0.1)
    assert watch.read() < 0.5
    assert running.heartbeats.silent(0) == []
    assert running.group.statuses() == {}
    with pytest.raises(ValueError, match="stuck"):
        running.group.add("stuck", Shelf())
    assert not leaving.join(0)
    free.set()
    assert lost(leaving) == 1
    running.group.add("stuck", Shelf())


def test_what_a_removed_sink_has_lost_is_told(running: Running, message: Any, caplog: Any) -> None:
    running.group.add("away", Shelf([SinkError("away")] * 10_000))
    running.group.put(message(0), never)
    assert lost(running.group.remove("away", 0.1)) == 1
    assert "away: removed, and 1 messages were not delivered" in caplog.text
    assert running.group.drain(PATIENCE_S) == 0  # what was told is not told again at the end


def test_a_closed_standard_output_ends_only_itself_where_other_sinks_go_on(
    running: Running, message: Any, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        running.group.add("stdout", StdoutSink(stream))
        running.group.add("file", FileSinkConfig(path=tmp_path / "a").open())
        assert running.group.put(message(0), never)
        os.close(reader)
        until(lambda: running.metrics.total("published", sink="file") == 1)
        assert running.group.put(message(1), never)
        until(lambda: running.group.statuses()["stdout"].state == "down")
        for number in range(2, 5):
            assert running.group.put(message(number, live=False), never)
        assert running.group.drain(PATIENCE_S) == 0
        status = running.group.statuses()["stdout"]
        assert (status.reason, status.queued) == ("nobody reads the standard output any more", 0)
        assert seqs(tmp_path / "a") == list(range(5))
        assert not running.stop.is_set()
        lost(running.group.remove("stdout", 0))
        assert list(running.group.statuses()) == ["file"]


def test_the_last_sink_whose_reader_leaves_ends_the_program(running: Running, message: Any) -> None:
    running.group.add("stdout", Shelf())
    running.group.add("other", StdoutSink(None))
    until(lambda: running.group.statuses()["other"].state == "down")
    lost(running.group.remove("stdout", 0))
    running.group.add("another", StdoutSink(None))
    assert running.stop.wait(PATIENCE_S)
    assert isinstance(running.threads.error, ClosedOutput)


def test_a_status_tells_how_a_sink_is_doing_and_since_when(running: Running, message: Any) -> None:
    group, shelf = running.group, Shelf([SinkError("no disk")] * 5 + [SinkError("no network")] * 10_000)
    before = time.time()
    group.add("shelf", shelf)
    assert group.statuses()["shelf"].state in ("connecting", "down")
    group.put(message(0), never)
    until(lambda: group.statuses()["shelf"].reason == "no network")
    down = group.statuses()["shelf"]
    assert (down.state, down.queued) == ("down", 1)
    assert before <= down.since <= time.time()
    shelf.failures = []
    until(lambda: group.statuses()["shelf"].state == "up")
    up = group.statuses()["shelf"]
    assert (up.reason, up.since >= down.since) == (None, True)
    assert group.drain(PATIENCE_S) == 0
    assert group.statuses()["shelf"].queued == 0


def test_a_sink_is_connecting_until_it_is_open(running: Running) -> None:
    slow = Shelf()
    slow.open = lambda wake: running.stop.wait(0.05)
    running.group.add("slow", slow)
    until(lambda: "publish slow" in running.heartbeats._last)
    status = running.group.statuses()["slow"]
    assert (status.state, status.reason, status.queued) == ("connecting", None, 0)


def test_a_report_of_statistics_is_a_status_of_the_whole_program(running: Running) -> None:
    shelf = Shelf()
    shelf.kinds = frozenset({"stats"})
    for number in range(3):
        running.group.put_state(Message(camera=None, kind="stats", payload=b"%d" % number, droppable=True))
    running.group.add("shelf", shelf)
    until(lambda: payloads(shelf.kept) == [b"2"])


def test_a_sink_that_comes_too_late_is_not_started(running: Running) -> None:
    running.group.stop()
    with pytest.raises(StoppedError):
        running.group.add("late", Shelf())
    assert running.threads.join(PATIENCE_S) == []


def test_what_a_removed_sink_still_has_to_deliver_counts_at_the_end(running: Running, message: Any) -> None:
    full = Shelf()
    full.room.clear()
    running.group.add("full", full)
    assert running.group.put(message(0), never)
    leaving = running.group.remove("full", PATIENCE_S)
    assert running.group.statuses() == {}
    assert running.group.drain(0.01) == 1
    with pytest.raises(ValueError, match="full"):
        running.group.add("full", Shelf())
    full.room.set()
    assert running.group.drain(PATIENCE_S) == 0
    assert lost(leaving) == 0
    running.group.add("full", Shelf())


def test_a_sink_that_is_replaced_loses_nothing_of_what_comes_meanwhile_and_all_is_in_order(
    running: Running, message: Any, tmp_path: Path
) -> None:
    paths = [tmp_path / str(number) for number in range(5)]
    running.group.add("file", FileSinkConfig(path=paths[0]).open())
    stop, sent = threading.Event(), count()

    def send() -> None:
        while not stop.is_set():
            running.group.put(message(next(sent), live=False), lambda: True)

    thread = threading.Thread(target=send)
    thread.start()
    for path in paths[1:]:
        until(lambda: running.metrics.total("published", sink="file") > 0)
        running.group.replace("file", FileSinkConfig(path=path).open(), EVERYTHING, 10)
        until(path.exists)
    stop.set()
    thread.join()
    assert running.group.drain(PATIENCE_S) == 0
    assert [seq for path in paths for seq in seqs(path)] == list(range(next(sent)))


def test_what_comes_for_a_sink_that_could_not_be_replaced_waits_for_the_next_one(
    running: Running, message: Any, tmp_path: Path
) -> None:
    spools = tmp_path / "spool"
    spools.mkdir()
    (spools / "s.lock").touch()
    group = DeliveryGroup(running.threads, running.heartbeats, running.metrics, capacity=3, spools=spools)
    group.add("s", Shelf())
    spooled = DeliveryPolicy(spool=SpoolConfig(detections="always"))
    with locked(spools / "s.lock"), pytest.raises(AccessError):
        group.replace("s", Shelf(), spooled, 1)
    for number in range(4):
        assert group.put(message(number, live=True), never) == (number < 3)
    assert group.statuses()["s"].queued == 3
    assert group.drain(0) == 3
    assert running.metrics.total("publish_dropped", sink="s", reason="queue") == 1
    shelf = Shelf()
    group.replace("s", shelf, spooled, 1)
    until(lambda: payloads(shelf.kept) == payloads([message(number) for number in range(3)]))
    group.stop()
    assert running.threads.join(PATIENCE_S) == []
