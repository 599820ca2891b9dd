"""Who may see and change what, and what guessing tokens brings."""

from __future__ import annotations

import logging

import pytest
from pydantic import ValidationError

from edge_app.web.config import WebConfig
from edge_app.web.tokens import MOST_ADDRESSES, MOST_WRONG, WITHIN_S, WrongTokens
from tests.web.served import Answer, Serve, Served

TOKEN, READ = "write-0123456789abcdef", "read-0123456789abcdef"
PLACES = ["/metrics", "/api/v1/health", "/api/v1/config", "/api/v1/reload", "/api/v1/cameras/gate", "/live/"]
VARY = {"date"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def without_date(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    return answer.status, {name: value for name, value in answer.headers.items() if name not in VARY}, answer.body


@pytest.fixture
def locked(serve: Serve) -> Served:
    return serve(token=TOKEN, read_token=READ)


def test_probes_ask_for_no_token_and_all_else_does(locked: Served) -> None:
    for path in ("/live", "/ready", "/startup"):
        assert locked.ask(path).status == 200
        assert locked.ask(path, **bearer("wrong")).status == 200
    for path in PLACES:
        answer = locked.ask(path)
        assert answer.status == 401
        assert answer.document == {"error": {"message": "want a token"}}
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_what_does_not_exist_is_told_to_whom_may_know(locked: Served) -> None:
    assert locked.ask("/api/v1/nothing").status == 401
    assert locked.ask("/api/v1/nothing", **bearer(READ)).status == 404


def test_the_reading_token_reads_and_changes_nothing(locked: Served) -> None:
    for path in ("/metrics", "/api/v1/health", "/api/v1/config"):
        assert locked.ask(path, **bearer(READ)).status == 200
        assert locked.ask(path, **bearer(TOKEN)).status == 200
    for dry in ("", "?dry_run=1"):
        assert locked.ask(f"/api/v1/reload{dry}", "POST", **bearer(READ)).status == 403
        assert locked.ask(f"/api/v1/reload{dry}", "POST", **bearer(TOKEN)).status == 200
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "ANYTHING"):
        assert locked.ask("/api/v1/health", method, **bearer(READ)).status == 403


def test_a_cookie_is_as_good_as_the_header(locked: Served) -> None:
    assert locked.ask("/api/v1/health", Cookie=f"a=b; edge_app_token={READ}; c").status == 200
    assert locked.ask("/api/v1/reload", "POST", Cookie=f"edge_app_token={READ}").status == 403
    assert locked.ask("/api/v1/health", Cookie="edge_app_token=other").status == 401
    assert locked.ask("/api/v1/health", Cookie=f"token={READ}").status == 401


def test_without_tokens_everybody_on_this_machine_may_do_everything(serve: Serve) -> None:
    served = serve()
    assert served.ask("/api/v1/config").status == 200
    assert served.ask("/api/v1/reload", "POST", **bearer("any")).status == 200


def test_all_wrong_tokens_are_answered_alike(locked: Served) -> None:
    wrong = ["x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), READ[:-1] + "y", "é", "", "a b"]
    answers = [without_date(locked.ask("/api/v1/health", **bearer(token))) for token in wrong]
    assert answers == [without_date(locked.ask("/api/v1/health"))] * len(wrong)


def test_after_ten_wrong_tokens_an_address_waits_and_others_do_not(
    locked: Served, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2 * MOST_WRONG):
        assert locked.ask("/metrics").status == 401  # none is not wrong
    for number in range(MOST_WRONG):
        assert locked.ask("/metrics", **bearer(f"guess-{number}")).status == 401
    for token in ("guess", TOKEN, READ):
        answer = locked.ask("/metrics", **bearer(token))
        assert answer.status == 429
        assert 0 < int(answer.headers["retry-after"]) <= WITHIN_S
    assert locked.ask("/metrics", Cookie=f"edge_app_token={TOKEN}").status == 429
    assert locked.ask("/live").status == 200
    assert locked.ask("/metrics").status == 401
    assert locked.ask("/metrics", source="127.0.0.2", **bearer(READ)).status == 200
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert len(told) == 1
    assert "127.0.0.1" in told[0]
    assert not any(secret in caplog.text for secret in ("guess", TOKEN, READ))


def test_an_address_may_try_again_when_its_first_wrong_token_is_a_minute_old() -> None:
    now = [0.0]
    wrong = WrongTokens(lambda: now[0])
    for number in range(MOST_WRONG):
        now[0] = float(number)
        assert wrong.wait_s("10.0.0.5") == 0
        assert wrong.count("10.0.0.5", f"guess-{number}") == (number == MOST_WRONG - 1)
    assert wrong.wait_s("10.0.0.5") == WITHIN_S - (MOST_WRONG - 1)
    now[0] = WITHIN_S + 0.5
    assert wrong.wait_s("10.0.0.5") == 0
    assert wrong.count("10.0.0.5", "guess")


def test_a_page_that_was_left_open_over_another_token_locks_nobody_out(locked: Served) -> None:
    for _ in range(3 * MOST_WRONG):  # its pictures, its streams, its questions
        assert locked.ask("/api/v1/health", Cookie="edge_app_token=that-of-yesterday").status == 401
    assert locked.ask("/api/v1/session", "POST", **bearer(TOKEN)).status == 200


def test_addresses_that_a_host_chooses_from_count_as_one() -> None:
    wrong = WrongTokens()
    for number in range(MOST_WRONG):
        wrong.count(f"2001:db8::{number:x}:1", f"guess-{number}")
        wrong.count(f"::ffff:10.0.0.{number}", f"guess-{number}")
    assert wrong.wait_s("2001:db8::ffff") > 0
    assert wrong.wait_s("2001:db8:0:1::1") == 0
    assert wrong.wait_s("10.0.0.1") == 0
    wrong.count("fe80::1%eth0", "guess")


def test_many_addresses_take_no_more_memory_than_some() -> None:
    wrong = WrongTokens()
    for number in range(3 * MOST_ADDRESSES):
        wrong.count(f"10.0.{number >> 8}.{number & 255}", "guess")
    assert len(wrong._shown) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("keys", "where", "why"),
    [
        pytest.param({"host": "0.0.0.0"}, "host", "token", id="everybody"),
        pytest.param({"host": "::"}, "host", "token", id="everybody, IPv6"),
        pytest.param({"host": "box7"}, "host", "token", id="a name"),
        pytest.param({"host": "0.0.0.0", "token": ""}, "host", "token", id="an empty variable"),
        pytest.param({"token": "short"}, "token", "at least 16", id="short"),
        pytest.param({"token": "with a blank in it 0123"}, "token", "want only", id="blanks"),
        pytest.param({"token": "ümläute-0123456789abc"}, "token", "want only", id="no ASCII"),
        pytest.param({"read_token": READ}, "read_token", "needs token", id="only one that reads"),
        pytest.param({"token": TOKEN, "read_token": TOKEN}, "read_token", "another", id="the same"),
        pytest.param({"tls": {"cert": "a.pem"}}, "key", "cert and key", id="no key"),
        pytest.param({"tls": {"key": "a.pem"}}, "cert", "cert and key", id="no certificate"),
    ],
)
def test_what_would_let_everybody_in_is_a_mistake(keys: dict[str, object], where: str, why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebConfig.model_validate(keys)
    (error,) = caught.value.errors()
    assert (*error["loc"], *error["ctx"].get("at", ()))[-1] == where
    assert why in error["msg"]
    assert READ not in error["msg"]


def test_an_empty_variable_is_no_token() -> None:
    config = WebConfig.model_validate({"token": "", "read_token": ""})
    assert config.token is None
    assert config.read_token is None


def test_what_goes_over_the_network_unencrypted_is_told() -> None:
    beyond = {"host": "0.0.0.0", "token": TOKEN}
    assert len(list(WebConfig.model_validate(beyond).cautions())) == 1
    assert not list(WebConfig.model_validate({**beyond, "tls": {"cert": "a", "key": "b"}}).cautions())
    assert not list(WebConfig.model_validate({"host": "::1"}).cautions())
