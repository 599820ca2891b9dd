"""Notifications by Apprise, which asks a real server: who is told what, when not, and what becomes of the rest."""

from __future__ import annotations

import base64
import json
import logging
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apprise.decorators import notify

from edge_app.app.config import load_config
from edge_app.cli import execute, logs
from edge_app.core import files
from edge_app.core.errors import ConfigError
from edge_app.core.ulid import new_ulid
from edge_app.publish import Delivery, Message
from edge_app.publish.pictures import PATIENCE_S, EventPictures
from edge_app.publish.sinks.notify import NotifySinkConfig
from tests.config.files import SOUND
from tests.config.test_mistakes import said, sink
from tests.publish.conftest import Running, fast_backoff, never
from tests.publish.hook_server import Asked, HookServer, drip
from tests.waiting import Stopwatch, until

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=BERLIN).timestamp()
NIGHT = datetime(2026, 11, 23, 23, 30, tzinfo=BERLIN).timestamp()
SECRET = "planted-S3cret"


def event(seq: int = 0, at: float | None = None, **keys: Any) -> Message:
    document = {
        "schema": "edge_app.event/1",
        "session": "01K",
        "seq": seq,
        "type": "enter",
        "camera": "gate",
        "capture_time": time.time() if at is None else at,
        "label": "person",
        "zone": "door",
        **keys,
    }
    return Message(camera="gate", kind="events", payload=json.dumps(document).encode(), droppable=True)


def url(server: HookServer, path: str = "") -> str:
    return f"json://127.0.0.1:{server.port}/{path}"


def start(running: Running, *urls: str, **more: Any) -> Delivery:
    config = NotifySinkConfig(urls=urls, **more)
    config.use_time_zone(BERLIN)
    return running.start(config.open(), backoff=fast_backoff())


def put(delivery: Delivery, *messages: Message) -> None:
    for message in messages:
        assert delivery.put(message, never)


def told(server: HookServer) -> list[tuple[str, str]]:
    documents = [json.loads(request.body) for request in server.taken]
    return [(document["title"], document["message"]) for document in documents]


def dropped(running: Running) -> dict[str, int]:
    return running.metrics.by("publish_dropped", "reason", sink="sink")


def test_an_event_is_told_with_its_values_and_local_time(running: Running) -> None:
    with HookServer() as server:
        delivery = start(running, url(server), body="{label} {zone}{line} {direction} {count} {time}")
        put(delivery, event(at=NOON), event(1, NOON, type="cross", zone="", line="entrance", direction="in", count=3))
        put(delivery, Message(camera="gate", kind="detections", payload=b"{}", droppable=True))
        until(lambda: delivery.status.queued == 0)
        assert told(server) == [
            ("gate: enter", "person door 2026-11-23 12:00:00"),
            ("gate: cross", "person entrance in 3 2026-11-23 12:00:00"),
        ]
        assert (delivery.status.state, running.metrics.total("published", sink="sink")) == ("up", 2)


def test_people_are_told_of_verified_events_alone_where_they_want_that(running: Running) -> None:
    with HookServer() as server:
        delivery = start(running, url(server), verified=True, types=["dwell"], body="{description}")
        put(
            delivery,
            event(type="dwell"),
            event(1, type="update", update_of="dwell", verified=True, description="A man climbs."),
            event(2, type="update", update_of="dwell", verified=False, description="A cat climbs."),
            event(3, type="update", update_of="dwell", clip="gate/x.mp4"),
            event(4, type="update", update_of="enter", verified=True),
            event(5, type="update"),
        )
        until(lambda: delivery.status.queued == 0)
        assert told(server) == [("gate: dwell", "A man climbs.")]
        assert dropped(running) == {}


def test_a_description_stands_below_what_is_told(running: Running) -> None:
    with HookServer() as server:
        delivery = start(running, url(server), types=["update"])
        put(delivery, event(at=NOON, type="update", description="x" * 1500))
        until(lambda: delivery.status.queued == 0)
        assert told(server) == [("gate: update", "person door 2026-11-23 12:00:00\n" + "x" * 1000)]


@pytest.mark.parametrize("kind", ["form", "ntfy", "xml"])
def test_services_of_other_kinds_are_told_too(running: Running, kind: str) -> None:
    with HookServer() as server:
        delivery = start(running, f"{kind}://127.0.0.1:{server.port}/topic")
        put(delivery, event(label="dog"))
        until(lambda: delivery.status.queued == 0)
        assert b"dog" in server.taken[0].body


def test_a_value_puts_in_no_name_no_markup_and_no_control_character(running: Running) -> None:
    with HookServer() as server:
        delivery = start(running, url(server), body="{label} | {zone}")
        put(delivery, event(label="{zone} {0.__class__} <b>%s\x1b[2J\r\n", zone="x" * 500))
        until(lambda: delivery.status.queued == 0)
        ((_, body),) = told(server)
        assert body == "{zone} {0.__class__} <b>%s [2J | " + "x" * 200


@pytest.mark.parametrize(
    ("markup", "shown"),
    [("html", "&lt;b&gt;x&lt;/b&gt;"), ("markdown", r"\[a\]\(http://h\)")],
    ids=["html", "markdown"],
)
def test_markup_in_a_value_stays_text_where_a_service_knows_markup(running: Running, markup: str, shown: str) -> None:
    with HookServer() as server:
        delivery = start(running, f"{url(server)}?format={markup}", body="{label}")
        put(delivery, event(label="<b>x</b> [a](http://h)"))
        until(lambda: delivery.status.queued == 0)
        assert shown in told(server)[0][1]


@pytest.fixture
def pictures(tmp_path: Path) -> EventPictures:
    (tmp_path / "gate/2026-11-23").mkdir(parents=True)
    return EventPictures(tmp_path)


def with_picture(seq: int = 0, **more: Any) -> Message:
    return event(seq, id=(identity := new_ulid()), snapshot=f"gate/2026-11-23/{identity}.jpg", **more)


def path_of(message: Message, folder: Path) -> Path:
    return folder / json.loads(message.payload)["snapshot"]


def attached(server: HookServer) -> list[list[bytes]]:
    documents = [json.loads(request.body) for request in server.taken]
    return [[base64.b64decode(each["base64"]) for each in document["attachments"]] for document in documents]


def start_with(running: Running, pictures: EventPictures, *urls: str, **more: Any) -> Delivery:
    config = NotifySinkConfig(urls=urls, **more)
    config.use_pictures(pictures)
    return running.start(config.open(), backoff=fast_backoff())


def test_the_picture_of_an_event_goes_with_it_also_if_it_is_written_a_little_later(running, pictures, tmp_path) -> None:
    with HookServer() as server:
        message = with_picture()
        delivery = start_with(running, pictures, url(server))
        put(delivery, message)
        time.sleep(0.2)
        files.write(path_of(message, tmp_path), b"jpeg")
        until(lambda: delivery.status.queued == 0)
        assert attached(server) == [[b"jpeg"]]


def test_an_event_whose_picture_is_gone_is_told_without_and_an_old_one_waits_for_none(running, pictures) -> None:
    with HookServer() as server:
        delivery = start_with(running, pictures, url(server))
        old = event(id="01ARZ3NDEKTSV4RRFFQ69G5FAW", snapshot="gate/2016-07-30/x.jpg", at=1.4e9)
        watch = Stopwatch()
        put(delivery, *[old] * 20)
        until(lambda: delivery.status.queued == 0)
        assert watch.read() < 20 * PATIENCE_S
        put(delivery, with_picture())
        until(lambda: delivery.status.queued == 0)
        assert attached(server) == [[]] * 21


def test_no_picture_goes_with_it_where_none_is_wanted_and_none_from_elsewhere(running, pictures, tmp_path) -> None:
    with HookServer() as server:
        message = with_picture()
        files.write(path_of(message, tmp_path), b"jpeg")
        put(quiet := start_with(running, pictures, url(server), picture=False), message)
        until(lambda: quiet.status.queued == 0)
        (tmp_path / "secret.jpg").write_bytes(b"secret")
        put(
            other := start_with(running, EventPictures(tmp_path / "gate"), url(server)), event(snapshot="../secret.jpg")
        )
        until(lambda: other.status.queued == 0)
        assert attached(server) == [[], []]


def test_a_text_can_say_where_the_page_shows_the_event(running: Running, tmp_path: Path) -> None:
    with HookServer() as server:
        known = start_with(running, EventPictures(tmp_path, "https://box7.lan:8080"), url(server), body="see {link}")
        put(known, event(id="01KAPX"))
        until(lambda: known.status.queued == 0)
        unknown = start_with(running, EventPictures(tmp_path), url(server), body="see {link}")
        put(unknown, event(id="01KAPX"))
        until(lambda: unknown.status.queued == 0)
        assert [body for _, body in told(server)] == ["see https://box7.lan:8080/#/events?id=01KAPX", "see"]


def test_people_are_told_of_the_types_they_want_and_by_default_of_no_update(running: Running) -> None:
    with HookServer() as server:
        some = start(running, url(server, "some"), types=["crowd"])
        every = start(running, url(server, "every"))
        for delivery in (some, every):
            put(delivery, *(event(n, type=kind) for n, kind in enumerate(["new", "update", "crowd", "end"])))
        until(lambda: some.status.queued == every.status.queued == 0)
        by_path = {
            path: [json.loads(r.body)["title"] for r in server.taken if r.target == path]
            for path in ("/some", "/every")
        }
        assert by_path == {"/some": ["gate: crowd"], "/every": ["gate: new", "gate: crowd", "gate: end"]}
        assert dropped(running) == {}


def at_clock(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    monkeypatch.setattr("edge_app.publish.sinks.notify.restraint.time.time", lambda: moment)


def test_what_happens_or_comes_within_quiet_hours_is_left_out_counted_and_told_once(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    with HookServer() as server:
        delivery = start(running, url(server), quiet=["22:00-06:00"], body="{type} {time}")
        at_clock(monkeypatch, NIGHT)
        put(delivery, *(event(n, NIGHT) for n in range(5)), event(5, NOON))
        until(lambda: dropped(running) == {"quiet": 6})
        morning = NIGHT + 8 * 3600
        at_clock(monkeypatch, morning)
        put(delivery, event(6, NIGHT), event(7, morning))
        until(lambda: delivery.status.queued == 0)
        assert told(server) == [("gate: enter", "enter 2026-11-24 07:30:00")]
        assert dropped(running) == {"quiet": 7}
        assert [record.getMessage() for record in caplog.records if "quiet" in record.getMessage()] == [
            "notify: quiet hours have begun: until their end events are left out and counted"
        ]
        assert delivery.status.state == "up"


def test_people_are_told_while_the_clock_was_never_set(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says 1970, just after midnight, whenever the machine starts."""
    with HookServer() as server:
        delivery = start(running, url(server), quiet=["00:00-06:00"], body="{camera}")
        at_clock(monkeypatch, 60.0)
        put(delivery, event(0, 60.0))
        until(lambda: len(told(server)) == 1)
        at_clock(monkeypatch, NOON)
        put(delivery, event(1, 120.0), event(2, NOON))
        until(lambda: len(told(server)) == 3)
        assert dropped(running) == {}


def test_more_than_people_want_in_an_hour_is_left_out_counted_and_told_once(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    with HookServer() as server:
        delivery = start(running, url(server), max_per_hour=3)
        put(delivery, *(event(n) for n in range(10)))
        until(lambda: delivery.status.queued == 0)
        assert (len(told(server)), dropped(running)) == (3, {"max_per_hour": 7})
        later = time.monotonic() + 3601
        monkeypatch.setattr("edge_app.publish.sinks.notify.restraint.time.monotonic", lambda: later)
        put(delivery, *(event(n) for n in range(10, 15)))
        until(lambda: delivery.status.queued == 0)
        assert (len(told(server)), dropped(running)) == (6, {"max_per_hour": 9})
        assert len([record for record in caplog.records if "wanted in an hour" in record.getMessage()]) == 2


def test_what_fails_is_tried_again_counts_once_in_the_hour_and_is_told_by_us_alone(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("DEBUG")
    answers = [500, 500, None]
    with HookServer(lambda _: answers.pop(0) if answers else 200) as server:
        delivery = start(running, url(server), max_per_hour=2)
        put(delivery, event(0), event(1))
        until(lambda: delivery.status.queued == 0)
        assert (len(told(server)), dropped(running)) == (2, {})
        assert len(server.asked) == 5
        log = capfd.readouterr().err
        assert "down: JSON: " in log
        assert "error=500" in log
        assert "logger=apprise" not in log
        assert "logger=urllib3" not in log


def test_who_knows_already_is_not_told_again_while_another_is_away(running: Running) -> None:
    with HookServer() as one, HookServer(lambda _: 503) as other:
        delivery = start(running, url(one), url(other))
        put(delivery, *(event(n, label=str(n)) for n in range(3)))
        until(lambda: running.metrics.total("publish_failed", sink="sink") >= 8)
        assert delivery.status.state == "down"
        other.answer = lambda _: 200
        until(lambda: delivery.status.queued == 0)
        for server in (one, other):
            assert sorted(body.split()[0] for _, body in told(server)) == ["0", "1", "2"]


def test_a_service_that_drips_holds_neither_the_beat_nor_the_end_nor_more_than_a_thread(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_app.publish.sinks.notify.config.LIMIT_S", 0.5)
    with HookServer() as server:
        server.answer = lambda _: drip(server.over, b"HTTP/1.1 200 OK\r\nX: ")
        delivery = start(running, url(server))
        put(delivery, event())
        until(lambda: delivery.status.state == "down")
        until(lambda: "cannot be ended" in str(delivery.status.reason))
        running.assert_beats("publish sink", longest_s=2.0)
        assert len([t for t in threading.enumerate() if t.name.startswith("deliver ")]) == 1
        assert len(server.asked) == 1
        watch = Stopwatch()
        assert running.end() == []
        assert watch.read() < 3


def test_a_redirect_is_not_followed(running: Running) -> None:
    with HookServer() as there, HookServer() as server:
        server.answer = lambda _: (302, {"Location": there.url})
        delivery = start(running, url(server))
        put(delivery, event())
        until(lambda: delivery.status.state == "down")
        assert there.connections == 0


def test_a_probe_tells_nobody(running: Running) -> None:
    with HookServer() as server:
        assert NotifySinkConfig(urls=[url(server), "ntfy://127.0.0.1/x"]).probe() == (
            "JSON, ntfy; not asked, that would be a notification"
        )
        assert server.connections == 0


def test_no_secret_of_a_url_is_shown_whatever_fails(
    tmp_path: Path, running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("DEBUG")

    def echo(request: Asked) -> Any:
        return f"HTTP/1.1 500 {SECRET}\r\nContent-Length: 0\r\n\r\n".encode()

    with HookServer(echo) as server:
        address = f"json://user:{SECRET}@127.0.0.1:{server.port}/{SECRET}x/?+X={SECRET}"
        away = f"json://user:{SECRET}@127.0.0.1:1/{SECRET}x/?+X={SECRET}"
        delivery = start(running, address, away)
        put(delivery, event())
        until(lambda: delivery.status.state == "down")
        assert SECRET not in str(delivery.status.reason)
        assert SECRET not in capfd.readouterr().err
        path = tmp_path / "c.yaml"
        path.write_text(SOUND + f"publish: [{{type: notify, urls: ['{address}']}}]\n")
        path.chmod(0o600)
        execute(["check", str(path), "--probe"])
        shown = capfd.readouterr()
        assert "ok   sink notify: JSON;" in shown.out
        assert SECRET not in shown.out + shown.err


@notify(on="leaky", name="Leaky")
def leaky(body: str, title: str, notify_type: Any, **_: Any) -> bool:
    """A service of Apprise's that shows its URL."""
    logging.getLogger("apprise").warning("cannot reach leaky://%s/x", SECRET)
    return False


def test_a_service_that_shows_its_url_does_not_show_it_to_us(running: Running) -> None:
    delivery = start(running, f"leaky://{SECRET}/x")
    put(delivery, event())
    until(lambda: delivery.status.state == "down")
    assert delivery.status.reason == "Leaky: cannot reach ***; Failed to send Leaky notification."


def test_without_the_extra_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    path = tmp_path / "c.yaml"
    path.write_text(SOUND + "publish: [{type: notify, urls: ['json://localhost']}]\n")
    path.chmod(0o600)
    for verb in ("check", "run"):
        assert execute([verb, str(path)]) == 78
        line = f"{path}:3:11: publish[0]: needs apprise: pip install 'edge-app[notify]'"
        assert capfd.readouterr().err.strip().endswith(line)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        pytest.param("", "publish[0].urls: missing", id="no urls"),
        pytest.param("urls: []", "publish[0].urls: want at least one", id="no url"),
        pytest.param(f"urls: [{SECRET}]", "publish[0].urls[0]: want a URL such as tgram://TOKEN/CHAT", id="no scheme"),
        pytest.param(
            "urls: ['json://h'], body: '{lable} was seen'",
            "publish[0].body: no value is called 'lable', did you mean label?",
            id="misspelt",
        ),
        pytest.param(
            "urls: ['json://h'], title: '{camera.__class__}'",
            "publish[0].title: no value is called 'camera.__class__'",
            id="an attribute",
        ),
        pytest.param(
            "urls: ['json://h'], title: '{}'", "publish[0].title: no value is called ''; known are", id="empty"
        ),
        pytest.param(
            "urls: ['json://h'], title: 'a { b'",
            "publish[0].title: a { that stands alone; write {{ for the character itself",
            id="a brace",
        ),
        pytest.param(
            "urls: ['json://h'], quiet: ['22-6']", "publish[0].quiet[0]: no time of day '22', want one from", id="hours"
        ),
        pytest.param(
            "urls: ['json://h'], messages: [detections]", "publish[0].messages[0]: want events, got", id="messages"
        ),
        pytest.param("urls: ['json://h'], types: [entre]", "did you mean enter?", id="types"),
        pytest.param("urls: ['json://h'], max_per_hour: 0", "publish[0].max_per_hour: want at least 1", id="hour"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, keys: str, line: str) -> None:
    text = said(tmp_path, sink(f"type: notify, {keys}".removesuffix(", ")))
    assert line in text
    assert SECRET not in text


@pytest.mark.parametrize("wrong", [f"nosuch://{SECRET}/x", "tgram://", f"pover://{SECRET}"])
def test_a_url_of_which_apprise_knows_no_service_is_one_line_and_shows_nothing(wrong: str) -> None:
    with pytest.raises(ConfigError) as error:
        NotifySinkConfig(urls=["json://localhost", wrong]).open()
    assert str(error.value).startswith("urls[1]: apprise takes no such URL of ")
    assert SECRET not in str(error.value)


def test_the_time_zone_of_the_configuration_holds_for_notifications(tmp_path: Path, running: Running) -> None:
    with HookServer() as server:
        path = tmp_path / "c.yaml"
        path.write_text(
            f"{SOUND}timezone: Asia/Tokyo\npublish: [{{type: notify, urls: ['{url(server)}'], body: '{{time}}'}}]\n"
        )
        delivery = running.start(load_config(path, {}).publish[0].open())
        put(delivery, event(at=NOON))
        until(lambda: delivery.status.queued == 0)
        assert told(server) == [("gate: enter", "2026-11-23 20:00:00")]
