"""Finds cameras in the networks of this machine, and the URLs of their streams."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_app.web.bodies import json_object
from edge_app.web.one_at_a_time import OneAtATime
from edge_app.web.program_view import ProgramView


def discovery(program: ProgramView, network: OneAtATime) -> list[Route]:
    """`/api/v1/discover`, and `/api/v1/discover/streams` of one that was found."""

    async def discover(_: Request) -> Response:
        return JSONResponse(await network.ask(program.configured().find_cameras))

    async def streams(request: Request) -> Response:
        said = await json_object(request)
        return JSONResponse(await network.ask(partial(program.configured().stream_urls, said)))

    return [
        Route("/api/v1/discover", discover, methods=["POST"]),
        Route("/api/v1/discover/streams", streams, methods=["POST"]),
    ]
