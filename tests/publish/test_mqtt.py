"""The MQTT sink against real brokers."""

from __future__ import annotations

import gc
import json
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge_app.config import TlsConfig
from edge_app.core.backoff import Backoff
from edge_app.core.errors import ConfigError, SinkError
from edge_app.publish import Delivery, Message
from edge_app.publish.sinks.mqtt import MqttSink, MqttSinkConfig
from tests.broker.fixtures import PASSWORD, USER, Broker, Subscriber, Throttle
from tests.ports import free_port
from tests.publish.conftest import Running, never, shown
from tests.waiting import PATIENCE_S, Stopwatch, until
from tests.wire import Wire

TOPIC = "edge_app/gate/detections"


def config(port: int, **more: Any) -> MqttSinkConfig:
    return MqttSinkConfig(host="127.0.0.1", port=port, **more)


def fast() -> Backoff:
    return Backoff(initial_s=0.1, max_s=0.2, refused_s=0.3)


def login(broker: Broker, password: str = PASSWORD) -> MqttSinkConfig:
    return config(broker.port, tls=TlsConfig(ca=broker.ca), username=USER, password=password)


def patient() -> bool:
    return True


def seqs(subscriber: Subscriber) -> list[int]:
    return [json.loads(payload)["seq"] for payload in subscriber.on(TOPIC)]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1])
def test_messages_arrive_in_order_on_the_topic_of_their_camera(
    broker: Broker, subscribe: Any, running: Running, message: Any, version: str, qos: int
) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port, version=version, qos=qos).open())
    for number in range(300):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: len(subscriber.on(TOPIC)) == 300)
    assert seqs(subscriber) == list(range(300))
    assert running.metrics.total("published", sink="sink") == 300


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_messages_arrive_in_websockets(
    broker: Broker, subscribe: Any, running: Running, message: Any, version: str
) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.web_port, version=version, transport="websockets").open(), backoff=fast())
    for number in range(100):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    broker.kill()
    for number in range(100, 200):
        delivery.put(message(number), never)
    until(lambda: delivery.status.state == "down")
    broker.start()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: list(dict.fromkeys(seqs(subscriber))) == list(range(200)))
    assert subscriber.on("edge_app/available")[0] == b"online"


def test_a_stop_in_a_websocket_that_is_not_answered_shows_as_offline(broker: Broker, running: Running) -> None:
    running.start(config(broker.web_port, transport="websockets").open())
    until(lambda: "edge_app/available" in broker.log())
    broker.freeze()
    watch = Stopwatch()
    assert running.end() == []
    assert watch.read() < 2
    broker.thaw()
    late = Subscriber(broker, "late")
    late.wait_for(lambda: late.on("edge_app/available")[-1:] == [b"offline"])
    late.close()


def test_a_websocket_may_be_encrypted_and_says_when_there_is_none(
    tls_broker: Broker, broker: Broker, subscribe: Any, running: Running, message: Any
) -> None:
    safe = login(tls_broker).model_copy(update={"port": tls_broker.web_port, "transport": "websockets"})
    assert safe.probe() == f"127.0.0.1:{tls_broker.web_port}: TLS 1.3, WebSocket, MQTT 3.1.1, authenticated"
    subscriber = subscribe(tls_broker)
    delivery = running.start(safe.open())
    delivery.put(message(0), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: seqs(subscriber) == [0])
    for port in (broker.port, tls_broker.web_port):
        with pytest.raises(SinkError, match="no WebSocket for MQTT at /ws"):
            config(port, transport="websockets", path="/ws").probe()


def test_a_web_server_without_mqtt_is_told(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(SinkError, match="no WebSocket for MQTT at /mqtt"):
            config(server.server_port, transport="websockets").probe()
        server.shutdown()


def test_the_authority_may_be_in_a_folder(tls_broker: Broker, certificates: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes((certificates / "ca.pem").read_bytes())
    subprocess.run(["openssl", "rehash", tmp_path], check=True)
    found = login(tls_broker).model_copy(update={"tls": TlsConfig(ca=tmp_path)})
    assert found.probe().endswith("authenticated")


def test_the_world_sees_that_we_are_there_and_that_we_left(broker: Broker, subscribe: Any, running: Running) -> None:
    subscriber = subscribe(broker)
    running.start(config(broker.port, prefix="site/7").open())
    subscriber.wait_for(lambda: subscriber.on("site/7/available") == [b"online"])
    running.end()
    subscriber.wait_for(lambda: subscriber.on("site/7/available") == [b"online", b"offline"])
    late = Subscriber(broker, "late")
    late.wait_for(lambda: late.received)
    assert [(m.payload, m.retain) for m in late.received] == [(b"offline", True)]
    late.close()


def test_a_connection_that_is_cut_shows_as_offline(
    broker: Broker, subscribe: Any, running: Running, throttle: Callable[[Broker, float], Throttle]
) -> None:
    subscriber = subscribe(broker)
    line = throttle(broker, 1000)
    running.start(config(line.port).open())
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online"])
    line.close()
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online", b"offline"])


def test_a_stop_that_the_broker_does_not_confirm_shows_as_offline_too(broker: Broker, running: Running) -> None:
    running.start(config(broker.port).open())
    until(lambda: "edge_app/available" in broker.log())
    broker.freeze()
    watch = Stopwatch()
    assert running.end() == []
    assert watch.read() < 2
    broker.thaw()
    late = Subscriber(broker, "late")
    late.wait_for(lambda: late.on("edge_app/available")[-1:] == [b"offline"])
    late.close()


def test_a_broker_of_mqtt_5_says_how_much_may_be_unconfirmed(start_broker: Any, message: Any) -> None:
    broker = start_broker(more=["max_inflight_messages 7"])
    sink = config(broker.port, version="5").open()
    until(lambda: sink.open(lambda: None))
    broker.freeze()
    for number in range(7):
        assert sink.send(message(number))
    assert not sink.send(message(7))
    sink.close()


def test_a_topic_that_an_access_list_refuses_does_not_keep_the_others_back(
    start_broker: Any, tmp_path: Path, subscribe: Any, running: Running, message: Any, caplog: Any
) -> None:
    allowed = tmp_path / "acl"
    allowed.write_text("topic read #\ntopic write edge_app/gate/detections\ntopic write edge_app/gate/status\n")
    broker = start_broker(more=[f"acl_file {allowed}"])
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port, version="5").open(), backoff=fast())
    delivery.put_state(shown("gate", "up"))
    for number in range(100):
        delivery.put(message(number), never)
        delivery.put(message(number, camera="yard"), never)
    delivery.put_state(Message(camera=None, kind="stats", payload=b"{}", droppable=True))
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: seqs(subscriber) == list(range(100)))
    assert running.metrics.by("publish_dropped", "reason", sink="sink") == {"refused": 101}
    assert running.metrics.by("publish_refused", "code", sink="sink") == {"Not authorized": 101}
    assert (running.metrics.total("publish_failed"), delivery.status.state) == (0, "up")
    assert caplog.text.count("detections of yard: refused: Not authorized") == 1
    assert "edge_app/available: refused: Not authorized; nobody sees whether we are online" in caplog.text
    running.end()
    assert "sink: refused and set aside in all: 101 (Not authorized 101)" in caplog.text


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_packet_that_the_broker_finds_too_large_does_not_keep_the_others_back(
    start_broker: Any, subscribe: Any, running: Running, message: Any, version: str
) -> None:
    broker = start_broker(more=["max_packet_size 300"])
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port, version=version).open(), backoff=fast())
    delivery.put_state(shown("gate", "up"))
    for number in range(10):
        delivery.put(message(number), never)
        delivery.put(Message(camera="yard", kind="detections", payload=b"x" * 400, droppable=True), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: set(seqs(subscriber)) == set(range(10)))
    assert running.metrics.by("publish_dropped", "reason", sink="sink") == {"refused": 10}
    assert (running.metrics.total("publish_failed") > 0) == (version == "3.1.1")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_broker_that_retains_nothing_is_served_with_retain_false(
    start_broker: Any, subscribe: Any, running: Running, message: Any, version: str
) -> None:
    broker = start_broker(more=["retain_available false"])
    subscriber = subscribe(broker)
    made = config(broker.port, version=version, retain=False)
    assert made.probe().endswith(f"MQTT {version}, no login")
    delivery = running.start(made.open(), backoff=fast())
    delivery.put(shown("gate", "up"), never)
    delivery.put(message(7), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: seqs(subscriber) == [7] and subscriber.on("edge_app/gate/status"))
    assert subscriber.on("edge_app/available") == [b"online"]
    running.end()
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online", b"offline"])
    assert running.metrics.total("publish_failed") == 0


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_broker_that_refuses_us_because_it_retains_nothing_names_the_key(
    start_broker: Any, running: Running, message: Any, caplog: Any, version: str
) -> None:
    broker = start_broker(more=["retain_available false"])
    made = config(broker.port, version=version)
    with pytest.raises(SinkError, match="`retain: false`"):
        made.probe()
    delivery = running.start(made.open(), backoff=fast())
    delivery.put(message(0), never)
    until(lambda: running.metrics.total("publish_failed") >= 1)
    assert "`retain: false`" in caplog.text


def test_nothing_is_retained_with_retain_false(broker: Broker, subscribe: Any, running: Running, message: Any) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port, retain=False).open(), backoff=fast())
    delivery.put(shown("gate", "up"), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    running.end()
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online", b"offline"])
    late = Subscriber(broker, "late")
    subscriber._client.publish("last", b"", 1)
    late.wait_for(lambda: late.on("last"))
    assert [each.topic for each in late.received] == ["last"]
    late.close()


def test_an_unretained_last_will_still_shows_a_cut_connection(
    broker: Broker, subscribe: Any, running: Running, throttle: Callable[[Broker, float], Throttle]
) -> None:
    subscriber = subscribe(broker)
    line = throttle(broker, 1000)
    running.start(config(line.port, retain=False).open())
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online"])
    line.close()
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online", b"offline"])


def test_an_offline_that_is_not_true_is_corrected(broker: Broker, subscribe: Any, running: Running) -> None:
    subscriber = subscribe(broker)
    running.start(config(broker.port).open())
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online"])
    subscriber._client.publish("edge_app/available", b"offline", 1, True)
    subscriber.wait_for(lambda: subscriber.on("edge_app/available") == [b"online", b"offline", b"online"])


def test_statuses_are_retained_and_the_newest_is_shown_again_after_an_outage(
    broker: Broker, subscribe: Any, running: Running
) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port).open(), backoff=fast())
    for state in ("connecting", "up"):
        delivery.put_state(shown("gate", state, 1795446000.0))
    subscriber.wait_for(lambda: any(b'"up"' in p for p in subscriber.on("edge_app/gate/status")))
    broker.kill()
    (broker.folder / "mosquitto.db").unlink()  # what it retained is lost
    broker.start()
    late = Subscriber(broker, "late")
    late.wait_for(lambda: late.on("edge_app/gate/status"))
    assert json.loads(late.on("edge_app/gate/status")[-1]) == {
        "schema": "edge_app.status/1",
        "camera": "gate",
        "state": "up",
        "reason": None,
        "since": "2026-11-23T15:00:00.000Z",
        "warnings": [],
    }
    late.close()
    later = Subscriber(broker, "later")
    later.wait_for(lambda: later.on("edge_app/gate/status"))
    assert {m.topic: m.retain for m in later.received}["edge_app/gate/status"]
    later.close()


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_nothing_is_lost_when_the_broker_dies(
    broker: Broker, subscribe: Any, running: Running, message: Any, version: str, caplog: Any
) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port, version=version).open(), backoff=fast())
    with caplog.at_level(logging.INFO):
        for number in range(900):
            delivery.put(message(number, live=False), patient)
            if number == 300:
                # What the broker has confirmed and not passed on dies with it, which is none of our doing.
                subscriber.wait_for(lambda: len(subscriber.on(TOPIC)) == 301)
                broker.kill()
            if number == 600:
                until(lambda: running.metrics.total("publish_failed"))
                broker.start()
        assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: set(seqs(subscriber)) == set(range(900)))
    told = [record.getMessage() for record in caplog.records if record.name.startswith("edge_app")]
    assert [text.split(":")[1] for text in told if "refused" not in text] == [" up", " down", " up"]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_what_was_in_flight_when_a_connection_broke_arrives_and_in_order(
    broker: Broker, subscribe: Any, running: Running, message: Any, throttle: Callable[..., Throttle], version: str
) -> None:
    subscriber = subscribe(broker)
    line = throttle(broker, 500)
    delivery = running.start(config(line.port, version=version).open(), capacity=50, backoff=fast())
    for number in range(400):
        delivery.put(message(number, live=False), patient)
        if number % 150 == 149:
            line.cut()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: 399 in seqs(subscriber))
    assert list(dict.fromkeys(seqs(subscriber))) == list(range(400))
    assert len(seqs(subscriber)) > 400  # some came twice: confirmations were lost with the connection
    assert running.metrics.total("publish_failed", sink="sink") >= 2


def test_a_broker_that_dies_in_the_middle_of_a_message_gets_it_again_and_in_order(
    broker: Broker, subscribe: Any, running: Running, message: Any
) -> None:
    subscriber, wire = subscribe(broker), Wire(broker.port)
    delivery = running.start(config(wire.port).open(), backoff=fast())
    for number in range(60):
        if number % 20 == 10:
            assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
            failures = running.metrics.total("publish_failed")
            wire.tear()
            delivery.put(message(number, live=False), patient)
            until(lambda failures=failures: running.metrics.total("publish_failed") > failures)
        else:
            delivery.put(message(number, live=False), patient)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: 59 in seqs(subscriber))
    assert list(dict.fromkeys(seqs(subscriber))) == list(range(60))
    assert running.metrics.total("publish_failed") >= 3
    wire.close()


def test_a_slow_line_holds_back_a_finite_source_and_loses_nothing(
    broker: Broker, subscribe: Any, running: Running, message: Any, throttle: Callable[[Broker, float], Throttle]
) -> None:
    subscriber = subscribe(broker)
    line = throttle(broker, 20)
    sink = MqttSink(config(line.port).broker(), prefix="edge_app", in_flight=10)
    delivery = running.start(sink, capacity=20)
    for number in range(200):
        assert delivery.put(message(number, live=False), patient)
        assert number < line.acknowledged + 40  # the queue, the window, and what is between two counts
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: len(subscriber.on(TOPIC)) == 200)
    assert seqs(subscriber) == list(range(200))
    assert running.metrics.total("publish_dropped") == 0


def test_a_slow_line_drops_the_oldest_live_messages_and_counts_them(
    broker: Broker, subscribe: Any, running: Running, message: Any, throttle: Callable[[Broker, float], Throttle]
) -> None:
    subscriber = subscribe(broker)
    sink = MqttSink(config(throttle(broker, 40).port).broker(), prefix="edge_app", in_flight=5)
    delivery = running.start(sink, capacity=10)
    subscriber.wait_for(lambda: subscriber.on("edge_app/available"))
    broker.freeze()  # no acknowledgement comes however long this loop takes
    for number in range(100):
        assert delivery.put(message(number), never)
    broker.thaw()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    dropped = running.metrics.total("publish_dropped", sink="sink", reason="queue")
    subscriber.wait_for(lambda: len(subscriber.on(TOPIC)) == 100 - dropped)
    assert dropped >= 80
    assert seqs(subscriber)[-10:] == list(range(90, 100))


def test_a_frozen_broker_is_noticed_and_its_messages_are_sent_again(
    broker: Broker, subscribe: Any, running: Running, message: Any
) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port, keepalive_s=1).open(), backoff=fast())
    subscriber.wait_for(lambda: subscriber.on("edge_app/available"))
    broker.freeze()
    delivery.put(message(0, live=False), never)
    watch = Stopwatch()
    until(lambda: running.metrics.total("publish_failed"))
    assert watch.read() < 6
    broker.thaw()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: 0 in seqs(subscriber))


def test_draining_ends_in_time_though_the_broker_is_away(running: Running, message: Any) -> None:
    delivery = running.start(config(free_port()).open(), backoff=fast())
    delivery.put(message(0), never)
    watch = Stopwatch()
    assert delivery.drain(time.monotonic() + 0.3) == 1
    assert running.end() == []
    assert watch.read() < 1.5


def test_the_loop_beats_while_a_broker_does_not_answer_and_gives_up_in_the_end(
    broker: Broker, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_app.publish.sinks.mqtt.connection.ANSWER_S", 1.5)
    broker.freeze()
    delivery = running.start(config(broker.port).open())
    until(lambda: delivery.thread_name in running.heartbeats._last)
    while not running.metrics.total("publish_failed", sink="sink"):
        running.assert_beats(delivery.thread_name, longest_s=1.0)
    running.assert_beats(delivery.thread_name, longest_s=1.0)
    watch = Stopwatch()
    assert running.end() == []
    assert watch.read() < 1.0


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_tls_with_a_password_delivers(
    tls_broker: Broker, subscribe: Any, running: Running, message: Any, version: str
) -> None:
    subscriber = subscribe(tls_broker)
    made = login(tls_broker).model_copy(update={"version": version})
    delivery = running.start(made.open())
    delivery.put(message(7), never)
    subscriber.wait_for(lambda: seqs(subscriber) == [7])


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_wrong_password_is_told_once_and_tried_again(
    tls_broker: Broker, running: Running, message: Any, caplog: Any, version: str
) -> None:
    wrong = "not-the-pass/word"
    delivery = running.start(login(tls_broker, wrong).model_copy(update={"version": version}).open(), backoff=fast())
    delivery.put(message(0), never)
    until(lambda: running.metrics.total("publish_failed", sink="sink") >= 3)
    told = [record.getMessage() for record in caplog.records if record.name.startswith("edge_app")]
    assert len(told) == 1
    assert "authentication" in told[0]
    tls_broker.set_password(wrong)
    tls_broker.reload()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert wrong not in caplog.text


def test_a_refused_login_waits_longer_than_another_failure(tls_broker: Broker, running: Running) -> None:
    running.start(login(tls_broker, "wrong").open(), backoff=Backoff(initial_s=0.01, max_s=0.01))
    until(lambda: "not authorised" in tls_broker.log())
    running.stop.wait(1.0)
    assert running.metrics.total("publish_failed", sink="sink") == 1


def test_a_connection_that_comes_about_after_we_gave_up_is_closed(tls_broker: Broker) -> None:
    tls_broker.freeze()
    sink = login(tls_broker).open()
    assert not sink.open(lambda: None)
    sink.close()
    tls_broker.thaw()
    until(
        lambda: not [t for t in threading.enumerate() if t.name.startswith(("connect ", "paho-mqtt-client-edge_app"))]
    )


def test_thirty_refused_logins_leave_nothing_open(tls_broker: Broker, running: Running) -> None:
    gc.collect()
    gc.disable()
    try:
        before = len(list(Path("/proc/self/fd").iterdir()))
        running.start(login(tls_broker, "wrong").open(), backoff=Backoff(max_s=0, refused_s=0))
        until(lambda: running.metrics.total("publish_failed") >= 30)
        running.end()
        until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before + 4)
    finally:
        gc.enable()


def test_a_certificate_of_an_unknown_authority_is_refused(tls_broker: Broker, certificates: Path) -> None:
    strange = login(tls_broker).model_copy(update={"tls": TlsConfig(ca=certificates / "other.pem")})
    with pytest.raises(SinkError, match="the broker's certificate was rejected"):
        strange.probe()
    assert "authenticated" in strange.model_copy(update={"tls": TlsConfig(verify=False)}).probe()


def test_a_file_that_holds_no_certificate_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.pem: no such file"):
        config(1883, tls=TlsConfig(ca=tmp_path / "none.pem")).open()
    (tmp_path / "empty.pem").write_text("nothing\n")
    with pytest.raises(ConfigError, match="holds no certificate"):
        config(1883, tls=TlsConfig(ca=tmp_path / "empty.pem")).open()
    os.mkfifo(tmp_path / "pipe.pem")
    with pytest.raises(ConfigError, match=r"pipe\.pem: not a file"):
        config(1883, tls=TlsConfig(ca=tmp_path / "pipe.pem")).open()


def test_probing_says_what_it_found_and_leaves_no_trace(tls_broker: Broker, subscribe: Any) -> None:
    subscriber = subscribe(tls_broker)
    assert login(tls_broker).probe() == f"127.0.0.1:{tls_broker.port}: TLS 1.3, MQTT 3.1.1, authenticated"
    with pytest.raises(SinkError, match="authentication refused") as caught:
        login(tls_broker, "s3cret").probe()
    assert "s3cret" not in str(caught.value)
    assert subscriber.received == []


def test_probing_does_not_throw_out_the_service_that_runs(broker: Broker, running: Running, message: Any) -> None:
    made = config(broker.port, client_id="box")
    delivery = running.start(made.open(), backoff=fast())
    delivery.put(message(0), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    made.probe()
    delivery.put(message(1), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert running.metrics.total("publish_failed") == 0


def test_probing_says_why_it_could_not_connect(broker: Broker, tls_broker: Broker) -> None:
    with pytest.raises(SinkError, match="Connection refused"):
        config(free_port()).probe()
    with pytest.raises(SinkError, match="name not found"):
        MqttSinkConfig(host="no-such-host.invalid", port=1883).probe()
    with pytest.raises(SinkError, match="no secure connection"):
        config(broker.port, tls=TlsConfig(verify=False)).probe()
    with pytest.raises(SinkError, match="does this port want TLS"):
        config(tls_broker.port).probe()
    broker.freeze()
    began, watch = time.monotonic(), Stopwatch()
    with pytest.raises(SinkError, match="no answer in time"):
        config(broker.port).probe()
    assert time.monotonic() - began > 4.5
    assert watch.read() < 6


def test_a_delivery_that_does_not_run_keeps_its_messages(running: Running, message: Any) -> None:
    delivery = Delivery("other", config(1).open(), heartbeats=running.heartbeats, metrics=running.metrics)
    assert delivery.put(Message(camera=None, kind="stats", payload=b"{}", droppable=True), never)
    assert delivery.drain(0) == 1
