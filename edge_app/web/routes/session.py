"""Who uses the page: it shows a token once, and its browser keeps it in a cookie that no script can read."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_app.web.config import WebConfig
from edge_app.web.guard import ACCESS, SESSION
from edge_app.web.login import forget, keep, shown_token
from edge_app.web.tokens import Access

NAMES = {Access.READ: "read", Access.WRITE: "write"}


def session(config: WebConfig) -> list[Route]:
    """`/api/v1/session`: GET says what the token allows, POST keeps it in a cookie, DELETE takes the cookie back."""

    async def show(request: Request) -> Response:
        return _session(request, wanted=config.token is not None)

    async def begin(request: Request) -> Response:
        answer = _session(request, wanted=config.token is not None)
        if config.token is not None and (token := shown_token(request)) is not None:
            keep(answer, token, encrypted=config.tls.files is not None)
        return answer

    async def end(_: Request) -> Response:
        answer = Response(status_code=204)
        forget(answer)
        return answer

    return [
        Route(SESSION, show),
        Route(SESSION, begin, methods=["POST"]),
        Route(SESSION, end, methods=["DELETE"]),
    ]


def _session(request: Request, *, wanted: bool) -> Response:
    return JSONResponse({"access": NAMES[request.scope[ACCESS]], "token_wanted": wanted})
