"""The clips of all cameras: their rings, what was ordered, and the thread that makes it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_app.core.metrics import Metrics
from edge_app.evidence.clip_orders import CameraView, ClipOrder, ClipOutcome
from edge_app.evidence.clips.clip import PATIENCE_S, Clip, Span
from edge_app.evidence.clips.encoding import Encoding
from edge_app.evidence.clips.making import Making, WatchedCamera
from edge_app.evidence.clips.packet_ring import PacketRing
from edge_app.evidence.clips.pictures import Pictures
from edge_app.evidence.clips.priority import lower_priority
from edge_app.evidence.config import ClipsConfig
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.names import draft_of
from edge_app.evidence.privacy import PrivacyMasks
from edge_app.remux.nal_units import SYNTAX

LATENESS_S = 5.0  # how long after its frame an event may be told and have its whole clip
MOST_AT_ONCE = 32  # clips that are made, of all cameras together
POLL_S = 0.25  # how often packets are written
FINISH_S = 1.5  # at the end, for what a live camera's encoder has not done


class Clips:
    """Makes clips in a thread of its own, `run`, at low priority; see `ClipMaker`.

    Packets are written as they come, so a clip takes no memory of its own, however many there are. It sends no
    heartbeat: a disk that hangs is no reason to end the program.
    """

    def __init__(
        self,
        config: ClipsConfig,
        folder: Path,
        masks: PrivacyMasks,
        drafts: Drafts,
        metrics: Metrics,
        tell: Callable[[ClipOutcome], object],
    ) -> None:
        """Watches no camera yet.

        Args:
            config: How long clips are.
            folder: Of the evidence.
            masks: What nobody is to see.
            drafts: What clips that are being made take.
            metrics: Counts `clips`, `clips_short`, `clips_dropped`, `clip_pictures_dropped`; `clip_ring_bytes` is a
                gauge.
            tell: Gets what became of each order that was taken; called by `run`, must not block.
        """
        self._config, self._folder, self._masks, self._drafts = config, folder, masks, drafts
        self._metrics, self._report = metrics, tell
        self._changed = threading.Condition()
        self._cameras: dict[str, WatchedCamera] = {}
        self._ordered: list[Making] = []
        self._making: list[Making] = []
        self._finishing_mono: float | None = None
        self._done = threading.Event()
        self.pictures = Pictures()

    def watch(self, name: str, view: CameraView) -> None:
        """See `ClipMaker.watch`."""
        self.forget(name)
        gauge = partial(self._gauge, name, "camera")
        ring = PacketRing(self._config.before_s + LATENESS_S, waits=not view.live, on_size=gauge)
        rotate = view.rotate
        if view.coded:
            leave = view.packets.subscribe(ring)
        else:
            dropped = partial(self._metrics.count, "clip_pictures_dropped", camera=name)
            leave = view.frames.subscribe(self.pictures.feed(ring, dropped))
            rotate = 0  # they are turned already
        with self._changed:
            self._cameras = {**self._cameras, name: WatchedCamera(ring, rotate, view.live, leave)}

    def forget(self, name: str) -> None:
        """See `ClipMaker.forget`."""
        with self._changed:
            camera = self._cameras.get(name)
            self._cameras = {other: each for other, each in self._cameras.items() if other != name}
        if camera is not None:
            camera.leave()
            camera.ring.close()

    def order(self, order: ClipOrder) -> bool:
        """See `ClipMaker.order`."""
        camera, at_s = self._cameras.get(order.meta.camera), order.meta.timeline_s
        with self._changed:
            busy = len(self._ordered) + len(self._making) >= MOST_AT_ONCE or not self._drafts.has_room
            if camera is None or busy or self._finishing_mono is not None:
                self._metrics.count("clips_dropped", camera=order.meta.camera, reason="busy" if busy else "ended")
                return False
            start_s = at_s - self._config.before_s
            span = Span(start_s=start_s, at_s=at_s, end_s=at_s + self._config.after_s, most_s=self._config.max_s)
            reader = camera.ring.reader(start_s, at_s)
            mask = self._masks.of(order.meta.camera)
            self._ordered.append(Making(order, camera, span, reader, time.monotonic(), mask))
            self._changed.notify_all()
            return True

    def finish(self) -> None:
        """See `ClipMaker.finish`."""
        self.pictures.end()
        with self._changed:
            self._finishing_mono = self._finishing_mono or time.monotonic()
            self._changed.notify_all()

    def join(self, timeout_s: float) -> bool:
        """See `ClipMaker.join`."""
        return self._done.wait(timeout_s)

    def run(self) -> None:
        """Makes clips until it is finished."""
        lower_priority()
        try:
            while self._take_turn():
                pass
        finally:
            self._done.set()

    def _take_turn(self) -> bool:
        """Does what there is to do, and waits for more; False if that is all."""
        with self._changed:
            self._making += self._ordered
            self._ordered = []
            finishing = self._finishing_mono
        encodings = {id(each.encoding): each.encoding for each in self._making if each.encoding}
        at_work = {key for key, encoding in encodings.items() if encoding.step()}
        for making in list(self._making):
            self._go_on(making, finishing, at_work=id(making.encoding) in at_work)
        used = {id(each.encoding) for each in self._making}
        for key in encodings.keys() - used:
            encodings[key].close()
        with self._changed:
            if finishing is not None and not self._making and not self._ordered:
                return False
            if not at_work and not self._ordered and self._finishing_mono == finishing:
                self._changed.wait(POLL_S if self._making else None)
        return True

    def _go_on(self, making: Making, finishing: float | None, *, at_work: bool) -> None:
        """Another step of one clip."""
        now = time.monotonic()
        if making.clip is None:
            self._begin(making, now, finishing)  # and goes on with the next turn, once something may be encoded
            return
        late = finishing is not None and making.camera.live and now - finishing > FINISH_S
        last = finishing is not None and (late or not at_work)
        if self._masks.of(making.order.meta.camera) is not making.mask:
            outcome: ClipOutcome | None = making.clip.give_up("what is not to be seen in it has changed")
        else:
            outcome = making.clip.step(now, last=last)
        if outcome is not None:
            self._end(making, outcome)

    def _begin(self, making: Making, now: float, finishing: float | None) -> None:
        """Begins the clip, once anything has come of its camera."""
        codec = making.camera.ring.codec
        if codec is None:
            if finishing is not None or now - making.ordered_mono > PATIENCE_S:
                making.reader.close()
                self._end(making, ClipOutcome(order=making.order, why="there is no video of it"))
            return
        reader, rotate, late = making.reader, making.camera.rotate, making.reader.late
        if codec not in SYNTAX or making.mask:
            making.encoding = self._encoding(making)
            reader, rotate = making.encoding.ring.reader(making.span.start_s, making.span.at_s), 0
            late = late or "what came before was not encoded in time"
        draft = partial(draft_of, self._folder, making.order.name)
        making.clip = Clip(making.order, making.span, reader, draft, self._drafts, rotate=rotate, late=late)

    def _encoding(self, making: Making) -> Encoding:
        """What encodes the camera's video already, if it began early enough, or another one."""
        name = making.order.meta.camera
        for other in self._making:
            encoding = other.encoding
            same = encoding and other.camera is making.camera and encoding.mask is making.mask
            if encoding and same and encoding.reaches(making.span.start_s):
                making.reader.close()
                return encoding
        ring = PacketRing(self._config.before_s + LATENESS_S, on_size=partial(self._gauge, name, "encoded"))
        return Encoding(making.reader, ring, making.span.start_s, name, making.camera.rotate, making.mask)

    def _end(self, making: Making, outcome: ClipOutcome) -> None:
        camera = making.order.meta.camera
        with self._changed:
            self._making = [other for other in self._making if other is not making]
        if outcome.draft is None:
            self._metrics.count("clips_dropped", camera=camera, reason="failed")
        else:
            self._metrics.count("clips", camera=camera)
            if outcome.why:
                self._metrics.count("clips_short", camera=camera)
        self._report(outcome)

    def _gauge(self, camera: str, ring: str, size: int) -> None:
        self._metrics.gauge("clip_ring_bytes", size, camera=camera, ring=ring)
