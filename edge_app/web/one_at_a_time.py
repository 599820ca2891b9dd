"""What takes seconds of the network, one after the other, so that nobody can have us knock at many doors at once."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException

T = TypeVar("T")

MOST_WAITING = 4


class OneAtATime:
    """Answers questions in a thread, in the order in which they come."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(1)

    async def ask(self, question: Callable[[], T]) -> T:
        """The answer; raises HTTPException (503) where too many wait."""
        if self._limiter.statistics().tasks_waiting >= MOST_WAITING:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "others are looking at cameras; try again in a while")
        return await anyio.to_thread.run_sync(question, abandon_on_cancel=True, limiter=self._limiter)
