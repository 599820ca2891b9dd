"""How the program is, and what it was told: health, metrics and configuration."""

from __future__ import annotations

from http import HTTPStatus

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_app.web.answers import refusal
from edge_app.web.exposition import CONTENT_TYPE, Exposition
from edge_app.web.program_view import ProgramView

MOST_WAITING = 8  # for another's metrics


def overview(program: ProgramView) -> list[Route]:
    """`/metrics`, `/api/v1/health` and `/api/v1/config`."""
    exposition, one_at_a_time = Exposition(program), anyio.CapacityLimiter(1)

    async def metrics(_: Request) -> Response:
        if one_at_a_time.statistics().tasks_waiting >= MOST_WAITING:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the machine does not answer what is read of it")
        # Milliseconds of computing, and a driver that may hang.
        text = await anyio.to_thread.run_sync(exposition.text, abandon_on_cancel=True, limiter=one_at_a_time)
        return Response(text, media_type=CONTENT_TYPE)

    async def health(_: Request) -> Response:
        return JSONResponse(program.health())

    async def config(_: Request) -> Response:
        return JSONResponse(program.shown_config())

    return [Route("/metrics", metrics), Route("/api/v1/health", health), Route("/api/v1/config", config)]
