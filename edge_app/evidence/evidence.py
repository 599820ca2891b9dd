"""What is kept of events: as they happen, on the analysis thread, which only decides and hands over."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge_app.core.detections import Result
from edge_app.core.engine_status import EngineStatus
from edge_app.core.events import SceneEvent
from edge_app.core.frames import Frame
from edge_app.evidence.best_frames import picture_bytes
from edge_app.evidence.clip_orders import CameraView, ClipMaker, ClipOutcome
from edge_app.evidence.config import ClipsConfig, KeepConfig
from edge_app.evidence.describe import Describer, DescriptionOrder
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.filming import Filming
from edge_app.evidence.jobs import Job
from edge_app.evidence.keeper import EvidenceKeeper
from edge_app.evidence.names import KEYS, FileKind, file_name
from edge_app.evidence.shots import Shots
from edge_app.evidence.snapshots import SnapshotMaker
from edge_app.evidence.store import Store
from edge_app.publish.event_writer import EventWriter
from edge_app.publish.messages import Message

KeepWaiting = Callable[[], bool]
News = tuple[Message, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events have what.

    Attributes:
        snapshots: Makes their pictures, of the types that its configuration names.
        clips: Which have clips; None for none.
        describer: Has pictures described, of the types that its configuration names; None: nobody does.
    """

    snapshots: SnapshotMaker
    clips: ClipsConfig | None
    describer: Describer | None = None


class Evidence:
    """The evidence of this process's cameras. Its analysis thread calls every method but those that say otherwise.

    Attributes:
        drafts: What clips take until they are kept.
    """

    def __init__(self, events: EventWriter) -> None:
        """Keeps nothing before `begin`; `events` makes the messages of events, which are the same without it."""
        self.drafts = Drafts()
        self._events = events
        self._keeper: EvidenceKeeper | None = None
        self._wanted: Wanted | None = None
        self._shots, self._filming = Shots(), Filming(self._put, self.drafts)
        self._described: deque[News] = deque()

    def begin(self, keeper: EvidenceKeeper, wanted: Wanted, clip_maker: ClipMaker | None = None) -> None:
        """Keeps what is wanted from the next frame on; any thread may say so.

        Args:
            keeper: Writes it.
            wanted: Which events have what.
            clip_maker: Makes clips, and tells `clip_done`; None: nobody does.
        """
        self._filming.use(clip_maker)
        self._wanted, self._keeper = wanted, keeper

    def use(self, wanted: Wanted, keep: KeepConfig, clip_maker: ClipMaker | None) -> None:
        """From the next frame on this is wanted, and so much of it kept; another maker of clips takes over."""
        self._filming.use(clip_maker)
        self._wanted = wanted
        if self._keeper is not None:
            self._keeper.use(keep)

    def end(self) -> EvidenceKeeper | None:
        """Keeps nothing any more; any thread may say so. The keeper it had ends once everything is written."""
        describer = self._describer
        keeper, self._keeper, self._wanted = self._keeper, None, None
        self._filming.use(None)
        if describer is not None:
            describer.close()
        if keeper is not None:
            keeper.close()
        return keeper

    @property
    def is_kept(self) -> bool:
        """Whether anything is kept."""
        return self._keeper is not None

    @property
    def describing(self) -> EngineStatus | None:
        """Whether the model that describes pictures answers; None where there is none. Any thread may ask."""
        describer = self._describer
        return None if describer is None else describer.status

    @property
    def keeping(self) -> EngineStatus | None:
        """Whether the disk takes what is kept; None where nothing is. Any thread may ask."""
        keeper = self._keeper
        return None if keeper is None else keeper.status

    def see(self, frame: Frame, result: Result) -> None:
        """Looks at the next frame of a camera, before the messages of its events are made."""
        wanted = self._wanted
        self._shots.see(frame, result, wanted.snapshots.config.types if wanted is not None else ())

    def message(self, event: SceneEvent, keep_waiting: KeepWaiting) -> Message:
        """The message of an event, which names its picture and its clip; they come after it.

        A finite source waits for room, while `keep_waiting`; of a live camera what finds none is counted.
        """
        if (wanted := self._wanted) is None:
            return self._events.event(event)
        wait: KeepWaiting = keep_waiting if not event.meta.live else lambda: False
        mask = wanted.snapshots.masks.of(event.meta.camera)  # before the picture is drawn
        files = self._snapshot(event, wanted.snapshots, wait)
        if clip := self._filming.order(event, wanted.clips):
            files |= {KEYS["clip"]: clip}
        message = self._events.event(event, files)
        if clip:
            self._filming.announce(clip, message)
        order, describer = None, wanted.describer
        if describer is not None and event.type in describer.config.types and (picture := files.get(KEYS["snapshot"])):
            order = DescriptionOrder(message=message, picture=picture, mask=mask)
        self._put(_document(message, describer, order), wait)
        return message

    def keep(self, message: Message) -> None:
        """Keeps the document of an event; any thread may call it."""
        self._put(_document(message))

    def put(self, job: Job) -> bool:
        """Has something written that was made elsewhere; False if nobody will. Any thread may call it."""
        return self._put(job)

    def late(self) -> Iterator[Message]:
        """What has come of events that were told before: clips that are whole, or will never be, and descriptions."""
        for message, news in self._news():
            update = self._events.update(message, news)
            self.keep(update)
            yield update

    def finish(self, *, at_once: bool) -> None:
        """No more frames come: clips end with what there is, and `at_once` no more is described.

        Any thread may call it, also again, and does not wait.
        """
        self._filming.finish()
        if (describer := self._describer) is not None:
            describer.finish(at_once=at_once)

    def watch(self, camera: str, view: CameraView) -> None:
        """A camera begins, perhaps in the place of another; the thread that adds cameras says so."""
        self._filming.watch(camera, view)

    def unwatch(self, camera: str) -> None:
        """A camera ends; the thread that removes cameras says so."""
        self._filming.unwatch(camera)

    def forget(self, camera: str) -> None:
        """No more frames of this camera come, and its events were told."""
        self._shots.forget(camera)

    def clip_done(self, outcome: ClipOutcome) -> None:
        """Takes over a clip; any thread may call it."""
        self._filming.done(outcome)

    def described(self, message: Message, news: Mapping[str, Any]) -> None:
        """Takes over what is new of an event that was told; any thread may call it."""
        self._described.append((message, news))

    @property
    def is_settled(self) -> bool:
        """Whether all that was announced is written and told; any thread may ask."""
        written = self._keeper is None or self._keeper.is_idle  # first: what was written may be described
        asked = self._describer is None or self._describer.is_idle
        return written and asked and self._filming.is_settled and not self._described

    @property
    def _describer(self) -> Describer | None:
        return self._wanted.describer if self._wanted is not None else None

    def _put(self, job: Job, keep_waiting: KeepWaiting = lambda: False) -> bool:
        return (keeper := self._keeper) is not None and keeper.put(job, keep_waiting)

    def _news(self) -> Iterator[News]:
        yield from self._filming.news()
        while self._described:
            yield self._described.popleft()

    def _snapshot(self, event: SceneEvent, maker: SnapshotMaker, wait: KeepWaiting) -> dict[str, str]:
        """The names of the event's pictures by their keys in its message."""
        types = maker.config.types
        if event.type not in types or (shot := self._shots.of(event)) is None:
            return {}
        kinds: tuple[FileKind, ...] = ("snapshot", "clean") if maker.config.clean else ("snapshot",)
        names = {kind: file_name(event.meta.camera, event.id, event.type, kind, types) for kind in kinds}

        def write(store: Store) -> None:
            for kind, content in maker.files(shot):
                store.put(names[kind], content)

        job = Job(kind="picture", write=write, bytes=picture_bytes(shot.frame.picture))
        return {KEYS[kind]: name for kind, name in names.items()} if self._put(job, wait) else {}


def _document(message: Message, describer: Describer | None = None, order: DescriptionOrder | None = None) -> Job:
    """Keeps the document of an event, and then has its picture described."""

    def done(kept: bool) -> None:
        if kept and order is not None and describer is not None:
            describer.order(order)

    return Job(kind="document", write=lambda store: store.add(message.payload), done=done)
