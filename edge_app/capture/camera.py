"""One camera: opens its source again and again, with the pauses of core/backoff.py; hands its frames to the inbox."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edge_app.capture.config import CameraConfig
from edge_app.capture.picture_watch import PictureWatch
from edge_app.capture.rotation import converted
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame, Source
from edge_app.capture.status import OnStatus, StatusTracker
from edge_app.core.camera_status import CameraHealth
from edge_app.core.errors import InputError, Reason, StreamError, forget
from edge_app.core.frames import CaptureTime, FrameMeta, PendingFrame, Picture
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.packets import PacketTap
from edge_app.core.rate_limiter import RateLimiter
from edge_app.core.rate_meter import RateMeter

logger = logging.getLogger(__name__)

SPACE_POLL_S = 0.5  # how often a finite source that waits for room checks whether it has to stop
NOTABLE_SKEW_S = 1.0
LEAST_S = 1 / 250  # between two frames of a live source: one that sends as fast as it can would keep the others waiting


@dataclass(eq=False)
class CaptureLoop:
    """The loop of one thread, which makes one attempt after the other, as others see it.

    A camera has a second one only if the first is stuck.

    Attributes:
        stop: Ends it.
        waiting_since: Monotonic clock when it last asked the source for a frame [s]; None while it waits to reconnect.
        first_frame, last_frame: Monotonic clock of the first and the last frame of this connection [s].
        next_retry: When it asks the source again [s since 1970]; None unless it waits to reconnect.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    waiting_since: float | None = None
    first_frame: float | None = None
    last_frame: float | None = None
    next_retry: float | None = None

    @property
    def up_s(self) -> float:
        """How long this connection has been up [s]."""
        return time.monotonic() - self.first_frame if self.first_frame is not None else 0.0


class Camera:
    """One camera's frames on their way into the inbox."""

    def __init__(
        self,
        name: str,
        source: Source,
        config: CameraConfig,
        inbox: Inbox,
        metrics: Metrics,
        on_status: OnStatus,
        packets: PacketTap | None = None,
    ) -> None:
        self.name, self.source, self.config = name, source, config
        self.tracker = StatusTracker(name, "connecting" if config.enabled else "disabled", on_status)
        self.loop = CaptureLoop()
        self._inbox, self._metrics, self._packets = inbox, metrics, packets
        self._index = metrics.total("frames_captured", camera=name)  # continues if a camera of this name was removed
        self._limiter = RateLimiter(config.max_fps)
        self._skew_s: float | None = None
        self._handing_over = threading.Lock()
        self._unanalysed = ""
        self._last_analysed: float | None = None
        self._rate, self._watch = RateMeter(), PictureWatch(config.stall_timeout_s)
        self._last_frame: float | None = None  # of whichever connection [s since 1970]

    def run(self, loop: CaptureLoop) -> None:
        """Opens the source until the loop is stopped, or a finite source has been read to its end.

        Raises:
            InputError: A file failed, read or played; where it is read, the camera is `down` by then.
        """
        backoff = self.config.reconnect.backoff()
        while not loop.stop.is_set():
            try:
                self._read(loop)
                failure = StreamError(Reason.ENDED, f"{self.source.description}: ended")
            except StreamError as error:
                failure = StreamError(error.reason, str(error))
                self._count_lost(error.broken if isinstance(error, BrokenOffError) else 0)
                forget(error)
            except InputError:  # of a file that is played as if it were live
                raise
            except Exception as error:  # an internal error that this camera triggers: the others run on
                if not self.source.live and not isinstance(error, MemoryError):
                    raise
                failure = self._bug(error)
                forget(error)
            self._end_packets(failure, loop.stop)
            if self._finished(failure, loop.stop):
                return
            self.tracker.down(failure.reason, str(failure))
            pause = backoff.pause(loop.up_s, login_refused=failure.reason is Reason.AUTH_FAILED)
            loop.waiting_since = loop.first_frame = loop.last_frame = None
            self._rate, self._watch = RateMeter(), PictureWatch(self.config.stall_timeout_s)
            loop.next_retry = time.time() + pause
            stopped = loop.stop.wait(pause)
            loop.next_retry = None
            if not stopped:
                self._metrics.count("reconnects", camera=self.name, reason=failure.reason.value)

    def stop(self, *, removed: bool = False) -> None:
        """Lets no more frames into the inbox; the thread ends as soon as libav returns."""
        self.loop.stop.set()  # first: a thread that waits for room would take the lock again and again
        with self._handing_over:  # putting a frame into a closed cell would be an error
            self._inbox.close(self.name, removed=removed)

    def _read(self, loop: CaptureLoop) -> None:
        """Takes the frames of one connection."""
        loop.waiting_since, due = time.monotonic(), 0.0
        with self.source.open(loop.stop, self._packets) as frames:
            for frame in frames:
                if loop.stop.is_set():
                    return
                loop.last_frame, self._last_frame = time.monotonic(), time.time()
                loop.first_frame = loop.first_frame or loop.last_frame
                self._track()
                self._take(frame, loop.stop)
                # When it was due; one that came early is waited for, so that a camera at its pace costs no wait.
                due = max(due + LEAST_S, loop.last_frame)
                if self.source.live and (early_s := due - time.monotonic()) > 0:
                    loop.stop.wait(early_s)
                loop.waiting_since = time.monotonic()

    def _end_packets(self, failure: StreamError, stop: threading.Event) -> None:
        """Tells whoever has the packets of a connection that it has ended, and why."""
        if self._packets is not None and not stop.is_set():  # else they are another thread's, or the camera is removed
            self._packets.end(failure.reason.value)

    def analysed(self, failure: str) -> None:
        """Told what became of a frame that was taken: why it could not be analysed; empty if it was."""
        if not failure:
            self._last_analysed = time.monotonic()
            self._rate.count(self._last_analysed)
        self._unanalysed = failure

    def health(self) -> CameraHealth:
        """How it is doing; any thread may ask."""
        status = self.tracker.status
        is_up = status.state == "up"
        return CameraHealth(
            status=status,
            last_frame=self._last_frame,
            fps=self._rate.per_s(time.monotonic()) if is_up else 0.0,
            age_s=self._metrics.newest("age", camera=self.name) if is_up else None,
            next_retry=self.loop.next_retry,
            live=self.source.live,
        )

    def _track(self) -> None:
        """A frame came: the camera is up, unless it has long been that none can be analysed."""
        failure, since = self._unanalysed, self._last_analysed
        if failure and (since is None or time.monotonic() - since > self.config.stall_timeout_s):
            text = f"{self.source.description}: its pictures cannot be analysed: {failure}"
            self.tracker.down(Reason.FAILED, text)
        else:
            self.tracker.up()

    def _bug(self, error: Exception) -> StreamError:
        """The failure for a bug, or for too little memory, without the error's own text, which may hold a login."""
        logger.debug("camera %s failed", self.name, exc_info=error)
        if isinstance(error, MemoryError):
            return StreamError(Reason.FAILED, f"{self.source.description}: there is not enough memory")
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        return StreamError(Reason.FAILED, f"{self.source.description}: an internal error ({where})")

    def _finished(self, failure: StreamError, stop: threading.Event) -> bool:
        """Whether it was stopped, or a finite source was read to its end; raises InputError if that source failed."""
        with self._handing_over:  # once stopped, the cell may belong to another camera of the same name
            if stop.is_set() or self.source.live:
                return stop.is_set()
            self.tracker.down(failure.reason, str(failure))
            self._inbox.close(self.name)
            if failure.reason is not Reason.ENDED:
                raise InputError(f"camera {self.name}: {failure}")
            return True

    def _take(self, frame: DecodedFrame, stop: threading.Event) -> None:
        """Counts the frame and puts it into the inbox, unless `max_fps` drops it."""
        self._note_skew(frame.time, stop)
        self._count_lost(frame.broken)
        index = self._count_captured(1)
        if not self._limiter.keeps(frame.time.wall):
            self._count_dropped("max_fps")
            return
        pending = PendingFrame(
            meta=FrameMeta(
                camera=self.name,
                index=index,
                live=self.source.live,
                time=frame.time,
                queued_mono=time.monotonic(),
            ),
            decode_s=frame.decode_s,
            convert=partial(self._picture, frame.convert, self._watch),
            alone=frame.alone,
        )
        while not self._put(pending, stop):
            pass

    def _picture(self, convert: Callable[[], Picture], watch: PictureWatch) -> Picture:
        """The picture that is analysed; of a camera it is looked at now and then, by the watch of its connection."""
        picture = converted(convert, self.config.rotate)
        warnings = watch.look(picture, time.monotonic()) if self.source.live else None
        if warnings is not None and watch is self._watch:  # else another connection has begun
            self.tracker.warn(warnings)
        return picture

    def _put(self, pending: PendingFrame, stop: threading.Event) -> bool:
        """Whether the frame is in the inbox, or not wanted any more."""
        with self._handing_over:
            if not stop.is_set():
                return self._inbox.put(pending, SPACE_POLL_S)
        self._count_dropped("removed")
        return True

    def _count_captured(self, frames: int) -> int:
        """Counts frames; the index of the first."""
        index, self._index = self._index, self._index + frames
        self._metrics.count("frames_captured", frames, camera=self.name)
        return index

    def _count_lost(self, frames: int) -> None:
        """Counts frames that could not be decoded."""
        if frames:
            self._count_captured(frames)
            self._count_dropped("decode", frames)

    def _count_dropped(self, reason: str, frames: int = 1) -> None:
        self._metrics.count("frames_dropped", frames, camera=self.name, reason=reason)

    def _note_skew(self, taken: CaptureTime, stop: threading.Event) -> None:
        """Sets the gauge each time the camera's clock moves by a second or more; warns the first time it is wrong."""
        corrected = taken.source == "rtcp" and self._skew_s
        skew_s = 0.0 if corrected else taken.skew_s
        if skew_s is None or (self._skew_s is not None and abs(skew_s - self._skew_s) < NOTABLE_SKEW_S):
            return
        with self._handing_over:
            if not stop.is_set():  # else the gauge may be another camera's of the same name, or gone
                self._metrics.gauge("clock_skew", skew_s, camera=self.name)
        if self._skew_s is None and abs(skew_s) >= NOTABLE_SKEW_S:
            text = "camera %s: its clock is %+.1f s off ours; its frames are timed by their arrival"
            logger.warning(text, self.name, skew_s)
        self._skew_s = skew_s
