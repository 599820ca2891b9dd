"""A page elsewhere cannot make a browser ask this program for it."""

from __future__ import annotations

import pytest

from edge_app.web.config import WebConfig
from edge_app.web.host_names import HostNames
from tests.web.served import Serve

TOKEN = "write-0123456789abcdef"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.0.0.2", "[::1]", "box7.local"]
)
@pytest.mark.parametrize("port", ["", ":8080", ":1"])
def test_names_of_this_machine_and_those_that_are_listed_are_ours(host: str, port: str) -> None:
    assert HostNames(WebConfig(hosts=("box7.local",))).know(host + port)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.0.0.1@evil.example", "evil.example#127.0.0.1", "127.0.0.1:8080:1", "[::1", "::1", "[localhost]",
        "localhost:", "localhost:x",
        "localhost/x", "localhost\\x", "10.0.0.5", "0x7f.1", "2130706433", "[::1%25eth0]",
    ],
)  # fmt: skip
def test_all_others_are_not(host: str) -> None:
    assert not HostNames(WebConfig()).know(host)


def test_beyond_this_machine_its_addresses_need_not_be_listed() -> None:
    names = HostNames(WebConfig.model_validate({"host": "0.0.0.0", "token": TOKEN}))
    assert names.know("10.0.0.5:8080")
    assert names.know("[2001:db8::1]")
    assert not names.know("evil.example")
    bound = HostNames(WebConfig.model_validate({"host": "box7.lan", "token": TOKEN}))
    assert bound.know("box7.lan:8080")
    assert not bound.know("box8.lan:8080")


def test_a_foreign_name_is_refused_everywhere_before_a_token_is_looked_at(serve: Serve) -> None:
    served = serve(token=TOKEN)
    for path in ("/live", "/api/v1/health", "/metrics", "/nothing"):
        answer = served.ask(path, Host="evil.example", Authorization=f"Bearer {TOKEN}")
        assert answer.status == 421
        assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_another_origin_is_refused(serve: Serve) -> None:
    served = serve()
    here = f"127.0.0.1:{served.config.port}"
    for origin in (
        "null", "http://evil.example", f"http://evil.example#{here}", f"http://{here}.evil.example", "http://127.0.0.1:1",
        "http://127.0.0.1", here, f"ftp://{here}", f"file://{here}", "", f"http://localhost:{served.config.port}",
    ):  # fmt: skip
        for method in ("GET", "POST", "OPTIONS"):
            assert served.ask("/api/v1/reload", method, Origin=origin).status == 403, origin
    for origin in (f"http://{here}", f"https://{here}", f"HTTP://{here}"):
        assert served.ask("/api/v1/reload", "POST", Origin=origin).status == 200


def test_a_program_that_says_no_host_is_no_browser(serve: Serve) -> None:
    served = serve()
    assert served.say(b"GET /live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert served.say(b"GET /live HTTP/1.0\r\nOrigin: http://127.0.0.1\r\n\r\n").startswith(b"HTTP/1.1 403")
    assert served.say(b"GET /live HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400")
