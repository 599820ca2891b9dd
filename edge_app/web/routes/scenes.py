"""What each camera's picture shows: its zones, lines and areas, as the configuration's file has them."""

from __future__ import annotations

import logging
from functools import partial

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_app.web.bodies import flag, json_object
from edge_app.web.program_view import HowToEdit, ProgramView

logger = logging.getLogger(__name__)


def scenes(program: ProgramView) -> list[Route]:
    """`/api/v1/cameras/NAME/zones`; PUT with `?dry_run=1` only says what that would change."""

    async def read(request: Request) -> Response:
        question = partial(program.configured().scene, request.path_params["camera"])
        return JSONResponse(await anyio.to_thread.run_sync(question, abandon_on_cancel=True))

    async def edit(request: Request) -> Response:
        camera, wanted, how = request.path_params["camera"], await json_object(request), how_to_edit(request)
        if not how.dry_run:
            logger.info("told to change the zones of %s by %s", camera, request.client.host if request.client else "")
        change = partial(program.configured().edit_scene, camera, wanted, how)
        return JSONResponse(await anyio.to_thread.run_sync(change, abandon_on_cancel=True))

    path = "/api/v1/cameras/{camera}/zones"
    return [Route(path, read), Route(path, edit, methods=["PUT"])]


def how_to_edit(request: Request) -> HowToEdit:
    """What the request says of it: `?dry_run=1`, and in `If-Match` the version for which the change was meant."""
    version = request.headers.get("if-match", "*").strip().strip('"')
    return HowToEdit(flag(request, "dry_run"), None if version == "*" else version)
