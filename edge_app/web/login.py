"""How a request shows its token: in a program's header, or in the cookie of a page."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

COOKIE = "edge_app_token"
STAYS_S = 30 * 86400  # in a browser that is not used; a token that is replaced ends it at once


def shown_token(request: HTTPConnection) -> str | None:
    """The token of a request; None if it shows none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.cookies.get(COOKIE)


def keep(answer: Response, token: str, *, encrypted: bool) -> None:
    """Has the browser show the token from now on: to this very site alone, and to no script."""
    answer.set_cookie(COOKIE, token, max_age=STAYS_S, httponly=True, samesite="strict", secure=encrypted)


def forget(answer: Response) -> None:
    """Has the browser show it no more."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
