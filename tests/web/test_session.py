"""Signing in to the page: a token is shown once, and kept where no script can read it."""

from __future__ import annotations

from edge_app.web.tokens import MOST_WRONG
from tests.web.served import Answer, Serve

TOKEN, READ = "write-0123456789abcdef/+==", "read-0123456789abcdef"
PATH = "/api/v1/session"


def cookie(answer: Answer) -> str:
    """As a browser sends it again."""
    return answer.headers["set-cookie"].partition(";")[0]


def attributes(answer: Answer) -> set[str]:
    return {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}


def test_a_token_that_was_shown_once_is_a_cookie_that_no_script_reads(serve: Serve) -> None:
    served = serve(token=TOKEN, read_token=READ)
    for token, access in ((TOKEN, "write"), (READ, "read")):
        answer = served.ask(PATH, "POST", Authorization=f"Bearer {token}")
        assert answer.document == {"access": access, "token_wanted": True}
        assert {"httponly", "samesite=strict", "path=/"} <= attributes(answer)
        assert served.ask(PATH, Cookie=cookie(answer)).document["access"] == access
        assert served.ask("/api/v1/health", Cookie=cookie(answer)).status == 200
        assert served.ask("/api/v1/reload", "POST", Cookie=cookie(answer)).status == (200 if access == "write" else 403)


def test_a_wrong_token_is_no_session_and_is_counted(serve: Serve) -> None:
    served = serve(token=TOKEN)
    for number in range(MOST_WRONG):
        answer = served.ask(PATH, "POST", Authorization=f"Bearer wrong-{number}")
        assert answer.status == 401
        assert "set-cookie" not in answer.headers
    assert served.ask(PATH, "POST", Authorization=f"Bearer {TOKEN}").status == 429


def test_a_session_ends_with_its_token(serve: Serve) -> None:
    kept = cookie(serve(token=TOKEN).ask(PATH, "POST", Authorization=f"Bearer {TOKEN}"))
    other = serve(token="another-0123456789abcdef")
    answer = other.ask("/api/v1/health", Cookie=kept)
    assert answer.status == 401
    assert "max-age=0" in attributes(answer)  # so that it is not shown, and counted as wrong, again and again


def test_signing_out_takes_the_cookie_back(serve: Serve) -> None:
    served = serve(token=TOKEN, read_token=READ)
    for token in (TOKEN, READ):
        answer = served.ask(PATH, "DELETE", Cookie=f"edge_app_token={token}")
        assert answer.status == 204
        assert "max-age=0" in attributes(answer)


def test_encrypted_the_cookie_goes_nowhere_else(serve: Serve, rtsp_certificates) -> None:
    pem = str(rtsp_certificates.this_host)
    served = serve(token=TOKEN, tls={"cert": pem, "key": pem})
    import ssl

    served.trust = ssl.create_default_context(cafile=str(rtsp_certificates.ca))
    assert "secure" in attributes(served.ask(PATH, "POST", Authorization=f"Bearer {TOKEN}"))


def test_without_tokens_there_is_nothing_to_sign_in_to(serve: Serve) -> None:
    served = serve()
    assert served.ask(PATH).document == {"access": "write", "token_wanted": False}
    assert "set-cookie" not in served.ask(PATH, "POST", Authorization="Bearer any").headers


def test_another_site_can_neither_sign_in_nor_out(serve: Serve) -> None:
    served = serve(token=TOKEN)
    for method in ("POST", "DELETE"):
        answer = served.ask(PATH, method, Authorization=f"Bearer {TOKEN}", Origin="https://evil.example")
        assert answer.status == 403
        assert "set-cookie" not in answer.headers
