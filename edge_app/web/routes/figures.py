"""The program in numbers: what was counted and measured, and what computes."""

from __future__ import annotations

import time
from functools import partial
from http import HTTPStatus

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_app.analytics.count_periods import CountPeriod
from edge_app.web.answers import refusal
from edge_app.web.bodies import moment
from edge_app.web.program_view import ProgramView

PERIODS: dict[str, CountPeriod] = {"minute": "minute", "hour": "hour", "day": "day"}
DAY_S = 86400.0  # the counts of which are told where the request says nothing


def figures(program: ProgramView) -> list[Route]:
    """`/api/v1/stats`, `/api/v1/engine` and `/api/v1/counts`."""

    async def stats(_: Request) -> Response:
        return JSONResponse(await anyio.to_thread.run_sync(program.stats))

    async def engine(_: Request) -> Response:
        return JSONResponse(program.engine())

    async def counts(request: Request) -> Response:
        period = PERIODS.get(request.query_params.get("by", "hour"))
        if period is None:
            return refusal(HTTPStatus.BAD_REQUEST, f"by: want one of {', '.join(PERIODS)}")
        try:
            since = moment(request.query_params.get("since", str(time.time() - DAY_S)))
        except ValueError:
            return refusal(HTTPStatus.BAD_REQUEST, "since: want seconds since 1970")
        rows = await anyio.to_thread.run_sync(partial(program.counts, period, since), abandon_on_cancel=True)
        return JSONResponse({"counts": rows})

    return [Route("/api/v1/stats", stats), Route("/api/v1/engine", engine), Route("/api/v1/counts", counts)]
