"""What has happened, with its pictures and clips."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from edge_app.evidence.names import FileKind
from edge_app.web.answers import refusal
from edge_app.web.bodies import moment
from edge_app.web.program_view import ProgramView

T = TypeVar("T")

PAGE = 100  # events, where the request does not say how many
FILES: dict[str, tuple[FileKind, str]] = {
    "snapshot.jpg": ("snapshot", "image/jpeg"),
    "clean.jpg": ("clean", "image/jpeg"),
    "clip.mp4": ("clip", "video/mp4"),
}
UNCHECKED = {"cache-control": "no-cache"}  # a picture of an `update` takes the place of the one before


def events(program: ProgramView) -> list[Route]:
    """`/api/v1/events`, each of them, and its files; a file is found by its event alone, never by a path."""

    async def page(request: Request) -> Response:
        asked = request.query_params
        limit = asked.get("limit", str(PAGE))
        if not (limit.isascii() and limit.isdigit() and int(limit[:9]) > 0):
            return refusal(HTTPStatus.BAD_REQUEST, "limit: want a number from 1")
        try:
            since, until = (moment(asked[key]) if key in asked else None for key in ("since", "until"))
        except ValueError:
            return refusal(HTTPStatus.BAD_REQUEST, "since, until: want seconds since 1970")
        found = await _read(
            partial(
                program.evidence().events,
                camera=asked.get("camera"),
                event_type=asked.get("type"),
                label=asked.get("label"),
                since=since,
                until=until,
                after=asked.get("after"),
                limit=int(limit[:9]),
            )
        )
        return JSONResponse({"events": found.events, "next": found.next})

    async def one(request: Request) -> Response:
        record = await _read(partial(program.evidence().event, request.path_params["id"]))
        if record is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return JSONResponse({"event": record.event, "history": record.history})

    async def file(request: Request) -> Response:
        kind, media_type = FILES.get(request.path_params["file"], (None, ""))
        path = await _read(partial(_found, program, request.path_params["id"], kind)) if kind else None
        if path is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return FileResponse(path, media_type=media_type, headers=UNCHECKED)

    return [
        Route("/api/v1/events", page),
        Route("/api/v1/events/{id}", one),
        Route("/api/v1/events/{id}/{file}", file),
    ]


def _found(program: ProgramView, event_id: str, kind: FileKind) -> Path | None:
    path = program.evidence().file(event_id, kind)
    return path if path is not None and path.is_file() else None


async def _read(ask: Callable[[], T]) -> T:
    """What the disk answers, for which nobody else waits."""
    return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
