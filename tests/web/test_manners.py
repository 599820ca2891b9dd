"""What clients do: they ask wrongly, slowly, too much and all at once; the server goes on, and stops when told."""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from edge_app.core.errors import ConfigError, InputError, StoppedError, TemporaryError
from edge_app.web import connection as limits
from edge_app.web.routes.reloading import MOST_AT_ONCE
from tests.waiting import PATIENCE_S, Stopwatch, until
from tests.web.served import Serve, Served, rest, view

TOKEN = "write-0123456789abcdef"
GET = b"GET /live HTTP/1.1\r\nHost: localhost\r\n"
STOP_S = 2.0


def statuses(said: bytes) -> list[bytes]:
    """Of the answers in what came back."""
    return re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", said)


def test_every_answer_carries_what_protects_its_reader(serve: Serve) -> None:
    served = serve(token=TOKEN)
    for path, method in (("/live", "GET"), ("/live", "POST"), ("/metrics", "GET"), ("/nothing", "HEAD")):
        headers = served.ask(path, method).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["date"].endswith("GMT")
        assert "server" not in headers


def test_methods_that_a_path_has_not_are_refused(serve: Serve) -> None:
    served = serve()
    for path, method, allowed in (
        ("/live", "POST", "GET"), ("/api/v1/health", "DELETE", "GET"), ("/api/v1/reload", "GET", "POST"),
        ("/metrics", "PROPFIND", "GET"), ("/ready", "CONNECT", "GET"),
    ):  # fmt: skip
        answer = served.ask(path, method)
        assert answer.status == 405
        assert allowed in answer.headers["allow"]
        assert answer.document == {"error": {"message": "method not allowed"}}


def test_a_head_has_the_headers_and_no_body(serve: Serve) -> None:
    served = serve()
    got, head = served.ask("/api/v1/health"), served.ask("/api/v1/health", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/api/v1/cameras/..%2f..%2fpasswd",
        "/live%00", "/live%0a", "/live%0d%0aX:y", "/%ff%fe", "/live/", "/live/../live", "/LIVE", "/live;x",
        "http://127.0.0.1:9/x", "http://127.0.0.1:9/live", "file:///etc/passwd", "*", "/api/v1/cameras/nobody/x.jpg",
        "/" + "a" * 9000,
    ],
)  # fmt: skip
def test_no_path_is_more_than_a_path(serve: Serve, path: str) -> None:
    answer = serve().ask(path)
    assert answer.status == 404
    assert answer.document == {"error": {"message": "not found"}}
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("said", "status"),
    [
        pytest.param(GET + b"X: " + b"a" * 30_000 + b"\r\n\r\n", b"400", id="a long header"),
        pytest.param(GET + b"X: y\r\n" * 5000 + b"\r\n", b"400", id="many headers"),
        pytest.param(b"GET /" + b"a" * 30_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400", id="a long path"),
        pytest.param(b"nonsense\r\n\r\n", b"400", id="no HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 99, b"400", id="TLS"),
        pytest.param(GET + b"Content-Length: x\r\n\r\n", b"400", id="a length that is none"),
        pytest.param(GET + b"Content-Length: -1\r\n\r\n", b"400", id="a negative length"),
        pytest.param(GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400", id="two lengths"),
        pytest.param(GET + b"Content-Length: 99999999\r\n\r\n", b"413", id="a large body"),
        pytest.param(GET + b"Content-Length: " + b"9" * 19 + b"\r\n\r\n", b"413", id="a body without measure"),
        pytest.param(GET + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"411", id="a body in pieces"),
        pytest.param(GET + b"Transfer-Encoding: gzip\r\n\r\n", b"400", id="another coding"),
        pytest.param(GET + b"Host: localhost\r\n\r\n", b"400", id="two hosts"),
        pytest.param(GET + b" folded\r\n\r\n", b"421", id="a folded header"),
        pytest.param(GET + b"X : y\r\n\r\n", b"400", id="a blank before the colon"),
        pytest.param(GET + b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n", b"200", id="an upgrade"),
        pytest.param(GET + b"Upgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n", b"200", id="another upgrade"),
        pytest.param(GET + b"Expect: 100-continue\r\nConnection: close\r\n\r\n", b"200", id="an expectation"),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(serve: Serve, said: bytes, status: bytes) -> None:
    served = serve()
    assert statuses(served.say(said))[:1] == [status]
    assert served.ask("/live").status == 200


def test_requests_in_one_go_are_answered_in_their_order(serve: Serve) -> None:
    served = serve()
    come = served.say(GET + b"\r\n" + GET.replace(b"/live", b"/startup") + b"\r\n" + GET + b"Connection: close\r\n\r\n")
    assert statuses(come) == [b"200"] * 3
    assert come.index(b'{"live":true}') < come.index(b'{"started":true}') < come.rindex(b'{"live":true}')


def test_a_refusal_ends_the_connection_whatever_still_comes_on_it(serve: Serve) -> None:
    served = serve(token=TOKEN)
    many = b"".join(
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %d\r\n\r\n" % n for n in range(99)
    )
    assert statuses(served.say(many)) == [b"401"]


def test_a_body_that_nobody_reads_does_no_harm(serve: Serve) -> None:
    served = serve()
    assert served.ask("/api/v1/reload", "POST", body=b"x" * (1 << 16)).status == 200
    assert served.ask("/live", body=b"x" * 99).status == 200


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gets much time."""
    monkeypatch.setattr(limits, "REQUEST_S", 0.5)
    monkeypatch.setattr(limits, "STALL_S", 0.5)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GET, id="headers"),
        pytest.param(b"POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\nx", id="a body"),
        pytest.param(GET + b"\r\n", id="a second request"),
        pytest.param(GET + b"\r\nG", id="the beginning of a second request"),
    ],
)
def test_who_says_it_little_by_little_is_hung_up_on(serve: Serve, beginning: bytes) -> None:
    served = serve()
    with served.connect() as slow:
        slow.sendall(beginning)
        over = threading.Event()

        def drip() -> None:
            while not over.wait(0.05):
                try:
                    slow.sendall(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        if beginning not in (b"", GET + b"\r\n"):
            dripping.start()
        assert statuses(rest(slow)) in ([], [b"200"])
        over.set()
        if dripping.ident:
            dripping.join(PATIENCE_S)
    assert served.ask("/live").status == 200


@pytest.mark.usefixtures("hasty")
def test_who_reads_no_answer_is_hung_up_on(serve: Serve) -> None:
    served = serve(view(shown_config=lambda: {"much": "x" * (8 << 20)}))
    with served.connect() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"GET /api/v1/config HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert deaf.recv(4)
        until(lambda: not served.server._connections._of)


def test_who_reads_an_answer_slowly_gets_it_whole(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STALL_S", 5.0)
    monkeypatch.setattr(limits, "REQUEST_S", 3.0)
    much = 32 << 20  # more than the system's buffers take
    served = serve(view(shown_config=lambda: {"much": "x" * much}))
    with served.connect() as slow:
        slow.sendall(b"GET /api/v1/config HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        came = 0
        for part in range(1, 5):
            time.sleep(2.0)
            while came < part * much // 5 and (piece := slow.recv(1 << 16)):
                came += len(piece)
        assert came + len(rest(slow)) > much


@pytest.mark.usefixtures("hasty")
def test_who_waits_for_an_answer_that_takes_long_is_not(serve: Serve) -> None:
    def slow(dry_run: bool) -> dict[str, object]:
        time.sleep(2.0)
        return {"applied": True}

    assert serve(view(reload=slow)).ask("/api/v1/reload", "POST").document == {"applied": True}
    twice = b"POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
    assert (
        statuses(serve(view(reload=slow)).say(twice + b"\r\n" + twice + b"Connection: close\r\n\r\n")) == [b"200"] * 2
    )


def test_one_address_leaves_connections_to_others(serve: Serve) -> None:
    served = serve()
    with ExitStack() as stack:
        idle = [stack.enter_context(served.connect()) for _ in range(limits.MOST_OF_ONE)]
        until(lambda: served.server._connections._of["127.0.0.1"] == limits.MOST_OF_ONE)
        with pytest.raises(OSError, match=r"closed|reset|hang up"):
            served.ask("/live")
        assert served.ask("/live", source="127.0.0.2").status == 200
        idle[0].close()
        until(lambda: served.server._connections._of["127.0.0.1"] < limits.MOST_OF_ONE)
        assert served.ask("/live").status == 200
    until(lambda: not served.server._connections._of)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(ConfigError("a.yaml:3:5: cameras: wrong"), 422, id="the file is wrong"),
        pytest.param(TemporaryError("another reload runs"), 503, id="not now"),
        pytest.param(StoppedError("it stops"), 503, id="never again"),
        pytest.param(InputError("m.onnx: no such file"), 409, id="rolled back"),
    ],
)
def test_a_reload_that_fails_says_why(serve: Serve, error: Exception, status: int) -> None:
    def fails(dry_run: bool) -> dict[str, object]:
        raise error

    answer = serve(view(reload=fails)).ask("/api/v1/reload", "POST")
    assert (answer.status, answer.document) == (status, {"error": {"message": str(error)}})


def test_a_dry_run_is_one(serve: Serve) -> None:
    served = serve()
    for query, applied in (
        ("?dry_run=1", False),
        ("?dry_run=true", False),
        ("", True),
        ("?dry_run=0", True),
        ("?x", True),
    ):
        assert served.ask(f"/api/v1/reload{query}", "POST").document["applied"] is applied


def test_a_reload_that_takes_long_holds_up_nobody_and_not_the_end(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    begun, over = threading.Event(), threading.Event()

    def slow(dry_run: bool) -> dict[str, object]:
        begun.set()
        over.wait(PATIENCE_S)
        return {}

    served = serve(view(reload=slow))
    with served.connect() as waiting:
        waiting.sendall(b"POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        assert begun.wait(PATIENCE_S)
        assert served.ask("/live").status == 200
        stop(served)
        assert rest(waiting) == b""
    over.set()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_many_who_want_a_reload_take_nobody_elses_thread(serve: Serve) -> None:
    begun, over = threading.Semaphore(0), threading.Event()

    def slow(dry_run: bool) -> dict[str, object]:
        begun.release()
        over.wait(PATIENCE_S)
        return {}

    served = serve(view(reload=slow))
    with ExitStack() as stack:
        stack.callback(over.set)
        for _ in range(MOST_AT_ONCE):
            waiting = stack.enter_context(served.connect())
            waiting.sendall(b"POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            assert begun.acquire(timeout=PATIENCE_S)
        assert served.ask("/api/v1/reload", "POST").status == 503
        assert served.ask("/api/v1/events").status == 200


def stop(served: Served) -> None:
    watch = Stopwatch()
    served.server.stop()
    assert served.threads.join(PATIENCE_S) == []
    assert watch.read() < STOP_S


def test_it_stops_at_once_whoever_is_connected(serve: Serve) -> None:
    served = serve(view(shown_config=lambda: {"much": "x" * (8 << 20)}))
    with ExitStack() as stack:
        for beginning in (b"", GET, GET + b"\r\n", b"GET /api/v1/config HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            client = stack.enter_context(served.connect())
            client.sendall(beginning)
        until(lambda: served.server._connections._of["127.0.0.1"] == 4)
        stop(served)
    with pytest.raises(ConnectionRefusedError):
        served.connect()


def test_a_bug_is_an_answer_and_a_line_of_the_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    served = serve(view(health=lambda: 1 / 0))
    answer = served.ask("/api/v1/health")
    assert (answer.status, list(answer.document)) == (500, ["error"])
    assert b"Zero" not in answer.body
    until(lambda: "ZeroDivisionError" in caplog.text)
    assert served.ask("/live").status == 200


def test_a_bug_of_a_connection_ends_that_connection(
    serve: Serve, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    with monkeypatch.context() as broken:
        broken.setattr("edge_app.web.server.BoundedProtocol", lambda *_: 1 / 0)
        assert served.say(b"") == b""
        until(lambda: "a connection failed" in caplog.text)
    assert served.ask("/live").status == 200


def test_what_clients_do_wrong_is_not_worth_a_line(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    served = serve()
    served.say(b"nonsense\r\n\r\n")
    served.say(GET + b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n")
    served.ask("/nothing?token=in-a-query")
    assert [record.getMessage() for record in caplog.records if record.name != "asyncio"] == []


def test_it_gives_signs_of_life_while_nobody_asks(serve: Serve) -> None:
    served = serve()
    until(lambda: len(served.beats) >= 2)
