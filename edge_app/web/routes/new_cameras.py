"""Cameras that are to be added: looking at them, and writing them into the configuration's file."""

from __future__ import annotations

import logging
from functools import partial
from http import HTTPStatus

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_app.core.errors import StreamError
from edge_app.web.bodies import json_object
from edge_app.web.one_at_a_time import OneAtATime
from edge_app.web.program_view import ProgramView
from edge_app.web.routes.scenes import how_to_edit

logger = logging.getLogger(__name__)


def new_cameras(program: ProgramView, network: OneAtATime) -> list[Route]:
    """`/api/v1/probe`, and PUT of a camera."""

    async def probe(request: Request) -> Response:
        said = await json_object(request)
        try:
            return JSONResponse(await network.ask(partial(program.configured().look_at_camera, said)))
        except StreamError as error:
            told = {"message": str(error), "reason": error.reason.value}
            return JSONResponse({"error": told}, HTTPStatus.BAD_GATEWAY)

    async def add(request: Request) -> Response:
        name, said, how = request.path_params["camera"], await json_object(request), how_to_edit(request)
        if not how.dry_run:
            logger.info("told to add camera %s by %s", name, request.client.host if request.client else "somebody")
        change = partial(program.configured().add_camera, name, said, how)
        return JSONResponse(await anyio.to_thread.run_sync(change, abandon_on_cancel=True))

    return [
        Route("/api/v1/probe", probe, methods=["POST"]),
        Route("/api/v1/cameras/{camera}", add, methods=["PUT"]),
    ]
