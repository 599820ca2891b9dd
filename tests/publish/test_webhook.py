"""The webhook sink against real servers: what is sent, what is delivered, refused and sent again."""

from __future__ import annotations

import base64
import json
import re
import ssl
import textwrap
import time
from collections.abc import Iterable
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from edge_app.core.errors import SinkError
from edge_app.publish import Delivery, Message
from edge_app.publish.pictures import EventPictures
from edge_app.publish.sinks.sink import LoginError
from edge_app.publish.sinks.webhook import WebhookSinkConfig
from tests.publish.conftest import Running, fast_backoff, never, payloads
from tests.publish.hook_server import Answer, Asked, HookServer
from tests.waiting import Stopwatch, until

OLD = "01ARZ3NDEKTSV4RRFFQ69G5FAW"  # of 2016
ALL = ("detections", "events", "status", "stats", "counts")


def config(server: HookServer, **more: Any) -> WebhookSinkConfig:
    return WebhookSinkConfig(**{"url": server.url, "messages": ALL, **more})


def start(running: Running, server: HookServer, **more: Any) -> Delivery:
    return running.start(config(server, **more).open(), backoff=fast_backoff())


def put(delivery: Delivery, messages: Iterable[Message]) -> None:
    for message in messages:
        assert delivery.put(message, never)


def refused(running: Running) -> int:
    return running.metrics.total("publish_dropped", sink="sink", reason="refused")


def failed(running: Running) -> int:
    return running.metrics.total("publish_failed", sink="sink")


def first(*answers: Answer) -> Any:
    """Gives these answers first, and then takes everything."""
    left = list(answers)
    return lambda _: left.pop(0) if left else 200


def event(**keys: Any) -> Message:
    document = {"schema": "edge_app.event/1", "session": "01K", "seq": 7, "capture_ts": "2026-11-23T15:00:00.123Z"}
    return Message(camera="gate", kind="events", payload=json.dumps({**document, **keys}).encode(), droppable=True)


def verified(request: Asked, secret: str) -> bool:
    """Whether a request is signed, by the lines that docs/messages.md gives to consumers."""
    page = (Path(__file__).parents[2] / "docs/messages.md").read_text()
    lines = re.search(r"(?m)^    import hashlib, hmac, time\n(?:(?:    .*)?\n)+", page)
    assert lines is not None
    names: dict[str, Any] = {}
    exec(textwrap.dedent(lines[0]), names)
    return bool(names["is_ours"](request.headers["x-edge-app-signature"], request.body, secret))


def test_each_message_is_one_document_posted_in_order_over_one_connection(running: Running, message: Any) -> None:
    with HookServer() as server:
        delivery = start(running, server, url=f"{server.url}?token=a b", headers={"X-Key": "k3y"})
        put(delivery, [message(n) for n in range(20)])
        until(lambda: delivery.status.queued == 0)
        assert server.bodies == payloads([message(n) for n in range(20)])
        assert {request.connection for request in server.asked} == {1}
        request = server.asked[0]
        assert (request.method, request.target) == ("POST", "/hook?token=a%20b")
        headers = request.headers
        assert (headers["content-type"], headers["x-key"]) == ("application/json", "k3y")
        assert (headers["x-edge-app-kind"], headers["x-edge-app-camera"]) == ("detections", "gate")
        assert "x-edge-app-signature" not in headers
        assert (delivery.status.state, running.metrics.total("published", sink="sink")) == ("up", 20)


def test_every_attempt_is_signed_anew(running: Running, message: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with HookServer(first(500, None)) as server:
        put(start(running, server, secret="wh/sec+ret=&%41"), [message(0)])
        until(lambda: len(server.asked) == 3)
        assert all(verified(request, "wh/sec+ret=&%41") for request in server.asked)
        assert not verified(server.asked[0], "another")
        assert not verified(replace(server.asked[0], body=b"another"), "wh/sec+ret=&%41")
        later = time.time() + 1000
        monkeypatch.setattr("time.time", lambda: later)
        assert not verified(server.asked[0], "wh/sec+ret=&%41")
        server.answer = first(503)
        put(running.deliveries[0], [message(1)])
        until(lambda: len(server.asked) == 5)
        assert all(verified(request, "wh/sec+ret=&%41") for request in server.asked[3:])


def test_the_picture_of_an_event_goes_inline_and_is_signed_with_it(running: Running, message: Any, tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8jpeg")
    with HookServer(first(500)) as server:
        made = config(server, secret="s3cret", picture="inline")
        made.use_pictures(EventPictures(tmp_path))
        delivery = running.start(made.open(), backoff=fast_backoff())
        put(delivery, [event(snapshot="a.jpg"), event(snapshot="gone.jpg", id=OLD, capture_time=0), message(1)])
        until(lambda: delivery.status.queued == 0)
        bodies = [json.loads(request.body) for request in server.taken]
        assert base64.b64decode(bodies[0].pop("picture")) == b"\xff\xd8jpeg"
        assert bodies[0] == json.loads(event(snapshot="a.jpg").payload)
        assert ["picture" in body for body in bodies] == [False, False, False]
        assert all(verified(request, "s3cret") for request in server.asked)


def test_where_the_picture_is_goes_with_every_event_that_has_one(running: Running, message: Any, tmp_path) -> None:
    with HookServer() as server:
        made = config(server, picture="url", batch=10)
        made.use_pictures(EventPictures(tmp_path, "https://box7.lan:8080"))
        delivery = running.start(made.open(), backoff=fast_backoff())
        put(delivery, [event(snapshot="a.jpg", id=OLD), event(id=OLD), message(1)])
        until(lambda: delivery.status.queued == 0)
        found = [json.loads(line).get("picture_url") for line in b"".join(server.bodies).splitlines()]
        assert found == [f"https://box7.lan:8080/api/v1/events/{OLD}/snapshot.jpg", None, None]


def test_without_being_asked_for_no_picture_goes(running: Running, tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    with HookServer() as server:
        made = config(server)
        made.use_pictures(EventPictures(tmp_path))
        delivery = running.start(made.open(), backoff=fast_backoff())
        put(delivery, [event(snapshot="a.jpg")])
        until(lambda: delivery.status.queued == 0)
        assert server.bodies == [event(snapshot="a.jpg").payload]


def test_what_waits_goes_in_one_request_of_lines_and_no_more_than_a_batch(running: Running, message: Any) -> None:
    with HookServer(first(503)) as server:
        put(start(running, server, batch=10), [message(n) for n in range(35)])
        until(lambda: len(server.taken) >= 4 and running.deliveries[0].status.queued == 0)
        lines = [request.body.splitlines() for request in server.taken]
        assert [line for body in lines for line in body] == payloads([message(n) for n in range(35)])
        assert max(map(len, lines)) == 10
        assert {request.headers["content-type"] for request in server.asked} == {"application/x-ndjson"}
        assert all(request.body.endswith(b"\n") for request in server.asked)


def test_a_batch_is_no_larger_than_servers_take(running: Running) -> None:
    with HookServer(first(503)) as server:
        big = [Message(camera="gate", kind="detections", payload=b"%d" % n * 400_000, droppable=True) for n in range(4)]
        put(start(running, server, batch=1000), big)
        until(lambda: running.deliveries[0].status.queued == 0)
        assert [len(request.body.splitlines()) for request in server.taken] == [2, 2]


def test_a_message_alone_does_not_wait_for_a_batch(running: Running, message: Any) -> None:
    with HookServer() as server:
        delivery, watch = start(running, server, batch=1000), Stopwatch()
        put(delivery, [message(0)])
        until(lambda: server.taken)
        assert watch.read() < 5


def test_a_cloud_event_is_described_by_its_headers_with_the_same_identity_each_time(running: Running) -> None:
    with HookServer(first(500)) as server:
        delivery = start(running, server, format="cloudevents")
        status = Message(
            camera="gate", kind="status", payload=b'{"state":"up","since":"2026-11-23T15:00:00Z"}', droppable=True
        )
        put(delivery, [event(), event(seq=8)])
        until(lambda: len(server.taken) == 2)
        delivery.put_state(status)
        until(lambda: len(server.taken) == 3)
        assert {request.headers["content-type"] for request in server.asked} == {"application/json"}
        assert server.bodies == [event().payload, event().payload, event(seq=8).payload, status.payload]
        first_try, again, other, state = (
            {name: text for name, text in request.headers.items() if name.startswith("ce-")} for request in server.asked
        )
        assert first_try == again
        assert again == {
            "ce-specversion": "1.0",
            "ce-id": "01K-events-7",
            "ce-source": "edge_app/gate",
            "ce-type": "edge_app.event/1",
            "ce-time": "2026-11-23T15:00:00.123Z",
        }
        assert other["ce-id"] == "01K-events-8"
        assert (state["ce-type"], state["ce-time"]) == ("edge_app.status/1", "2026-11-23T15:00:00Z")
        assert len({first_try["ce-id"], other["ce-id"], state["ce-id"]}) == 3


def test_cloud_events_of_a_batch_are_a_list(running: Running) -> None:
    with HookServer(first(503)) as server:
        put(start(running, server, format="cloudevents", batch=5), [event(seq=n) for n in range(3)])
        until(lambda: len(server.taken) >= 1)
        request = server.taken[0]
        assert request.headers["content-type"] == "application/cloudevents-batch+json"
        events = json.loads(request.body)
        assert [each.pop("data")["seq"] for each in events] == [0, 1, 2]
        assert events[2] == {
            "specversion": "1.0",
            "id": "01K-events-2",
            "source": "edge_app/gate",
            "type": "edge_app.event/1",
            "time": "2026-11-23T15:00:00.123Z",
            "datacontenttype": "application/json",
        }


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_a_busy_server_is_left_alone_for_as_long_as_it_asks_by_its_own_clock(
    running: Running, message: Any, status: int, as_date: bool
) -> None:
    hours_off = time.time() + 7200
    wait = {"Retry-After": formatdate(hours_off + 2, usegmt=True), "Date": formatdate(hours_off, usegmt=True)}
    answered: list[float] = []

    def answer(_: Asked) -> Answer:
        answered.append(time.monotonic())
        return (status, wait if as_date else {"Retry-After": "1"}) if len(answered) == 1 else 200

    with HookServer(answer) as server:
        delivery = start(running, server)
        put(delivery, [message(n) for n in range(3)])
        until(lambda: delivery.status.state == "down")
        assert f"answered {status} " in str(delivery.status.reason)
        until(lambda: delivery.status.queued == 0)
        assert answered[1] - answered[0] >= 1
        assert server.bodies == payloads([message(0), message(0), message(1), message(2)])
        assert (refused(running), delivery.status.state) == (0, "up")


@pytest.mark.parametrize("answer", [500, 502, 504, 408, 425, None, 302, 199, 999], ids=str)
def test_trouble_is_waited_out_in_order_however_long_it_takes(running: Running, message: Any, answer: Answer) -> None:
    with HookServer(first(200, *[answer] * 11)) as server:
        delivery = start(running, server)
        put(delivery, [message(n) for n in range(4)])
        until(lambda: delivery.status.queued == 0)
        assert payloads([message(n) for n in range(4)]) == [request.body for request in server.taken]
        assert set(server.bodies[1:-2]) == {message(1).payload}
        assert refused(running) == 0


def test_what_is_refused_is_set_aside_and_told_once_and_the_rest_goes_on(
    running: Running, message: Any, caplog: Any
) -> None:
    with HookServer(lambda request: 422 if b'"seq":1' in request.body else 200) as server:
        delivery = start(running, server)
        put(delivery, [message(n) for n in range(30)])
        until(lambda: delivery.status.queued == 0)
        assert (len(server.asked), len(server.taken), refused(running), failed(running)) == (30, 19, 11, 0)
        told = [record.getMessage() for record in caplog.records if "set aside" in record.getMessage()]
        assert len(told) == 1
        assert f"detections of gate: 127.0.0.1:{server.port} answered 422 " in told[0]


@pytest.mark.parametrize("batch", [1, 8])
def test_nothing_is_set_aside_because_the_time_that_is_signed_is_of_a_clock_that_was_never_set(
    running: Running, message: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, batch: int
) -> None:
    """The receiver wants a signature of these minutes; the clock is set while it refuses one for the second time."""
    wall, right = 60.0, time.time()

    def answer(request: Asked) -> Answer:
        nonlocal wall
        wall = right if len(server.asked) > 1 else wall
        signed = int(request.headers["x-edge-app-signature"].partition(",")[0].removeprefix("t="))
        return 200 if abs(signed - right) < 300 else 400

    monkeypatch.setattr("time.time", lambda: wall)
    with HookServer(answer) as server:
        delivery = start(running, server, secret="s", batch=batch)
        put(delivery, [message(n) for n in range(5)])
        until(lambda: delivery.status.queued == 0)
        assert "of a clock that was never set" in caplog.text
        taken = [line for request in server.taken for line in request.body.splitlines()]
        assert taken == payloads([message(n) for n in range(5)])
        assert refused(running) == 0


def test_of_a_batch_only_the_wrong_message_is_set_aside(running: Running, message: Any) -> None:
    def answer(request: Asked) -> Answer:
        if not server.asked[1:]:
            return 503  # so that the batch is full
        return 400 if b'"seq":4}' in request.body else 200

    with HookServer(answer) as server:
        delivery = start(running, server, batch=8)
        put(delivery, [message(n) for n in range(8)])
        until(lambda: delivery.status.queued == 0)
        taken = [line for request in server.taken for line in request.body.splitlines()]
        assert taken == payloads([message(n) for n in range(8) if n != 4])
        assert (refused(running), running.metrics.total("published", sink="sink")) == (1, 7)


def test_a_batch_at_which_the_server_hangs_up_goes_message_by_message(running: Running, message: Any) -> None:
    def answer(request: Asked) -> Answer:
        if not server.asked[1:]:
            return 503  # so that the batch is full
        return None if b"\n{" in request.body else 200

    with HookServer(answer) as server:
        delivery = start(running, server, batch=8)
        put(delivery, [message(n) for n in range(8)])
        until(lambda: delivery.status.queued == 0)
        assert [request.body.strip() for request in server.taken] == payloads([message(n) for n in range(8)])
        assert (failed(running), refused(running)) == (1, 0)


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_refused_login_keeps_everything_and_comes_back_later(running: Running, message: Any, status: int) -> None:
    with HookServer(first(200, *[status] * 7)) as server:
        delivery = start(running, server)
        put(delivery, [message(n) for n in range(4)])
        until(lambda: f"({status})" in str(delivery.status.reason))
        until(lambda: delivery.status.queued == 0)
        assert [request.body for request in server.taken] == payloads([message(n) for n in range(4)])
        assert refused(running) == 0


def test_a_redirect_is_not_followed_and_shows_no_more_than_its_host(running: Running, message: Any) -> None:
    with HookServer() as there, HookServer() as server:
        server.answer = lambda _: (307, {"Location": f"http://u:pw@127.0.0.1:{there.port}/s3cret?token=t0ken"})
        delivery = start(running, server, headers={"Authorization": "Bearer x"})
        put(delivery, [message(0)])
        until(lambda: delivery.status.state == "down")
        reason = str(delivery.status.reason)
        assert reason.endswith(
            f"redirects (307) to http://127.0.0.1:{there.port}, which is not followed; make that the url"
        )
        assert there.connections == 0


def test_a_server_that_closes_what_is_idle_costs_no_failure(running: Running, message: Any) -> None:
    with HookServer() as server:
        delivery = start(running, server)
        for number in range(3):
            put(delivery, [message(number)])
            until(lambda: delivery.status.queued == 0)
            server.down()
            server.up()
        assert (server.bodies, failed(running)) == (payloads([message(n) for n in range(3)]), 0)


def test_a_server_that_is_away_is_told_once_and_gets_all_in_order_when_it_comes(
    running: Running, message: Any, caplog: Any
) -> None:
    server = HookServer()
    delivery = start(running, server)
    put(delivery, [message(n) for n in range(5)])
    until(lambda: failed(running) >= 5)
    assert delivery.status.reason == f"127.0.0.1:{server.port}: Connection refused"
    assert len([record for record in caplog.records if "Connection refused" in record.getMessage()]) == 1
    with server:
        until(lambda: delivery.status.queued == 0)
        assert server.bodies == payloads([message(n) for n in range(5)])


def test_a_login_within_the_url_is_sent_as_basic_and_not_as_part_of_the_url(running: Running, message: Any) -> None:
    with HookServer() as server:
        put(start(running, server, url=server.url.replace("//", "//user:p%40ss@")), [message(0)])
        until(lambda: server.taken)
        assert server.asked[0].headers["authorization"] == "Basic dXNlcjpwQHNz"
        assert (server.asked[0].target, server.asked[0].headers["host"]) == ("/hook", f"127.0.0.1:{server.port}")


def tls_of(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "broker.pem", certificates / "broker.key")
    return context


def test_https_wants_a_certificate_that_is_signed(running: Running, message: Any, certificates: Path) -> None:
    with HookServer(tls=tls_of(certificates)) as server:
        for tls, wanted in (
            ({"ca": certificates / "ca.pem"}, None),
            ({"verify": False}, None),
            (None, "certificate was rejected"),
            ({"ca": certificates / "other.pem"}, "certificate was rejected"),
        ):
            if wanted is None:
                put(start(running, server, tls=tls), [message(len(server.taken))])
                until(lambda: running.deliveries[-1].status.queued == 0)
            else:
                with pytest.raises(SinkError, match=wanted):
                    config(server, tls=tls).probe()
        assert server.bodies == payloads([message(0), message(1)])


def test_http_and_https_that_are_mistaken_for_each_other_are_told(running: Running, certificates: Path) -> None:
    with HookServer() as plain, HookServer(tls=tls_of(certificates)) as encrypted:
        with pytest.raises(SinkError, match="no secure connection"):
            config(plain, url=plain.url.replace("http", "https")).probe()
        with pytest.raises(SinkError, match="does this port want https"):
            config(encrypted, url=encrypted.url.replace("https", "http")).probe()


def test_a_probe_asks_for_the_head_and_understands_that_a_server_wants_documents() -> None:
    with HookServer() as server:
        assert config(server).probe() == f"127.0.0.1:{server.port}: answers HEAD with 200 OK"
        server.answer = lambda _: 405
        assert "probe: event" in config(server).probe()
        assert [request.method for request in server.asked] == ["HEAD", "HEAD"]
        for status, error in ((401, LoginError), (502, SinkError), (308, SinkError), (410, SinkError)):
            server.answer = lambda _, status=status: status
            with pytest.raises(error):
                config(server).probe()


def test_a_probe_by_event_posts_one_that_says_so() -> None:
    with HookServer() as server:
        assert "took an empty event (200 OK)" in config(server, probe="event", secret="s", batch=5).probe()
        assert json.loads(server.bodies[0])["test"] is True
        assert verified(server.asked[0], "s")
        server.answer = lambda _: 422
        with pytest.raises(SinkError, match="answered 422"):
            config(server, probe="event").probe()


def test_a_proxy_of_the_environment_is_used_except_for_this_machine(
    running: Running, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HookServer() as proxy:
        monkeypatch.setenv("http_proxy", f"http://user:pr0xy@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "10.0.0.9")
        put(start(running, proxy, url="http://10.0.0.5:81/hook?a=b"), [message(0)])
        until(lambda: proxy.taken)
        assert proxy.asked[0].target == "http://10.0.0.5:81/hook?a=b"
        assert proxy.asked[0].headers["host"] == "10.0.0.5:81"
        assert proxy.asked[0].headers["proxy-authorization"] == "Basic dXNlcjpwcjB4eQ=="
        with HookServer() as server:
            put(start(running, server), [message(1)])
            until(lambda: server.taken)
            assert server.asked[0].target == "/hook"
        assert len(proxy.asked) == 1


def test_a_proxy_that_refuses_an_encrypted_connection_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with HookServer(lambda _: b"HTTP/1.1 403 Not with u pr0xy\r\n\r\n") as proxy:
        monkeypatch.setenv("https_proxy", f"user:pr0xy@127.0.0.1:{proxy.port}")
        with pytest.raises(SinkError) as error:
            WebhookSinkConfig(url="https://hooks.example.com/x").probe()
        through = f"hooks.example.com:443 through the proxy 127.0.0.1:{proxy.port}"
        assert str(error.value) == f"{through}: the proxy refuses (403)"
        assert (proxy.asked[0].method, proxy.asked[0].target) == ("CONNECT", "hooks.example.com:443")
