"""The Kafka sink against tansu, and against the cluster that librdkafka plays."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_app.config import TlsConfig
from edge_app.core.errors import ConfigError, SinkError
from edge_app.publish import Message
from edge_app.publish.sinks.kafka import KafkaSinkConfig, cluster, sink
from edge_app.publish.sinks.sink import LoginError
from tests.kafka.fixtures import Tansu
from tests.kafka.login import PASSWORD, USER
from tests.ports import free_port
from tests.publish.conftest import Running, fast_backoff, never
from tests.waiting import PATIENCE_S, Stopwatch, until

TOPIC = "edge_app.detections"


def config(*brokers: str, **more: Any) -> KafkaSinkConfig:
    return KafkaSinkConfig(brokers=brokers, **more)


def seqs(kafka: Tansu, count: int, topic: str = TOPIC) -> list[int]:
    return [document["seq"] for _, document in kafka.read(topic, count)]


def in_order(numbers: list[int]) -> list[int]:
    """As they came first, without what came again."""
    return list(dict.fromkeys(numbers))


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    until(lambda: not rdkafka_threads())


def rdkafka_threads() -> list[str]:
    names = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            names.append((task / "comm").read_text())
    return [name for name in names if name.startswith("rdk:")]


def test_messages_arrive_in_order_in_the_topic_of_their_kind(kafka: Tansu, running: Running, message: Any) -> None:
    delivery = running.start(config(kafka.address, prefix="site.7").open())
    for number in range(300):
        delivery.put(message(number), never)
        delivery.put(replace(message(number, camera="yard"), kind="events"), never)
    delivery.put_state(Message(camera=None, kind="stats", payload=b'{"schema":"s"}', droppable=True))
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert kafka.read("site.7.detections", 300) == [(b"gate", {"seq": number}) for number in range(300)]
    assert kafka.read("site.7.events", 300) == [(b"yard", {"seq": number}) for number in range(300)]
    assert kafka.read("site.7.stats", 1) == [(None, {"schema": "s"})]


def test_a_broker_that_is_killed_gets_the_rest_when_it_is_back(kafka: Tansu, running: Running, message: Any) -> None:
    delivery = running.start(config(kafka.address).open(), backoff=fast_backoff())
    delivery.put(message(0), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    kafka.kill()
    for number in range(1, 300):
        delivery.put(message(number), never)
    until(lambda: delivery.status.state == "down")
    assert str(delivery.status.reason).startswith(f"{kafka.address}: ")  # in words of librdkafka's version
    kafka.start()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert in_order(seqs(kafka, 299)) == list(range(1, 300))
    assert delivery.status.state == "up"


def test_a_broker_that_hangs_up_while_nothing_is_sent_is_no_failure(
    kafka: Tansu, running: Running, message: Any
) -> None:
    delivery = running.start(config(kafka.address).open())
    delivery.put(message(0), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    for number in range(1, 4):
        kafka.line.cut()
        running.stop.wait(1.0)
        assert (delivery.status.state, running.metrics.total("publish_failed")) == ("up", 0)
        delivery.put(message(number), never)
        assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(kafka, 4) == list(range(4))


def test_lines_that_are_cut_change_no_order(kafka: Tansu, running: Running, message: Any) -> None:
    delivery = running.start(config(kafka.address).open(), backoff=fast_backoff())
    for number in range(900):
        delivery.put(message(number), never)
        if number % 300 == 150:
            running.stop.wait(0.1)
            kafka.line.cut()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert in_order(seqs(kafka, 900)) == list(range(900))


def test_a_frozen_broker_holds_the_thread_up_for_a_moment_only(
    kafka: Tansu, running: Running, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "ANSWER_S", 2.0)
    delivery = running.start(config(kafka.address).open(), backoff=fast_backoff())
    until(lambda: delivery.status.state == "up")
    kafka.freeze()
    for number in range(700):
        delivery.put(message(number), never)
    running.assert_beats("publish sink", longest_s=1.5)
    until(lambda: delivery.status.reason == f"{kafka.address}: a message was not confirmed in 2 s")
    running.assert_beats("publish sink", longest_s=1.5)  # now while it connects
    kafka.thaw()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert in_order(seqs(kafka, 700)) == list(range(700))


def test_messages_that_librdkafka_gives_up_are_kept_in_order(
    kafka: Tansu, running: Running, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "NEVER_MS", 1000)
        delivery = running.start(config(kafka.address).open(), backoff=fast_backoff())
        until(lambda: delivery.status.state == "up")
        kafka.freeze()
        for number in range(100):
            delivery.put(message(number), never)
        until(lambda: delivery.status.state == "down")
        assert running.metrics.total("published", sink="sink") == 0
    kafka.thaw()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert in_order(seqs(kafka, 100)) == list(range(100))


def test_a_stop_with_a_frozen_broker_takes_a_moment_only(kafka: Tansu, running: Running, message: Any) -> None:
    delivery = running.start(config(kafka.address).open())
    until(lambda: delivery.status.state == "up")
    kafka.freeze()
    delivery.put(message(0), never)
    watch = Stopwatch()
    assert running.end() == []
    assert watch.read() < 1.5
    until(lambda: not rdkafka_threads())
    kafka.thaw()


def test_a_message_that_is_too_large_does_not_keep_the_others_back(
    kafka: Tansu, running: Running, message: Any, caplog: Any
) -> None:
    delivery = running.start(config(kafka.address).open())
    for number in range(100):
        delivery.put(message(number), never)
        if number == 50:
            delivery.put(replace(message(1000), payload=b'"' + b"x" * 2_000_000 + b'"'), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(kafka, 100) == list(range(100))
    assert running.metrics.by("publish_dropped", "reason", sink="sink") == {"refused": 1}
    assert running.metrics.by("publish_refused", "code", sink="sink") == {"MSG_SIZE_TOO_LARGE": 1}
    assert (running.metrics.total("publish_failed"), delivery.status.state) == (0, "up")
    assert "detections of gate: refused: " in caplog.text


def test_messages_arrive_over_tls(start_kafka: Any, certificates: Path, running: Running, message: Any) -> None:
    kafka = start_kafka(certificates)
    trusting = config(kafka.address, tls=TlsConfig(ca=certificates / "ca.pem"))
    delivery = running.start(trusting.open())
    for number in range(300):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    secure = {"security.protocol": "ssl", "ssl.ca.location": str(certificates / "ca.pem")}
    assert [document["seq"] for _, document in kafka.read(TOPIC, 300, secure)] == list(range(300))
    assert trusting.probe() == f"{kafka.address}: 1 broker, TLS, no login"
    with pytest.raises(SinkError, match="certificate verify failed"):
        config(kafka.address, tls=TlsConfig(ca=certificates / "other.pem")).probe()
    assert config(kafka.address, tls=TlsConfig(verify=False)).probe().endswith("TLS, no login")


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_messages_arrive_with_a_login(
    start_kafka: Any, certificates: Path, running: Running, message: Any, encrypted: bool, mechanism: Any
) -> None:
    kafka = start_kafka(*([certificates] if encrypted else []), mechanism=mechanism)
    tls = TlsConfig(ca=certificates / "ca.pem") if encrypted else None
    known = config(kafka.address, tls=tls, username=USER, password=PASSWORD, mechanism=mechanism)
    assert known.probe().endswith("authenticated")
    delivery = running.start(known.open())
    for number in range(10):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_refused_login_waits_and_shows_no_password(
    start_kafka: Any, running: Running, caplog: Any, mechanism: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    kafka = start_kafka(mechanism=mechanism)
    wrong = config(kafka.address, username=USER, password="wr0ng-one", mechanism=mechanism)
    delivery = running.start(wrong.open())
    until(lambda: delivery.status.state == "down")
    assert "authentication refused" in str(delivery.status.reason)
    with pytest.raises(LoginError):
        wrong.probe()
    assert "wr0ng-one" not in caplog.text


def test_a_cluster_that_lets_nobody_be_idempotent_gets_one_request_at_a_time(
    start_kafka: Any, running: Running, message: Any, caplog: Any
) -> None:
    kafka = start_kafka(refuses_ids=31)  # CLUSTER_AUTHORIZATION_FAILED
    delivery = running.start(config(kafka.address).open(), backoff=fast_backoff())
    for number in range(300):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(kafka, 300) == list(range(300))
    assert caplog.text.count("does without idempotence from now on") == 1
    assert running.metrics.total("publish_failed", sink="sink") == 1


def test_probing_says_what_it_found(kafka: Tansu, certificates: Path) -> None:
    assert config(kafka.address).probe() == f"{kafka.address}: 1 broker, not encrypted, no login"
    dead = f"127.0.0.1:{free_port()}"
    assert config(dead, kafka.address).probe() == f"{dead}: 1 broker, not encrypted, no login"
    with pytest.raises(SinkError, match="Connection refused"):
        config(dead).probe()
    with pytest.raises(SinkError, match="name not found"):
        config("no-such-host.invalid:9092").probe()
    with pytest.raises(ConfigError, match="no such file"):
        config(kafka.address, tls=TlsConfig(ca=certificates / "none.pem")).open()


def test_a_port_that_does_not_answer_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SinkError, match=r"no .*answer"):
        config(f"127.0.0.1:{silent.getsockname()[1]}").probe()


def test_an_outage_is_one_line_in_the_log(running: Running, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    delivery = running.start(config(f"127.0.0.1:{free_port()}").open(), backoff=fast_backoff())
    until(lambda: running.metrics.total("publish_failed", sink="sink") > 5)
    assert len(caplog.records) == 1
    assert delivery.status.reason is not None
    assert "in state" not in delivery.status.reason
