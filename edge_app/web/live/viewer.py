"""What one client of a live view is to get: bounded, so that one that is slow costs nobody else anything."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from edge_app.web.live.wire import Holds, binary, video_text

MOST_BYTES = 8 << 20  # of video that waits: a group of pictures of a fine camera
LONGEST_S = 3.0  # that video waits: then the next key frame is what a client gets
MOST_TEXTS = 8

Outgoing = str | bytes


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """What fragments have in common.

    Attributes:
        codec: How a browser calls it.
        head: What it wants before the fragments.
    """

    codec: str
    head: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """One picture of a video.

    Attributes:
        video: The video.
        is_key: Whether a browser can begin with it.
        message: As it is sent.
    """

    video: Video
    is_key: bool
    message: bytes


class _Waiting(NamedTuple):
    """A fragment, and since when it waits, by the monotonic clock [s]."""

    fragment: Fragment
    since: float


class Viewer:
    """One client; all methods are for the loop's thread.

    Attributes:
        only_pictures: Whether it wants no video.
        taken: How much it has taken.
    """

    def __init__(self, *, only_pictures: bool) -> None:
        self.only_pictures, self.taken = only_pictures, 0
        self._video: deque[_Waiting] = deque()
        self._bytes = 0
        self._texts: deque[str] = deque(maxlen=MOST_TEXTS)
        self._picture: bytes | None = None
        self._known: Video | None = None  # of which it was sent the head
        self._skips = True  # up to the next key frame
        self._plays = False
        self._something = asyncio.Event()

    @property
    def wants_pictures(self) -> bool:
        """Whether it has to be shown pictures: it wants them alone, or there is no video for it."""
        return self.only_pictures or not self._plays

    @property
    def takes_picture(self) -> bool:
        """Whether it has taken the last picture."""
        return self.wants_pictures and self._picture is None

    def fragment(self, fragment: Fragment) -> None:
        """The next one of the video."""
        if self.only_pictures:
            return
        now = time.monotonic()
        if self._bytes > MOST_BYTES or (self._video and now - self._video[0].since > LONGEST_S):
            self._drop_video()
            self._skips = True
        if self._skips and not fragment.is_key:
            return
        self._skips, self._plays, self._picture = False, True, None
        self._video.append(_Waiting(fragment, now))
        self._bytes += len(fragment.message)
        self._something.set()

    def no_video(self) -> None:
        """There is none any more, for now."""
        self._drop_video()
        self._skips, self._plays = True, False

    def picture(self, message: bytes) -> None:
        """The newest one."""
        if self.wants_pictures:
            self._picture = message
            self._something.set()

    def text(self, text: str) -> None:
        """What is to be told beside it, such as what was found in the newest frame."""
        self._texts.append(text)
        self._something.set()

    async def next(self) -> list[Outgoing]:
        """What is to be sent next, as soon as there is something: what belongs together."""
        self.taken += 1
        while True:
            if self._texts:
                return [self._texts.popleft()]
            if self._picture is not None:
                picture, self._picture = self._picture, None
                return [picture]
            if self._video:
                return self._next_of_video()
            self._something.clear()
            await self._something.wait()

    def _next_of_video(self) -> list[Outgoing]:
        fragment = self._video.popleft().fragment
        self._bytes -= len(fragment.message)
        if (video := fragment.video) is self._known:
            return [fragment.message]
        self._known = video
        return [video_text(video.codec), binary(Holds.HEAD, video.head), fragment.message]

    def _drop_video(self) -> None:
        self._video.clear()
        self._bytes = 0
