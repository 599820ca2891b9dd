"""What happens, as it happens: server-sent events, after the HTML standard, 9.2."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from edge_app.core.errors import EdgeAppError
from edge_app.evidence.reader import Written
from edge_app.web.answers import refusal
from edge_app.web.program_view import ProgramView

MOST_STREAMS = 16
AT_ONCE = 100  # documents that are read for a client before it has taken them
HEARTBEAT_S = 15.0
PAUSE_S = 0.05  # between two looks, so that a storm of events costs little
RETRY_MS = 2000  # after which a browser comes again
MEDIA_TYPE = "text/event-stream"
UNBUFFERED = {"x-accel-buffering": "no"}  # by nginx

ReadFrom = Callable[[int | None], Written]


def event_stream(program: ProgramView) -> list[Route]:
    """`/api/v1/events/stream`: each document of each event, once it is kept."""
    return [Route("/api/v1/events/stream", EventStreams(program), methods=["GET"])]


class EventStreams:
    """Answers who wants to follow.

    A client is a place in the database and nothing else: one that is slow is behind, and costs nobody anything. One
    that takes nothing at all is hung up on, as everywhere.
    """

    def __init__(self, program: ProgramView) -> None:
        self._program, self._open = program, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, for as long as the client stays."""
        if self._open >= MOST_STREAMS:
            answer = refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_STREAMS} clients follow already")
            await answer(scope, receive, send)
            return
        self._open += 1
        try:
            await (await self._answer(Request(scope)))(scope, receive, send)
        finally:
            self._open -= 1

    async def _answer(self, request: Request) -> Response:
        last, asked = request.headers.get("last-event-id", ""), request.query_params
        if last and not (last.isascii() and last.isdigit() and len(last) < 19):
            return refusal(HTTPStatus.BAD_REQUEST, "Last-Event-ID: want an id of this stream")
        read = partial(
            self._program.evidence().documents, camera=asked.get("camera"), event_type=asked.get("type"), limit=AT_ONCE
        )
        if request.method == "HEAD":
            return Response(media_type=MEDIA_TYPE)
        begin = await _in_thread(read, int(last) if last else None)  # what cannot be read is still an answer of its own
        return StreamingResponse(self._lines(read, begin), media_type=MEDIA_TYPE, headers=UNBUFFERED)

    async def _lines(self, read: ReadFrom, found: Written) -> AsyncIterator[str]:
        """The stream from there on, until the client is gone or the disk takes no questions."""
        loop, written = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(written.set)

        leave = self._program.on_evidence(wake)
        written.set()  # something may have been before that
        try:
            yield f"retry: {RETRY_MS}\nid: {found.position}\n\n"  # who has seen nothing yet knows where to go on
            while True:
                for number, document in found.documents:
                    yield f"event: event\nid: {number}\ndata: {document}\n\n"
                if not found.documents:
                    try:
                        await asyncio.wait_for(written.wait(), HEARTBEAT_S)
                    except asyncio.TimeoutError:
                        yield ": alive\n\n"
                    written.clear()
                await asyncio.sleep(PAUSE_S)
                found = await _in_thread(read, found.position)
        except EdgeAppError:
            pass  # the client comes again, and is then told why
        finally:
            leave()


async def _in_thread(read: ReadFrom, position: int | None) -> Written:
    """What the disk answers, for which nobody else waits."""
    return await anyio.to_thread.run_sync(read, position, abandon_on_cancel=True)
