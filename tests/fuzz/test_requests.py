"""No request to the HTTP side ends it, hangs, brings a traceback or shows what is secret."""

from __future__ import annotations

import contextlib
import re

import pytest

from edge_app.web import connection as limits
from tests.fuzz.mutation import fuzz, mutated
from tests.web.served import Serve, rest

TOKEN, READ = "write-0123456789abcdef", "read-0123456789abcdef"
HOST = b"Host: localhost\r\n"
RIGHT = b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
CLOSE = b"Connection: close\r\n\r\n"
REQUESTS = [
    b"GET /live HTTP/1.1\r\n" + HOST + CLOSE,
    b"GET /metrics HTTP/1.1\r\n" + HOST + RIGHT + CLOSE,
    b"GET /api/v1/health HTTP/1.1\r\n" + HOST + RIGHT + b"\r\n" + b"HEAD /ready HTTP/1.1\r\n" + HOST + CLOSE,
    b"GET /api/v1/config?x=1 HTTP/1.1\r\n" + HOST + b"Cookie: a=b; edge_app_token=" + READ.encode() + b"\r\n" + CLOSE,
    b"POST /api/v1/reload?dry_run=1 HTTP/1.1\r\n"
    + HOST
    + RIGHT
    + b"Origin: http://localhost\r\nContent-Length: 2\r\n\r\n{}",
    b"PUT /api/v1/cameras/gate/zones HTTP/1.0\r\n" + RIGHT + b'Content-Length: 12\r\n\r\n{"zones":{}}',
    b"GET /startup HTTP/1.1\r\nHost: [::1]:8080\r\nUpgrade: websocket\r\n" + CLOSE,
]
WORDS = [
    *(
        HOST,
        RIGHT,
        CLOSE,
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\0",
        b"\xff",
        b" ",
        b":",
        b"%2e%2e/",
        b"%00",
        b"%",
        b"?",
        b"#",
        b"//",
    ),
    *(b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"GET ", b"POST ", b"TRACE ", b"CONNECT ", b"http://evil.example/"),
    *(
        b"Host: evil.example\r\n",
        b"Origin: null\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: -1\r\n",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Cookie: ",
        b"edge_app_token=",
        b"A" * 17_000,
        b"Bearer ",
    ),
]
STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ")


def test_no_request_does(serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(limits, "REQUEST_S", 0.2)
    monkeypatch.setattr("edge_app.web.tokens.WITHIN_S", 0.0)  # or else most would be answered alike
    caplog.set_level("INFO")
    served = serve(token=TOKEN, read_token=READ)

    def check(said: bytes) -> None:
        with served.connect() as client:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(said)
            came = rest(client)  # within the client's patience, or else this raises
        if came:
            found = STATUS.match(came)
            assert found is not None, came[:200]
            assert found[1] not in (b"500", b"502"), said
        assert TOKEN.encode() not in came
        assert READ.encode() not in came
        assert [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []

    fuzz(mutated(REQUESTS, WORDS), check, seeds=REQUESTS, few=60)
    assert served.ask("/live").status == 200
    assert served.threads.error is None
    assert TOKEN not in caplog.text
