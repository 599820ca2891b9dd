"""The program on one page: every stage, thread and hand-over; the parts are passed in.

Batches are submitted in engine/double_buffer.py, boxes suppressed in postprocess/nms.py, messages made in
publish/messages.py.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.engine_status import EngineStatusLog
from edge_app.core.errors import EngineError, StreamError
from edge_app.core.frames import Frame, Letterbox, PendingFrame
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.engine import Engine, Outputs, infer
from edge_app.postprocess import RawOutputs, SelectedCells

logger = logging.getLogger(__name__)

DURATIONS = ("age", "queue", "preprocess", "infer", "postprocess", "publish")  # of a frame
PostprocessBatch = Callable[
    [RawOutputs | SelectedCells, Sequence[Letterbox], Sequence[tuple[int, int]]], Sequence[tuple[Detections, int, int]]
]
HandOver = Callable[[Frame, Result], None]
Analysed = Callable[[str, str], None]
Ended = Callable[[str], None]
Passed = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis thread: the only one that uses the engine.

    Attributes:
        inbox: Frames of all cameras.
        engine: Computes them in batches.
        postprocess: Raw outputs of a batch to each picture's detections, how many of its rows were no
            detections, and how many boxes were too many to compare.
        hand_over: Takes each frame with its result, in order; waits only if the frame's source is finite.
        analysed: Told of each frame its camera and why it could not be analysed; empty if it was.
        ended: Told of each camera that has ended or was removed, once its last frame was handed over and before the
            first of one that takes its place, unless `run` ends first.
        passed: Told the monotonic time [s] now and then, whether there are frames or not.
        metrics: Counts and stage durations.
        heartbeats: Told at least once a second that the loop is alive.
        name: What heartbeats call the loop.
        engine_status: How the engine is doing.
    """

    inbox: Inbox
    engine: Engine
    postprocess: PostprocessBatch
    hand_over: HandOver
    analysed: Analysed
    ended: Ended
    passed: Passed
    metrics: Metrics
    heartbeats: Heartbeats
    name: str
    engine_status: EngineStatusLog = field(default_factory=EngineStatusLog)

    def run(self, is_over: Callable[[], bool]) -> None:
        """Analyses until `is_over` is true between two batches, or until every camera has ended."""
        batches = _Batches(
            self.inbox,
            self.engine.max_batch,
            self.metrics,
            self.analysed,
            self.ended,
            self._beat,
            is_over,
        )
        try:
            concurrent = self.engine.concurrent_slots
            for frames, outputs in infer(batches, self.engine.slots, self._drop, concurrent=concurrent):
                self._finish(self._results(frames, outputs))
                del frames, outputs  # before the next ones are converted
        finally:
            self.heartbeats.forget(self.name)

    def _beat(self, now_mono: float) -> None:
        self.heartbeats.beat(self.name)
        self.passed(now_mono)

    def _results(self, frames: Sequence[Frame], outputs: Outputs) -> Iterator[tuple[Frame, Result]]:
        """What the raw outputs of a batch say of each of its frames."""
        began = time.monotonic()
        sizes_wh = [(frame.picture.width, frame.picture.height) for frame in frames]
        each = self.postprocess(outputs.answer, outputs.letterboxes, sizes_wh)
        postprocess_s = time.monotonic() - began
        if outputs.overflowed:
            self.metrics.count("selections_overflowed")
        for frame, source_wh, (detections, invalid_rows, cut) in zip(frames, sizes_wh, each, strict=True):
            self._count_lost(frame.meta.camera, invalid_rows, cut)
            latency = Latency(
                queue=frame.queue_s,
                preprocess=outputs.preprocess_s,
                infer=outputs.infer_s,
                postprocess=postprocess_s,
                total=time.monotonic() - frame.meta.queued_mono,
            )
            yield frame, Result(meta=frame.meta, source_wh=source_wh, latency=latency, detections=detections)

    def _count_lost(self, camera: str, invalid_rows: int, cut: int) -> None:
        """Counts rows that are no detections, warning of the first, and boxes that were too many to compare."""
        if cut:
            self.metrics.count("candidates_cut", cut, camera=camera)
        if not invalid_rows:
            return
        if not self.metrics.total("outputs_not_finite"):
            logger.warning(
                "%s: %d rows of the model's answer are no detections (NaN, a score above 1 or a class that it does not "
                "have): they are left out and counted; its layout may be another one, see `decoder:`",
                camera, invalid_rows,
            )  # fmt: skip
        self.metrics.count("outputs_not_finite", invalid_rows, camera=camera)

    def _finish(self, results: Iterator[tuple[Frame, Result]]) -> None:
        """Hands the frames of a batch over, and records where the time of each went; locks are taken once for all."""
        cameras: list[str] = []
        durations: list[tuple[float, ...]] = []
        for frame, result in results:
            began, latency, camera = time.monotonic(), result.latency, frame.meta.camera
            self.hand_over(frame, result)
            age, published = began - frame.meta.time.mono, time.monotonic() - began
            cameras.append(camera)
            durations.append((age, *latency[:-1], published))
            self.analysed(camera, "")
        self.metrics.observe_each(DURATIONS, cameras, durations)
        self.metrics.count_each("frames_analysed", cameras)
        if cameras:
            self.engine_status.computed()

    def _drop(self, frame: Frame, error: EngineError) -> None:
        logger.debug("%s: frame %d dropped: %s", frame.meta.camera, frame.meta.index, error)
        self.engine_status.failed(str(error))
        self.metrics.count("frames_dropped", camera=frame.meta.camera, reason="engine")
        self.analysed(frame.meta.camera, str(error))


@dataclass(frozen=True, slots=True)
class _Batches:
    """The inbox as the double buffer wants it: batches of pictures, until the end."""

    inbox: Inbox
    max_batch: int
    metrics: Metrics
    analysed: Analysed
    ended: Ended
    beat: Callable[[float], None]
    is_over: Callable[[], bool]

    @property
    def waiting(self) -> bool:
        return self.inbox.waiting

    def __iter__(self) -> Iterator[list[Frame]]:
        while not self.is_over() and not self.inbox.finish():
            if self.inbox.next_is_alone:
                yield []  # what is running is finished, and its pictures are gone
            taken = deque(self.inbox.take(self.max_batch, timeout_s=0.5))
            now = time.monotonic()
            self.beat(now)
            yield from self._end(self.inbox.take_removed())
            alone = any(pending.alone for pending in taken)
            if alone:
                yield []
            yield self._converted(taken, now)
            if alone:
                yield []
            yield from self._end(self.inbox.take_ended())
        yield []  # the slots are free for whoever uses the engine next

    def _end(self, cameras: set[str]) -> Iterator[list[Frame]]:
        if cameras:
            yield []  # their last frames may still be computed: they are handed over first
        for camera in cameras:
            self.ended(camera)

    def _converted(self, taken: deque[PendingFrame], now_mono: float) -> list[Frame]:
        """The frames that were taken, with their pixels, without those whose surface is broken."""
        converted: list[Frame] = []
        decoded_s: list[tuple[float]] = []
        while taken:  # each is let go of before the next one is converted
            began, pending = time.monotonic(), taken.popleft()
            frame, decode_s = self._convert(pending, now_mono), pending.decode_s
            del pending
            if frame is not None:
                converted.append(frame)
                decoded_s.append((decode_s + time.monotonic() - began,))
        self.metrics.observe_each(("decode",), [frame.meta.camera for frame in converted], decoded_s)
        return converted

    def _convert(self, pending: PendingFrame, now_mono: float) -> Frame | None:
        """The frame's pixels, or None if the decoder's surface is broken."""
        try:
            return pending.take(now_mono)
        except StreamError as error:
            logger.debug("%s: frame %d: %s", pending.meta.camera, pending.meta.index, error)
            self.metrics.count("frames_dropped", camera=pending.meta.camera, reason="decode")
            self.analysed(pending.meta.camera, str(error))
            return None
