"""What every request must pass before a route sees it, and what every answer carries."""

from __future__ import annotations

import logging
import math
from email.utils import formatdate
from http import HTTPStatus

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_app.config.variables import CONTROL
from edge_app.web.answers import refusal
from edge_app.web.config import WebConfig
from edge_app.web.host_names import HostNames, is_same_place
from edge_app.web.login import COOKIE, forget, shown_token
from edge_app.web.tokens import Access, Tokens, WrongTokens

logger = logging.getLogger(__name__)

FOR_EVERYBODY = frozenset({"/live", "/ready", "/startup", "/"})
PAGE = "/page/"  # below which are the files of the page: the same everywhere, and they tell nothing
SESSION = "/api/v1/session"  # where a token that may only read is shown, and taken back
READING = frozenset({"GET", "HEAD"})
ACCESS = "edge_app.access"  # what the request may do, in its scope
MOST_BYTES = 1 << 16  # of a request's body
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """An ASGI application around another: it asks who wants what, and passes on what may be answered."""

    def __init__(self, app: ASGIApp, config: WebConfig) -> None:
        self._app = app
        self._hosts, self._tokens, self._wrong = HostNames(config), Tokens(config), WrongTokens()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers or passes on one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = _completed(message["headers"], message["status"])
            await send(message)

        request = HTTPConnection(scope)
        answer = self._place(request) or _form(request) or self._access(request)
        await (answer or self._app)(scope, receive, send_with_headers)

    def _place(self, request: HTTPConnection) -> Response | None:
        """Refuses what a page elsewhere makes a browser send; programs that say no Host are no browsers."""
        host, origin = request.headers.get("host"), request.headers.get("origin")
        if host is not None and not self._hosts.know(host):
            return refusal(HTTPStatus.MISDIRECTED_REQUEST, "not a name of this server; `web.hosts` lists them")
        if origin is not None and not is_same_place(origin, host or ""):
            return refusal(HTTPStatus.FORBIDDEN, "a page of another origin")
        return None

    def _access(self, request: HTTPConnection) -> Response | None:
        """Refuses whoever may not; a request without a token is no wrong guess."""
        path, request.scope[ACCESS] = request.scope["path"], Access.WRITE
        if path in FOR_EVERYBODY or path.startswith(PAGE) or not self._tokens.wanted:
            return None
        shown, address = shown_token(request), request.client.host if request.client else ""
        if shown is None:
            return _unauthorised()
        if wait_s := self._wrong.wait_s(address):
            after = {"retry-after": str(math.ceil(wait_s))}
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong tokens", after)
        access = request.scope[ACCESS] = self._tokens.access(shown)
        if access is Access.NOTHING:
            if self._wrong.count(address, shown):
                logger.warning("too many wrong tokens from %s: for a minute none of its tokens is looked at", address)
            return _unauthorised(stale=COOKIE in request.cookies)
        if access < Access.WRITE and path != SESSION and request.scope.get("method", "GET") not in READING:
            return refusal(HTTPStatus.FORBIDDEN, "this token may only read")
        return None


def _unauthorised(*, stale: bool = False) -> Response:
    """Wants a token; from a browser whose token is not one any more, which would show it again and again."""
    answer = refusal(HTTPStatus.UNAUTHORIZED, "want a token", {"www-authenticate": 'Bearer realm="edge_app"'})
    if stale:
        forget(answer)
    return answer


def _form(request: HTTPConnection) -> Response | None:
    """Refuses a path that none has, and a body that does not say how long it is, or is too long."""
    if CONTROL.search(request.scope["path"]):
        return refusal(HTTPStatus.NOT_FOUND, "not found")
    if "transfer-encoding" in request.headers:
        return refusal(HTTPStatus.LENGTH_REQUIRED, "want a Content-Length")
    length = request.headers.get("content-length", "0")  # digits, as h11 has looked at it
    if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
        return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"want at most {MOST_BYTES} bytes")
    return None


def _completed(headers: list[tuple[bytes, bytes]], status: int) -> list[tuple[bytes, bytes]]:
    """The headers of an answer and those that all have; after a refusal nothing more is wanted of the connection."""
    has = {name for name, _ in headers}
    every = {"date": formatdate(usegmt=True), **HEADERS, **({"connection": "close"} if status >= 400 else {})}
    added = ((name.encode(), value.encode()) for name, value in every.items())
    return [*headers, *((name, value) for name, value in added if name not in has)]
