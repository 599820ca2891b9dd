"""Which clips are being made, and by whom, while cameras come and go and the configuration changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from edge_app.core.events import SceneEvent
from edge_app.evidence.clip_orders import CameraView, ClipMaker, ClipOrder, ClipOutcome
from edge_app.evidence.config import ClipsConfig
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.jobs import Job
from edge_app.evidence.names import file_name
from edge_app.publish.messages import Message


class Filming:
    """Between the analysis thread, which orders clips and tells of them, and a `ClipMaker`, which may be replaced."""

    def __init__(self, put: Callable[[Job], bool], drafts: Drafts) -> None:
        """Nobody makes clips yet.

        Args:
            put: Has a job written, and says whether it will be.
            drafts: What clips take until they are written.
        """
        self._put, self._drafts = put, drafts
        self._maker: ClipMaker | None = None
        self._views: dict[str, CameraView] = {}
        self._announced: dict[str, Message] = {}  # events by the names of their clips that are being made
        self._done: deque[tuple[ClipOutcome, bool]] = deque()

    @property
    def is_settled(self) -> bool:
        """Whether all that was announced has been told; any thread may ask."""
        return not self._announced and not self._done

    def use(self, maker: ClipMaker | None) -> None:
        """Has it make the clips from now on; the one before ends those that it makes. Any thread may say so."""
        before, views = self._maker, dict(self._views)
        if maker is before:
            return
        if maker is not None:
            for camera, view in views.items():
                maker.watch(camera, view)
        self._maker = maker
        if before is not None:
            for camera in views:
                before.forget(camera)
            before.finish()

    def watch(self, camera: str, view: CameraView) -> None:
        """A camera begins, perhaps in the place of another; the thread that adds cameras says so."""
        self._views[camera] = view
        if (maker := self._maker) is not None:
            maker.watch(camera, view)

    def unwatch(self, camera: str) -> None:
        """A camera ends; the thread that removes cameras says so."""
        self._views.pop(camera, None)
        if (maker := self._maker) is not None:
            maker.forget(camera)

    def order(self, event: SceneEvent, clips: ClipsConfig | None) -> str | None:
        """The name of the event's clip; None if there will be none. The analysis thread asks."""
        maker = self._maker
        if maker is None or clips is None or event.type not in clips.types:
            return None
        name = file_name(event.meta.camera, event.id, event.type, "clip", clips.types)
        return name if maker.order(ClipOrder(event_id=event.id, meta=event.meta, name=name)) else None

    def announce(self, name: str, message: Message) -> None:
        """The event of the clip that was just ordered was told so; the analysis thread says it."""
        self._announced[name] = message

    def finish(self) -> None:
        """No more frames come: clips end with what there is. Any thread may say so, and does not wait."""
        if (maker := self._maker) is not None:
            maker.finish()

    def done(self, outcome: ClipOutcome) -> None:
        """Takes over a clip; any thread may call it."""
        draft, name = outcome.draft, outcome.order.name
        if draft is None:
            self._done.append((outcome, False))
            return

        def told(kept: bool) -> None:
            self._drafts.ended(draft)
            with suppress(OSError):  # of a disk that takes nothing; the next start deletes it
                draft.unlink(missing_ok=True)
            self._done.append((outcome, kept))

        job = Job(kind="clip", write=lambda store: store.adopt(name, draft), done=told)
        if not self._put(job):
            told(False)

    def news(self) -> Iterator[tuple[Message, dict[str, Any]]]:
        """Of which events a clip is whole, or will never be, and what to tell of that; the analysis thread asks."""
        while self._done:
            outcome, kept = self._done.popleft()
            if (message := self._announced.pop(outcome.order.name, None)) is not None:
                yield message, _about(outcome, kept)


def _about(outcome: ClipOutcome, kept: bool) -> dict[str, Any]:
    """What the update says of a clip; without one, its message says no more that there is one."""
    if not kept:
        return {"clip": None, "clip_note": outcome.why or "it could not be written"}
    return {
        "clip": outcome.order.name,
        "clip_start": outcome.start_time,
        "clip_end": outcome.end_time,
        "clip_note": outcome.why or None,
    }
