"""What supervisors ask: is it alive, has it started, is it of use. They ask without a token."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_app.web.program_view import ProgramView


def probes(program: ProgramView) -> list[Route]:
    """`/live`, `/startup` and `/ready`; 200 or 503."""

    async def live(_: Request) -> Response:
        alive = program.live()
        return JSONResponse({"live": alive}, _status(alive))

    async def startup(_: Request) -> Response:
        started = program.started()
        return JSONResponse({"started": started}, _status(started))

    async def ready(_: Request) -> Response:
        health = program.health()
        return JSONResponse(health, _status(health["status"] != "down"))

    return [Route("/live", live), Route("/startup", startup), Route("/ready", ready)]


def _status(well: bool) -> HTTPStatus:
    return HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
