"""The program on one page: every stage, thread and hand-over; the parts are passed in.

Batches are submitted in engine/double_buffer.py, boxes suppressed in postprocess/nms.py, messages made in
publish/messages.py.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.errors import EngineError, StreamError
from edge_app.core.frames import Frame, Letterbox, PendingFrame
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.engine import Engine, Outputs, infer

logger = logging.getLogger(__name__)

PostprocessBatch = Callable[
    [tuple[NDArray[Any], ...], Sequence[Letterbox], Sequence[tuple[int, int]]], Sequence[tuple[Detections, int, int]]
]
HandOver = Callable[[Frame, Result], None]
Analysed = Callable[[str, str], None]
Ended = Callable[[str], None]


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
        ended: Told of each camera that has ended, once its last frame was handed over, unless `run` ends first.
        metrics: Counts and stage durations.
        heartbeats: Told at least once a second that the loop is alive.
        name: What heartbeats call the loop.
    """

    inbox: Inbox
    engine: Engine
    postprocess: PostprocessBatch
    hand_over: HandOver
    analysed: Analysed
    ended: Ended
    metrics: Metrics
    heartbeats: Heartbeats
    name: str

    def run(self, stop: threading.Event) -> None:
        """Analyses until `stop`, or until every camera has ended."""
        batches = _Batches(
            self.inbox,
            self.engine.max_batch,
            self.metrics,
            self.analysed,
            self.ended,
            lambda: self.heartbeats.beat(self.name),
            stop,
        )
        try:
            concurrent = self.engine.concurrent_slots
            for frames, outputs in infer(batches, self.engine.slots, self._drop, concurrent=concurrent):
                for frame, result in self._results(frames, outputs):
                    self._finish(frame, result)
        finally:
            self.heartbeats.forget(self.name)

    def _results(self, frames: Sequence[Frame], outputs: Outputs) -> Iterator[tuple[Frame, Result]]:
        """What the raw outputs of a batch say of each of its frames."""
        began = time.monotonic()
        sizes_wh = [(frame.picture.width, frame.picture.height) for frame in frames]
        each = self.postprocess(outputs.arrays, outputs.letterboxes, sizes_wh)
        postprocess_s = time.monotonic() - began
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

    def _finish(self, frame: Frame, result: Result) -> None:
        """Hands one frame over and records where its time went."""
        began, latency = time.monotonic(), result.latency
        self.hand_over(frame, result)
        durations = {
            "age": began - frame.meta.time.mono,
            "queue": latency.queue,
            "preprocess": latency.preprocess,
            "infer": latency.infer,
            "postprocess": latency.postprocess,
            "publish": time.monotonic() - began,
        }
        self.metrics.observe_all(durations, camera=frame.meta.camera)
        self.metrics.count("frames_analysed", camera=frame.meta.camera)
        self.analysed(frame.meta.camera, "")

    def _drop(self, frame: Frame, error: EngineError) -> None:
        logger.warning("%s: frame %d dropped: %s", frame.meta.camera, frame.meta.index, error)
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
    beat: Callable[[], None]
    stop: threading.Event

    @property
    def waiting(self) -> bool:
        return self.inbox.waiting

    def __iter__(self) -> Iterator[list[Frame]]:
        while not self.stop.is_set() and not self.inbox.finish():
            taken = self.inbox.take(self.max_batch, timeout_s=0.5)
            now = time.monotonic()
            self.beat()
            yield [frame for pending in taken if (frame := self._convert(pending, now)) is not None]
            if ended := self.inbox.take_ended():
                yield []  # their last frames may still be computed: they are handed over first
                for camera in ended:
                    self.ended(camera)

    def _convert(self, pending: PendingFrame, now_mono: float) -> Frame | None:
        """The frame's pixels, or None if the decoder's surface is broken."""
        began = time.monotonic()
        try:
            frame = pending.take(now_mono)
        except StreamError as error:
            logger.debug("%s: frame %d: %s", pending.meta.camera, pending.meta.index, error)
            self.metrics.count("frames_dropped", camera=pending.meta.camera, reason="decode")
            self.analysed(pending.meta.camera, str(error))
            return None
        self.metrics.observe("decode", pending.decode_s + time.monotonic() - began, camera=pending.meta.camera)
        return frame
