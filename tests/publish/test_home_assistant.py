"""What Home Assistant is told, on a real broker, against the keys that it documents and our own messages."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import paho.mqtt.publish
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment  # as Home Assistant does
from pydantic import ValidationError

from edge_app.analytics.counts import Counter, CountStore
from edge_app.app.counting import CountKeeper, open_store
from edge_app.core.camera_status import CameraState, CameraStatus
from edge_app.publish import Delivery, Message, PlaceNames, counts_message, places_message, status_message
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from edge_app.publish.sinks.mqtt.home_assistant import discovery, discovery_topic, removal
from tests.broker.fixtures import Broker, Subscriber
from tests.clocks import RIGHT
from tests.publish import home_assistant_keys as documented
from tests.publish.conftest import Running, fast_backoff
from tests.waiting import PATIENCE_S

SESSION = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
CAMERAS = {
    "gate": PlaceNames(zones=["door", "steps"], lines=["entrance"]),
    "items": PlaceNames(zones=["keys", "values"], lines=["get"]),  # names of methods of a dictionary
    "a_b": PlaceNames(zones=["c"], lines=[]),
    "a": PlaceNames(zones=["b_c"], lines=[]),
    "yard": PlaceNames(zones=[], lines=[]),
}
FEWER = {"gate": PlaceNames(zones=["door"], lines=[])}
TOPIC = "homeassistant/device/edge_app/config"
PREFIXES = ["edge_app", "site/7", "hof_süd", "hof_s_d", "site_7", "$x'{{ 1 }}"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountStore]:
    with open_store(tmp_path / "counts.db") as store:
        yield store


def config(port: int, **more: Any) -> MqttSinkConfig:
    return MqttSinkConfig(host="127.0.0.1", port=port, discovery="homeassistant", **more)


def announced(prefix: str = "edge_app", cameras: dict[str, PlaceNames] = CAMERAS) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(discovery(prefix, cameras))
    return found


def components(subscriber: Subscriber) -> list[dict[str, Any]]:
    return [json.loads(payload)["components"] for payload in subscriber.on(TOPIC)]


def put(delivery: Delivery, *states: Message) -> None:
    """Sends them, and waits until the broker has taken them."""
    for state in states:
        delivery.put_state(state)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0


def kept(broker: Broker, name: str = "late") -> dict[str, Any]:
    """What Home Assistant finds when it starts."""
    late = Subscriber(broker, name)
    late.wait_for(lambda: late.on(TOPIC))
    late.close()
    assert [message.retain for message in late.received if message.topic == TOPIC] == [True]
    found: dict[str, Any] = json.loads(late.on(TOPIC)[0])
    return found


def shown(component: dict[str, Any], message: Message) -> str:
    """What Home Assistant makes of a message."""
    template = ImmutableSandboxedEnvironment().from_string(component["value_template"])
    return template.render(value_json=json.loads(message.payload))


def told(store: CountStore) -> Message:
    return counts_message(SESSION, CountKeeper(store, None).report(datetime.now(timezone.utc)), RIGHT)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_all_keys_are_documented(prefix: str) -> None:
    whole = announced(prefix)
    assert documented.ROOT_REQUIRED <= whole.keys() <= documented.ROOT_REQUIRED | documented.SHARED
    assert {"identifiers"} <= whole["device"].keys() <= documented.DEVICE
    assert documented.ORIGIN_REQUIRED <= whole["origin"].keys() <= documented.ORIGIN
    assert all({"topic"} <= each.keys() <= documented.AVAILABILITY for each in whole["availability"])
    assert whole["components"]
    for component in whole["components"].values():
        assert documented.COMPONENT_REQUIRED <= component.keys() <= documented.PLATFORMS[component["platform"]]
        classes = documented.DEVICE_CLASSES.get(component["platform"], set())
        assert component.get("device_class") in classes | {None}
        assert component.get("state_class") in documented.STATE_CLASSES | {None}
        assert component.get("entity_category") in documented.CATEGORIES | {None}
        assert not {"state_class", "payload_on"} & component.keys() - documented.PLATFORMS[component["platform"]]
    parts = discovery_topic(prefix).split("/")
    assert parts[:2] + parts[3:] == ["homeassistant", "device", "config"]
    assert re.fullmatch(documented.OBJECT_ID, parts[2])


def test_no_two_devices_or_entities_are_the_same() -> None:
    both = [announced(prefix) for prefix in PREFIXES]
    ids = [component["unique_id"] for each in both for component in each["components"].values()]
    entities = sum(1 + 3 * len(places.zones) + 2 * len(places.lines) for places in CAMERAS.values())
    assert len(set(ids)) == len(ids) == entities * len(PREFIXES)
    assert len({discovery_topic(prefix) for prefix in PREFIXES}) == len(PREFIXES)
    assert len({each["device"]["identifiers"][0] for each in both}) == len(PREFIXES)


@pytest.mark.parametrize(
    ("state", "connected"), [("up", "ON"), ("down", "OFF"), ("connecting", "OFF"), ("disabled", "OFF")]
)
def test_a_camera_is_connected_while_it_is_up(state: CameraState, connected: str) -> None:
    message = status_message("gate", CameraStatus(state=state, reason=None, since=0.0), RIGHT)
    component = announced()["components"]["gate-connected"]
    assert component["state_topic"] == component["json_attributes_topic"] == "edge_app/gate/status"
    assert shown(component, message) == connected


@pytest.mark.parametrize(("state", "available"), [("up", "online"), ("down", "offline")])
def test_who_is_in_a_zone_is_unknown_while_its_camera_is_away(state: CameraState, available: str) -> None:
    message = status_message("gate", CameraStatus(state=state, reason=None, since=0.0), RIGHT)
    for what in ("occupied", "inside"):
        component = announced()["components"][f"gate-door-{what}"]
        ours, cameras = component["availability"]
        assert (component["availability_mode"], ours) == ("all", {"topic": "edge_app/available"})
        assert cameras.keys() <= documented.AVAILABILITY
        assert (cameras["topic"], shown(cameras, message)) == ("edge_app/gate/status", available)


@pytest.mark.parametrize("camera", ["gate", "items"])
def test_entities_show_what_all_labels_have_counted_together(store: CountStore, camera: str) -> None:
    zone, line = CAMERAS[camera].zones[0], CAMERAS[camera].lines[0]
    whole, nothing = announced()["components"], told(store)
    names = [f"{camera}-{zone}-{what}" for what in ("occupied", "inside", "entered")]
    names += [f"{camera}-{line}-{direction}" for direction in ("in", "out")]
    assert {whole[name]["state_topic"] for name in names} == {"edge_app/counts"}
    assert [shown(whole[name], nothing) for name in names] == ["OFF", "0", "0", "0", "0"]
    now = time.time()
    for label, counted, value in [("person", "in", 3), ("car", "in", 4), ("car", "out", 1)]:
        store.add(Counter(camera, line, label, counted), now, value)  # type: ignore[arg-type]
    for label, times in (("person", 2), ("car", 1)):
        store.add(Counter(camera, zone, label, "entered"), now, times)
        store.move(camera, zone, label, times)
    store.write()
    numbers = [
        float(value) if value != "ON" else value for value in (shown(whole[name], told(store)) for name in names)
    ]
    assert numbers == ["ON", 3, 3, 7, 1]
    for label, times in (("person", 2), ("car", 1)):
        store.move(camera, zone, label, -times)
    assert [shown(whole[name], told(store)) for name in names[:2]] == ["OFF", "0"]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_home_assistant_finds_the_device_and_its_states_whenever_it_comes(
    broker: Broker, running: Running, store: CountStore, version: str
) -> None:
    delivery = running.start(config(broker.port, version=version).open())
    delivery.put_state(places_message(CAMERAS))
    delivery.put_state(status_message("gate", CameraStatus(state="up", reason=None, since=0.0), RIGHT))
    put(delivery, told(store))
    late = Subscriber(broker, "late")
    late.wait_for(lambda: {m.topic for m in late.received} >= {TOPIC, "edge_app/gate/status", "edge_app/counts"})
    assert components(late)[-1] == announced()["components"]
    late.close()
    states = {component["state_topic"] for component in kept(broker, "later")["components"].values()}
    later = Subscriber(broker, "much later")
    here = {topic for topic in states if "gate" in topic or topic.endswith("counts")}
    later.wait_for(lambda: here | {"edge_app/available"} <= {m.topic for m in later.received if m.retain})
    later.close()


def test_a_broker_that_has_forgotten_everything_is_told_again(broker: Broker, running: Running) -> None:
    delivery = running.start(config(broker.port).open(), backoff=fast_backoff())
    put(delivery, places_message(CAMERAS))
    kept(broker)
    broker.kill()
    for path in broker.folder.glob("*.db"):
        path.unlink()
    broker.start()
    meanwhile = Subscriber(broker, "meanwhile")
    meanwhile.wait_for(lambda: meanwhile.on(TOPIC))
    meanwhile.close()
    assert kept(broker, "after") == announced()


def test_what_is_gone_from_the_configuration_is_removed_and_nothing_else(
    broker: Broker, subscribe: Any, running: Running
) -> None:
    first = running.start(config(broker.port).open(), "first")
    put(first, places_message(CAMERAS))
    kept(broker)
    first.stop()
    first.join(PATIENCE_S)
    subscriber = subscribe(broker)
    subscriber.wait_for(lambda: components(subscriber))
    running.start(config(broker.port).open(), "second").put_state(places_message(FEWER))
    subscriber.wait_for(lambda: len(components(subscriber)) == 4)
    fewer, before = announced(cameras=FEWER)["components"], announced()["components"]
    removed = {name: {"platform": each["platform"]} for name, each in before.items() if name not in fewer}
    assert components(subscriber) == [before, fewer, fewer | removed, fewer]
    assert kept(broker, "later")["components"] == fewer


def test_cameras_come_and_go_within_a_connection(broker: Broker, subscribe: Any, running: Running) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port).open())
    delivery.put_state(places_message(FEWER))
    subscriber.wait_for(lambda: len(components(subscriber)) == 1)
    delivery.put_state(places_message(CAMERAS))
    subscriber.wait_for(lambda: len(components(subscriber)) == 2)
    delivery.put_state(places_message(FEWER))
    subscriber.wait_for(lambda: len(components(subscriber)) == 5)
    fewer = announced(cameras=FEWER)["components"]
    assert components(subscriber)[2] == components(subscriber)[4] == fewer
    assert len(components(subscriber)[3]) == len(announced()["components"])


@pytest.mark.parametrize(
    "old",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b'{"components":[["a"]]}',
        b'{"components":{"x":1}}',
        b'{"components":{"x":{}}}',
        b'{"components":{"x":{"platform":NaN}}}',
        b'{"components":{"x":{"platform":"\\ud800"}}}',
        b"[" * 100_000,
    ],
)
def test_what_others_have_left_there_does_not_matter(old: bytes) -> None:
    assert removal(old, discovery("edge_app", CAMERAS)) is None


def test_what_others_have_left_there_is_replaced(broker: Broker, running: Running) -> None:
    paho.mqtt.publish.single(TOPIC, b"[" * 100_000, 1, True, "127.0.0.1", broker.port)
    delivery = running.start(config(broker.port).open())
    put(delivery, places_message(FEWER))
    late = Subscriber(broker, "late")
    late.wait_for(lambda: late.on(TOPIC)[-1:] == [discovery("edge_app", FEWER)])
    late.close()
    assert (delivery.status.state, running.metrics.total("publish_failed")) == ("up", 0)


def test_a_login_that_must_not_announce_us_still_publishes(
    start_broker: Any, tmp_path: Path, subscribe: Any, running: Running, message: Any, caplog: Any
) -> None:
    allowed = tmp_path / "acl"
    allowed.write_text("topic read #\ntopic readwrite edge_app/#\n")
    broker = start_broker(more=[f"acl_file {allowed}"])
    subscriber = subscribe(broker)
    delivery = running.start(config(broker.port, version="5").open())
    delivery.put_state(places_message(CAMERAS))
    delivery.put(message(0), lambda: False)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    subscriber.wait_for(lambda: subscriber.on("edge_app/gate/detections"))
    assert "places: refused: Not authorized" in caplog.text
    assert delivery.status.state == "up"
    assert not subscriber.on(TOPIC)


def test_nothing_is_announced_unless_asked_for(broker: Broker, subscribe: Any, running: Running) -> None:
    subscriber = subscribe(broker)
    delivery = running.start(MqttSinkConfig(host="127.0.0.1", port=broker.port).open())
    delivery.put_state(places_message(CAMERAS))
    delivery.put_state(status_message("gate", CameraStatus(state="up", reason=None, since=0.0), RIGHT))
    subscriber.wait_for(lambda: subscriber.on("edge_app/gate/status"))
    assert {m.topic for m in subscriber.received} == {"edge_app/available", "edge_app/gate/status"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"retain": False}, "needs `retain: true`"),
        ({"messages": ["events", "status"]}, "needs counts among `messages`"),
        ({"messages": ["events"]}, "needs counts and status among `messages`"),
    ],
)
def test_discovery_needs_a_broker_that_keeps_it_and_the_messages_that_it_names(more: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        config(1883, **more)


def test_a_prefix_may_hold_what_home_assistant_allows_in_no_identifier(broker: Broker, running: Running) -> None:
    put(running.start(config(broker.port, prefix="hof_süd").open()), places_message(FEWER))
    late = Subscriber(broker, "late")
    late.wait_for(lambda: late.on(discovery_topic("hof_süd")))
    late.close()
    assert json.loads(late.on(discovery_topic("hof_süd"))[0])["availability"] == [{"topic": "hof_süd/available"}]
