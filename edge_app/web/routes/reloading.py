"""Reads the configuration again."""

from __future__ import annotations

import logging
from functools import partial
from http import HTTPStatus

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_app.web.answers import refusal
from edge_app.web.bodies import flag
from edge_app.web.program_view import ProgramView

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 4  # requests; a thread waits for each


def reloading(program: ProgramView) -> list[Route]:
    """`POST /api/v1/reload`, with `?dry_run=1` only what that would change."""
    threads = anyio.CapacityLimiter(MOST_AT_ONCE)

    async def reload(request: Request) -> Response:
        if not threads.available_tokens:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "others wait for a reload already")
        dry_run = flag(request, "dry_run")
        if not dry_run:
            logger.info("told to reload by %s", request.client.host if request.client else "somebody")
        # Another model may be built first: minutes, in which others are answered, and for which no end is waited.
        answer = await anyio.to_thread.run_sync(
            partial(program.reload, dry_run), abandon_on_cancel=True, limiter=threads
        )
        return JSONResponse(answer)

    return [Route("/api/v1/reload", reload, methods=["POST"])]
