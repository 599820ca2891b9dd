"""The MQTT sink against brokers that refuse, limit, hang up and stay silent: no message keeps it from the others."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import pytest

from edge_app.core.errors import SinkError
from edge_app.publish import Delivery, Message
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from tests.broker.odd_broker import SILENT, OddBroker, Published, polite
from tests.publish.conftest import Running, fast_backoff, never, shown
from tests.waiting import until

TOPIC = "edge_app/gate/detections"
BAD = "edge_app/bad/detections"
RETAIN_AVAILABLE, MAXIMUM_QOS, MAXIMUM_PACKET = b"\x25", b"\x24", b"\x27"


def config(broker: OddBroker, **more: Any) -> MqttSinkConfig:
    return MqttSinkConfig(host="127.0.0.1", port=broker.port, **more)


def start(running: Running, broker: OddBroker, **more: Any) -> Delivery:
    """A delivery to it, with the status of one camera."""
    delivery = running.start(config(broker, **more).open(), backoff=fast_backoff())
    delivery.put_state(shown("gate", "up"))
    return delivery


def put(delivery: Delivery, messages: Iterable[Message]) -> None:
    for message in messages:
        assert delivery.put(message, never)


def refused(running: Running) -> int:
    return running.metrics.total("publish_dropped", sink="sink", reason="refused")


def failed(running: Running) -> int:
    return running.metrics.total("publish_failed", sink="sink")


def bad_is(code: int | None) -> Any:
    """Answers what the camera `bad` found with this, and takes everything else."""
    return lambda published: code if published.topic == BAD else 0


def hang_up_at_retained(published: Published) -> int | None:
    return None if published.retain else 0


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_broker_that_hangs_up_at_the_first_retained_message_is_told_once_with_the_key(
    running: Running, message: Any, caplog: Any, version: str
) -> None:
    with OddBroker(hang_up_at_retained) as broker:
        delivery = start(running, broker, version=version)
        put(delivery, [message(0)])
        until(lambda: failed(running) >= 9)
        assert "`retain: false`" in str(delivery.status.reason)
        assert (delivery.status.state, delivery.status.queued, refused(running)) == ("down", 1, 0)
        assert len([record for record in caplog.records if "hung up" in record.getMessage()]) == 1


def test_such_a_broker_is_served_with_retain_false(running: Running, message: Any) -> None:
    with OddBroker(hang_up_at_retained) as broker:
        put(start(running, broker, retain=False), [message(0)])
        until(lambda: TOPIC in broker.topics() and "edge_app/gate/status" in broker.topics())
        assert failed(running) == 0
        assert not any(flags & 0x20 for flags in broker.wills)


def test_a_broker_that_says_in_its_welcome_that_it_retains_nothing_is_told_with_the_key(
    running: Running, message: Any
) -> None:
    with OddBroker(welcome=RETAIN_AVAILABLE + b"\x00") as broker:
        delivery = start(running, broker, version="5")
        until(lambda: failed(running))
        assert delivery.status.reason == f"127.0.0.1:{broker.port}: keeps no messages; set `retain: false`"
        assert broker.seen == []  # a retained message would be against the protocol
        with pytest.raises(SinkError, match="set `retain: false`"):
            config(broker, version="5").probe()
        config(broker, version="5", retain=False).probe()
        put(start(running, broker, version="5", retain=False), [message(0)])
        until(lambda: TOPIC in broker.topics())


def test_a_broker_that_complains_of_retaining_though_nothing_is_retained_is_not_answered_with_that_key(
    running: Running,
) -> None:
    with OddBroker(code=0x9A) as broker:
        delivery = start(running, broker, version="5", retain=False)
        until(lambda: failed(running))
        assert str(delivery.status.reason).endswith("refused: Retain not supported, although we request none")


@pytest.mark.parametrize("code", [0x87, 0x90, 0x97, 0x99])
def test_a_message_that_is_refused_for_good_is_counted_and_told_once_and_the_others_go_on(
    running: Running, message: Any, caplog: Any, code: int
) -> None:
    with OddBroker(bad_is(code)) as broker:
        delivery = start(running, broker, version="5")
        put(delivery, [message(n, camera=camera) for n in range(20) for camera in ("bad", "gate")])
        until(lambda: refused(running) == 20 and len(broker.payloads(TOPIC)) == 20)
        until(lambda: delivery.status.queued == 0)
        assert (delivery.status.state, failed(running)) == ("up", 0)
        told = [record.getMessage() for record in caplog.records if "set aside" in record.getMessage()]
        assert len(told) == 1
        assert "detections of bad: refused: " in told[0]


def test_a_sink_of_which_everything_is_refused_is_down_and_says_why(running: Running, message: Any) -> None:
    with OddBroker(lambda published: 0x87) as broker:
        delivery = start(running, broker, version="5")
        put(delivery, [message(0)])
        until(lambda: delivery.status.reason == "refused: Not authorized")
        assert (delivery.status.state, failed(running)) == ("down", 0)
        broker.manner = polite
        put(delivery, [message(1)])
        until(lambda: delivery.status.state == "up")


def test_a_message_that_is_refused_for_now_is_kept_and_sent_again(running: Running, message: Any) -> None:
    busy = iter([0x83, 0x83])
    with OddBroker(lambda published: next(busy, 0) if published.topic == TOPIC else 0) as broker:
        delivery = start(running, broker, version="5")
        put(delivery, [message(n) for n in range(3)])
        until(lambda: delivery.status.queued == 0)
        assert set(broker.payloads(TOPIC)) == {message(n).payload for n in range(3)}
        assert (refused(running), delivery.status.state) == (0, "up")


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        pytest.param("5", 0x80, id="refuses it without a reason"),
        pytest.param("3.1.1", None, id="hangs up"),
        pytest.param("5", None, id="hangs up, with MQTT 5"),
        pytest.param("5", 0xC3, id="answers with a code that there is not"),
    ],
)
def test_a_message_at_which_connections_break_is_set_aside_and_the_others_go_on(
    running: Running, message: Any, version: str, answer: int | None
) -> None:
    with OddBroker(bad_is(answer)) as broker:
        delivery = start(running, broker, version=version)
        put(delivery, [message(n, camera=camera) for n in range(20) for camera in ("bad", "gate")])
        until(lambda: delivery.status.queued == 0)
        assert set(broker.payloads(TOPIC)) == {message(n).payload for n in range(20)}
        assert refused(running) == 20
        assert failed(running) in (3, 4)  # it is a guess only the first time; the others like it are not tried
        until(lambda: delivery.status.state == "up")


def test_a_broker_that_breaks_every_connection_loses_no_message(running: Running, message: Any) -> None:
    with OddBroker(lambda published: None) as broker:
        delivery = start(running, broker)
        put(delivery, [message(n) for n in range(3)])
        until(lambda: failed(running) >= 12)
        assert (delivery.status.queued, refused(running)) == (3, 0)
        broker.manner = polite
        until(lambda: delivery.status.queued == 0)
        assert broker.payloads(TOPIC) == [message(n).payload for n in range(3)]


def test_a_message_larger_than_the_broker_takes_is_not_sent(running: Running, message: Any) -> None:
    with OddBroker(welcome=MAXIMUM_PACKET + (300).to_bytes(4, "big")) as broker:
        delivery = start(running, broker, version="5")
        # Two bytes of type and length, two of the topic's length, two of the number, one of no properties.
        largest = 300 - 3 - 2 - len(TOPIC) - 2 - 1
        sizes = [largest, largest + 1, 5000, 20]
        put(
            delivery, [Message(camera="gate", kind="detections", payload=b"x" * size, droppable=True) for size in sizes]
        )
        until(lambda: len(broker.payloads(TOPIC)) == 2)
        assert [len(payload) for payload in broker.payloads(TOPIC)] == [largest, 20]
        assert (refused(running), failed(running), delivery.status.state) == (2, 0, "up")


def test_a_broker_without_acknowledgements_gets_messages_that_want_none(running: Running, message: Any) -> None:
    with OddBroker(welcome=MAXIMUM_QOS + b"\x00") as broker:
        put(start(running, broker, version="5"), [message(0)])
        until(lambda: len(broker.seen) >= 3)
        assert {published.qos for published in broker.seen} == {0}
        assert running.metrics.total("published", sink="sink") == 2


def test_a_broker_that_refuses_our_last_will_for_its_quality_is_told_with_the_key(running: Running) -> None:
    with OddBroker(code=0x9B) as broker:
        delivery = start(running, broker, version="5")
        until(lambda: failed(running))
        assert str(delivery.status.reason).endswith("refused: QoS not supported; set `qos: 0`")
        start(running, broker, version="5", qos=0)
        until(lambda: len(broker.wills) >= 2 and not broker.wills[-1] & 0x18)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_broker_that_never_acknowledges_is_down_and_its_messages_are_kept(
    running: Running, message: Any, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr("edge_app.publish.sinks.mqtt.sink.ACKNOWLEDGE_S", 0.2)
    monkeypatch.setattr("edge_app.publish.sinks.mqtt.connection.PRESENCE_S", 0.1)
    with OddBroker(lambda published: SILENT) as broker:
        delivery = start(running, broker, version=version)
        put(delivery, [message(n) for n in range(3)])
        until(lambda: failed(running) >= 4)
        assert str(delivery.status.reason).endswith("a message was not acknowledged in 0.2 s")
        assert (delivery.status.state, delivery.status.queued, refused(running)) == ("down", 3, 0)
        broker.manner = polite
        until(lambda: delivery.status.queued == 0)
        assert delivery.status.state == "up"


def test_one_message_that_is_never_acknowledged_does_not_hold_back_the_others(
    running: Running, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_app.publish.sinks.mqtt.sink.ACKNOWLEDGE_S", 0.2)
    with OddBroker(bad_is(SILENT)) as broker:
        delivery = start(running, broker)
        put(delivery, [message(0, camera="bad"), *(message(n) for n in range(5))])
        until(lambda: delivery.status.queued == 0)
        assert set(broker.payloads(TOPIC)) == {message(n).payload for n in range(5)}
        assert refused(running) == 1


@pytest.mark.parametrize("subscribes", [False, True], ids=["subscribe", "publish"])
def test_a_login_that_must_not_show_that_it_is_online_does_without(
    running: Running, message: Any, subscribes: bool
) -> None:
    def manner(published: Published) -> int | None:
        return None if subscribes and published.topic == "edge_app/available" else 0

    with OddBroker(manner, answers_subscribe=subscribes) as broker:
        delivery = start(running, broker, retain=False)
        put(delivery, [message(0)])
        until(lambda: delivery.status.queued == 0 and delivery.status.state == "up")
        assert TOPIC in broker.topics()
        assert (failed(running) <= 4, refused(running)) == (True, 0)


def test_a_status_at_which_the_broker_hangs_up_does_not_keep_the_messages_back(running: Running, message: Any) -> None:
    with OddBroker(lambda published: None if published.topic.endswith("/status") else 0) as broker:
        delivery = start(running, broker)
        put(delivery, [message(n) for n in range(5)])
        until(lambda: set(broker.payloads(TOPIC)) == {message(n).payload for n in range(5)})
        until(lambda: delivery.status.state == "up" and refused(running) == 1)
        put(delivery, [message(5)])
        until(lambda: delivery.status.queued == 0)


def test_our_presence_may_be_refused_for_now_and_the_messages_go_on(running: Running, message: Any) -> None:
    with OddBroker(lambda published: 0x80 if published.topic == "edge_app/available" else 0) as broker:
        delivery = start(running, broker, version="5")
        put(delivery, [message(0)])
        until(lambda: delivery.status.queued == 0)
        assert (failed(running), delivery.status.state) == (0, "up")


def test_what_raises_in_pahos_own_thread_is_told_and_tried_again(
    running: Running, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: object) -> None:
        raise KeyError(195)  # as paho 2.1 does at a reason code that there is not

    with OddBroker() as broker, monkeypatch.context() as patch:
        patch.setattr("paho.mqtt.client.Client.loop_forever", raises)
        delivery = start(running, broker, version="5")
        put(delivery, [message(0)])
        until(lambda: failed(running) >= 2)
        assert delivery.status.reason == f"127.0.0.1:{broker.port}: an answer that is not MQTT: 195"
        patch.undo()
        until(lambda: delivery.status.queued == 0)


def test_an_answer_that_is_no_mqtt_ends_the_connection_and_leaves_no_thread(running: Running, message: Any) -> None:
    with OddBroker(bad_is(0xC3)) as broker:
        delivery = start(running, broker, version="5")
        put(delivery, [message(0, camera="bad")])
        until(lambda: refused(running) == 1)
        running.end()
        until(lambda: not [t for t in threading.enumerate() if t.name.startswith("paho-mqtt-client-edge_app")])
