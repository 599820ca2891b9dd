"""The webhook sink against servers that drip, flood, hang, break and lie: told, with nothing lost or leaked."""

from __future__ import annotations

import gc
import threading
import time
from typing import Any

import pytest

from edge_app.core.errors import SinkError
from edge_app.publish import Message
from edge_app.publish.sinks.webhook import WebhookSinkConfig
from tests.publish.conftest import Running, payloads
from tests.publish.hook_server import Answer, HookServer, drip, flood, reset
from tests.publish.test_webhook import config, failed, first, put, refused, start
from tests.waiting import PATIENCE_S, Stopwatch, until

OK = b"HTTP/1.1 200 OK\r\n"


def couriers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("deliver ")]


def test_an_answer_that_drips_is_given_up_and_the_thread_beats_on(running: Running, message: Any) -> None:
    with HookServer() as server:
        server.answer = first(200, drip(server.over, OK + b"X: "), drip(server.over, b"HTTP"))
        delivery = start(running, server, timeout_s=1.0)
        put(delivery, [message(0)])
        until(lambda: delivery.status.queued == 0)
        put(delivery, [message(1)])
        until(lambda: len(server.asked) == 2)
        running.assert_beats("publish sink", longest_s=2.0)
        until(lambda: delivery.status.state == "down")
        assert "no answer in" in str(delivery.status.reason)
        until(lambda: delivery.status.queued == 0)
        assert server.bodies == payloads([message(0), *[message(1)] * 3])
        until(lambda: len(couriers()) == 1)


def test_a_request_that_hangs_ends_with_the_sink_within_a_second(running: Running, message: Any) -> None:
    with HookServer() as server:
        server.answer = lambda _: drip(server.over, OK + b"X: ")
        put(start(running, server, timeout_s=300), [message(0)])
        until(lambda: server.asked)
        watch = Stopwatch()
        assert running.end() == []
        assert watch.read() < 3
        until(lambda: not couriers())


def test_a_server_that_accepts_and_says_nothing_is_down_and_never_has_two_threads(
    running: Running, message: Any, certificates: Any
) -> None:
    with HookServer(hanging=True) as server:
        put(start(running, server, timeout_s=0.3), [message(0)])
        until(lambda: failed(running) >= 3)
        assert len(couriers()) <= 1
        server.hanging = False
        until(lambda: server.taken)
    with HookServer(hanging=True) as encrypted, pytest.raises(SinkError, match=r"no answer in 0.3 s"):
        config(encrypted, url=encrypted.url.replace("http", "https"), timeout_s=0.3).probe()


def test_a_name_whose_look_up_hangs_costs_one_thread_and_no_beat(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def hang(*_: Any, **__: Any) -> None:
        answered.wait(60)
        raise OSError(0, "no")

    monkeypatch.setattr("socket.getaddrinfo", hang)
    sink = WebhookSinkConfig(url="https://hooks.example.com/x", timeout_s=0.2).open()
    delivery = running.start(sink)
    until(lambda: delivery.status.state == "down")
    assert delivery.status.reason == "hooks.example.com:443: no answer in time"
    running.assert_beats("publish sink", longest_s=2.0)
    until(lambda: "cannot be ended" in str(delivery.status.reason))
    assert len(couriers()) == 1
    answered.set()
    until(lambda: "cannot be ended" not in str(delivery.status.reason))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda _: flood(OK + b"\r\n"), id="without an end"),
        pytest.param(lambda _: flood(OK + b"Content-Length: 9999999999\r\n\r\n"), id="of ten gigabytes"),
        pytest.param(
            lambda _: flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
            id="of chunks without an end",
        ),
        pytest.param(lambda over: drip(over, OK + b"Content-Length: 500\r\n\r\n"), id="that drips"),
        pytest.param(lambda over: drip(over, OK + b"Transfer-Encoding: chunked\r\n\r\n"), id="of a chunk that drips"),
        pytest.param(lambda _: OK + b"Content-Length: 500\r\n\r\nabc", id="that breaks off"),
        pytest.param(lambda _: reset(OK + b"Content-Length: 500\r\n\r\nabc"), id="that is reset"),
        pytest.param(lambda _: OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", id="of no chunks"),
        pytest.param(lambda _: OK + b"Content-Length: -5\r\n\r\n", id="of a negative length"),
        pytest.param(
            lambda _: OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", id="compressed"
        ),
    ],
)
def test_the_body_of_an_answer_changes_nothing(running: Running, message: Any, body: Any) -> None:
    with HookServer() as server:
        server.answer = lambda _: body(server.over)
        delivery = start(running, server)
        put(delivery, [message(n) for n in range(3)])
        until(lambda: delivery.status.queued == 0)
        assert server.bodies == payloads([message(n) for n in range(3)])
        assert (failed(running), refused(running), delivery.status.state) == (0, 0, "up")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP", id="another protocol"),
        pytest.param(b"HTTP/1.1 banana\r\n\r\n", "not HTTP", id="no status"),
        pytest.param(OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n", "not HTTP", id="a long header"),
        pytest.param(OK + b"X: y\r\n" * 500 + b"\r\n", "not HTTP", id="many headers"),
        pytest.param(flood(OK, b"X: yyyyyyyyyy\r\n" * 4096), "not HTTP", id="headers without an end"),
        pytest.param(
            flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 3, b"HTTP/1.1 100 Continue\r\n\r\n" * 2000), "", id="100"
        ),
        pytest.param(reset(b"HTTP/1.1 2"), "", id="reset in the status"),
        pytest.param(reset(OK + b"X: "), "", id="reset in the headers"),
        pytest.param(reset(), "hung up", id="reset"),
        pytest.param(b"", "hung up", id="nothing"),
        pytest.param(b"\r\n\r\n\x00\xff\xfe", "not HTTP", id="rubbish"),
    ],
)
def test_what_is_no_answer_is_told_and_the_message_is_sent_again(
    running: Running, message: Any, answer: Answer, why: str
) -> None:
    with HookServer(lambda _: answer) as server:
        delivery = start(running, server, timeout_s=1.0)
        put(delivery, [message(n) for n in range(3)])
        until(lambda: failed(running) >= 4)
        assert why in str(delivery.status.reason)
        assert set(server.bodies) == {message(0).payload}
        server.answer = lambda _: 200
        until(lambda: delivery.status.queued == 0)
        assert [request.body for request in server.taken] == payloads([message(n) for n in range(3)])
        assert refused(running) == 0


def test_a_continue_before_the_answer_is_passed_over(running: Running, message: Any) -> None:
    with HookServer(lambda _: b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + OK + b"Content-Length: 0\r\n\r\n") as server:
        delivery = start(running, server)
        put(delivery, [message(0)])
        until(lambda: delivery.status.queued == 0)
        assert (len(server.asked), failed(running)) == (1, 0)


def test_a_long_body_that_is_refused_before_its_end_is_set_aside(running: Running, message: Any) -> None:
    with HookServer() as server:
        real = server._read

        def impatient(file: Any, number: int) -> Any:
            line = file.peek(1)
            if b"X-Edge-App-Camera: big" not in bytes(line):
                return real(file, number)
            connection = next(iter(server._open))
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            time.sleep(0.2)
            return None

        server._read = impatient  # type: ignore[method-assign]
        big = Message(camera="big", kind="detections", payload=b"x" * 8_000_000, droppable=True)
        delivery = start(running, server)
        put(delivery, [big, message(0)])
        until(lambda: delivery.status.queued == 0)
        assert refused(running) == 1
        assert server.bodies == payloads([message(0)])


def test_a_connection_that_was_silent_for_long_is_not_used_again(
    running: Running, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HookServer() as server:
        delivery = start(running, server)
        put(delivery, [message(0)])
        until(lambda: delivery.status.queued == 0)
        monkeypatch.setattr("edge_app.publish.http.client.IDLE_S", -1.0)
        put(delivery, [message(1)])
        until(lambda: delivery.status.queued == 0)
        assert [request.connection for request in server.asked] == [1, 2]
        assert failed(running) == 0


@pytest.mark.parametrize("head", [b"", b"Content-Length: 9999999999\r\n"], ids=["no length", "ten gigabytes"])
def test_of_an_answer_no_more_is_read_than_64_kib(running: Running, message: Any, head: bytes) -> None:
    sent, ended = 0, threading.Event()

    def flood_counted(connection: Any) -> None:
        nonlocal sent
        connection.sendall(OK + head + b"\r\n")
        try:
            while True:
                sent += connection.send(b"x" * 1_000_000)
        finally:
            ended.set()

    with HookServer(lambda _: flood_counted) as server:
        delivery = start(running, server)
        put(delivery, [message(0)])
        until(lambda: delivery.status.queued == 0)
        assert ended.wait(PATIENCE_S)
        assert sent < 32 << 20  # what the system's buffers take


@pytest.mark.parametrize("answer", ["refused", None, 503, b"rubbish\r\n\r\n"], ids=str)
def test_failed_attempts_leave_nothing_for_the_garbage_collector(
    running: Running, message: Any, answer: Answer | str
) -> None:
    gc.collect()
    before = [each for each in gc.get_objects() if isinstance(each, SinkError)]  # what parametrised tests hold
    gc.disable()
    try:
        with HookServer(lambda _: answer) as server:  # type: ignore[arg-type, return-value]
            if answer == "refused":
                server.down()
            put(start(running, server), [message(0)])
            until(lambda: failed(running) >= 20)
            errors = [each for each in gc.get_objects() if isinstance(each, SinkError) and each not in before]
            assert len(errors) <= 2
            errors.clear()
    finally:
        gc.enable()
