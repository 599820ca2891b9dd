"""What cameras see: the newest picture, and live."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from edge_app.core.colour import to_bgr
from edge_app.core.detections import Result
from edge_app.core.errors import EdgeAppError
from edge_app.core.frames import Frame
from edge_app.evidence.jpeg import jpeg
from edge_app.web.answers import refusal
from edge_app.web.live.cameras import LiveCameras
from edge_app.web.live.inlet import Inlet
from edge_app.web.live.pictures import narrowed
from edge_app.web.live.rounds import Rounds
from edge_app.web.live.viewer import Viewer
from edge_app.web.live.wire import ALIVE
from edge_app.web.program_view import ProgramView, ShownCamera

PICTURE_S = 5.0  # that the next frame is waited for
MOST_WAITING = 64  # for a picture
QUALITY = 85
QUIET_S = 10.0  # after which a client is told that it is not forgotten
STALL_S = 30.0  # that a client may take for one message
CLOSE_S = 1.0  # for a last word


def cameras(program: ProgramView) -> list[BaseRoute]:
    """`/api/v1/cameras/NAME/snapshot.jpg`, and `…/live`, a WebSocket."""
    watched, waiting = LiveCameras(program), asyncio.Semaphore(MOST_WAITING)

    async def snapshot(request: Request) -> Response:
        camera = program.camera(request.path_params["name"])
        if camera is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if waiting.locked():
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many wait for a picture")
        asked = request.query_params
        width = asked.get("width", "")
        async with waiting:
            found = await _next_frame(camera)
        camera = program.camera(request.path_params["name"])  # again: more of it may be private than a moment ago
        if camera is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if found is None:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"no picture came within {PICTURE_S:g} s")
        wide = int(width) if width.isascii() and width.isdigit() and 0 < len(width) < 6 else 0
        boxes = asked.get("boxes", "0") not in ("0", "false", "")
        content = await anyio.to_thread.run_sync(partial(_jpeg, camera, *found, boxes=boxes, width=wide))
        return Response(content, media_type="image/jpeg")

    async def live(websocket: WebSocket) -> None:
        name = websocket.path_params["name"]
        why = _why_not(program, watched, name)
        if why is not None:
            await websocket.send_denial_response(why)
            return
        viewer = Viewer(only_pictures=websocket.query_params.get("format") == "jpeg")
        await websocket.accept()
        with watched.watching(name, viewer):
            await _until_one_ends(_send(websocket, viewer), _listen(websocket), _look_after(viewer))
        with suppress(RuntimeError, WebSocketDisconnect, asyncio.TimeoutError):  # it has hung up, or takes nothing
            await asyncio.wait_for(websocket.close(), CLOSE_S)

    return [Route("/api/v1/cameras/{name}/snapshot.jpg", snapshot), WebSocketRoute("/api/v1/cameras/{name}/live", live)]


def _why_not(program: ProgramView, watched: LiveCameras, name: str) -> Response | None:
    """Why somebody cannot watch a camera."""
    try:
        if program.camera(name) is None:
            return refusal(HTTPStatus.NOT_FOUND, "not found")
    except EdgeAppError as error:  # the program starts
        return refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many watch already") if watched.is_full else None


async def _send(websocket: WebSocket, viewer: Viewer) -> None:
    """Sends what there is, as fast as the client takes it."""
    while True:
        for message in await viewer.next():
            try:
                if isinstance(message, str):
                    await websocket.send_text(message)
                else:
                    await websocket.send_bytes(message)
            except RuntimeError as error:  # uvicorn's word for a client that is just hanging up
                raise WebSocketDisconnect from error


async def _listen(websocket: WebSocket) -> None:
    """Returns when the client hangs up, or says something: it has nothing to say."""
    await websocket.receive()


async def _look_after(viewer: Viewer) -> None:
    """Tells a client now and then that it is not forgotten; returns when it has long taken nothing of what waits."""
    taken = -1
    while viewer.taken != taken:
        taken = viewer.taken
        for _ in range(round(STALL_S / QUIET_S)):
            await asyncio.sleep(QUIET_S)
            viewer.text(ALIVE)


async def _until_one_ends(*what: Coroutine[Any, Any, None]) -> None:
    """Does all of it until the first has ended; a client that is gone is no error."""
    tasks = [asyncio.create_task(each) for each in what]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            with suppress(WebSocketDisconnect):
                task.result()
    finally:
        for task in tasks:
            task.cancel()


async def _next_frame(camera: ShownCamera) -> tuple[Frame, Result] | None:
    """The next frame that is analysed; None if none comes in time."""
    came: asyncio.Future[tuple[Frame, Result]] = asyncio.get_running_loop().create_future()

    def take(found: Sequence[tuple[Frame, Result]], _: bool) -> None:
        if not came.done():
            came.set_result(found[0])

    inlet = Inlet[tuple[Frame, Result]](Rounds(), 1, take)
    leave = camera.frames.subscribe(lambda frame, result: inlet.put((frame, result)))
    try:
        return await asyncio.wait_for(came, PICTURE_S)
    except asyncio.TimeoutError:
        return None
    finally:
        leave()


def _jpeg(camera: ShownCamera, frame: Frame, result: Result, *, boxes: bool, width: int) -> bytes:
    pixels = camera.hide(to_bgr(frame.picture))
    shown = camera.draw(pixels, result.detections) if boxes else pixels
    return jpeg(narrowed(shown, width) if width else shown, frame.meta, QUALITY)
