"""What the analysis thread does for a batch besides waiting, with an engine that has answered already.

python -m benchmarks.analyse [--batch 8] [--objects 6] [--rounds 5]

The engine's slots give the same answer at once, of YOLOv8's layout: either whole, as an engine on the CPU does, or the
cells that a GPU has selected. Everything else is what `run` does between its inbox and a sink that keeps nothing.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Sequence
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np

from edge_app.core.frames import CaptureTime, FrameMeta, Letterbox, PendingFrame, Picture
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.engine import Outputs
from edge_app.machine import BoxClock
from edge_app.model import InputSpec
from edge_app.pipeline import Analysis
from edge_app.postprocess import Postprocess
from edge_app.postprocess.selection import select
from edge_app.postprocess.ultralytics import UltralyticsDecoder
from edge_app.publish import MessageWriter, ModelIdentity

SIDE, CELLS, CLASSES = 640, 8400, 80
CONFIDENCE = 0.35
BATCHES = 400  # of a round
PICTURE = Picture.from_bgr(np.zeros((2, 2, 3), np.uint8))


class Slot:
    """Has computed before it is asked."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def submit(self, pictures: Sequence[Picture]) -> None:
        """Keeps nothing."""

    def wait(self) -> Outputs:
        """The same as ever."""
        return self._outputs


class Inbox:
    """So many full batches, of as many cameras as a batch has frames."""

    def __init__(self, batches: int, batch: int) -> None:
        self._left, self._batch, self._index = batches, batch, 0

    waiting = property(lambda self: self._left > 0)
    next_is_alone = False

    def finish(self) -> bool:
        """Whether nothing comes any more."""
        return self._left <= 0

    def take_removed(self) -> set[str]:
        """No camera is removed."""
        return set()

    def take_ended(self) -> set[str]:
        """No camera ends before the others."""
        return set()

    def take(self, max_frames: int, timeout_s: float) -> list[PendingFrame]:
        """The next batch, without waiting."""
        self._left, self._index, now = self._left - 1, self._index + 1, time.monotonic()
        taken = CaptureTime(wall=time.time(), mono=now, source="rtcp")
        return [
            PendingFrame(
                meta=FrameMeta(camera=f"camera{n}", index=self._index, live=True, time=taken, queued_mono=now),
                decode_s=0.001,
                convert=lambda: PICTURE,
            )
            for n in range(self._batch)
        ]


def answer(batch: int, objects: int) -> np.ndarray:
    """YOLOv8's answer to pictures of so many objects, each seen by four cells."""
    dice = np.random.default_rng(0)
    cells = np.zeros((batch, 4 + CLASSES, CELLS), np.float32)
    cells[:, 4:] = dice.uniform(0, 0.02, (batch, CLASSES, CELLS))
    for picture in range(batch):
        for place in range(objects):
            box = np.array([*dice.uniform(60, SIDE - 60, 2), *dice.uniform(20, 100, 2)])[:, None]
            at = dice.choice(CELLS, 4, replace=False)
            cells[picture, :4, at] = (box + dice.uniform(-1, 1, (4, 4))).T
            cells[picture, 4 + place % CLASSES, at] = dice.uniform(0.5, 0.9, 4)
    return cells


def round_us(outputs: Outputs, batch: int, postprocess: Postprocess, hand_over: Callable[..., Any]) -> float:
    """The thread's CPU time for a batch [us], on which neighbours weigh less than on the clock."""
    engine: Any = SimpleNamespace(slots=(Slot(outputs), Slot(outputs)), max_batch=batch, concurrent_slots=True)
    inbox: Any = Inbox(BATCHES, batch)
    told = hand_over, discard, discard, discard
    analysis = Analysis(inbox, engine, postprocess, *told, Metrics(), Heartbeats(), "bench")
    began = time.thread_time()
    analysis.run(threading.Event().is_set)
    return 1e6 * (time.thread_time() - began) / BATCHES


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--objects", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    spec = InputSpec(width=SIDE, height=SIDE, color="rgb", scale=1 / 255)
    decoder = UltralyticsDecoder(spec, CLASSES, False, True)
    postprocess = Postprocess(decoder, confidence=CONFIDENCE, nms_iou=0.45)
    model = ModelIdentity(name="bench", sha256="0" * 64, engine="none", precision="fp32")
    writer = MessageWriter("01", model, [f"class {n}" for n in range(CLASSES)], Metrics(), BoxClock())
    arrays = (answer(args.batch, args.objects),)
    boxes = (Letterbox.fit((1920, 1080), (SIDE, SIDE), "centre", "round"),) * args.batch
    whole = Outputs(arrays=arrays, letterboxes=boxes, preprocess_s=0.001, infer_s=0.001)
    cells = select(decoder.layout, arrays, range(args.batch), CONFIDENCE)
    chosen = Outputs(arrays=(), letterboxes=boxes, preprocess_s=0.001, infer_s=0.001, selected=cells)

    def message(frame: Any, result: Any) -> None:
        writer.detections(result, time.monotonic())

    cases = {"whole outputs": (whole, message), "selected cells": (chosen, message), "no messages": (chosen, discard)}
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(args.rounds):
        for name, (outputs, hand_over) in cases.items():
            found[name].append(round_us(outputs, args.batch, postprocess, hand_over))
    print(f"us a batch of {args.batch}: min, median, max of {args.rounds} rounds of {BATCHES} batches")
    for name, times in found.items():
        print(f"{name:16}{min(times):8.0f}{median(times):8.0f}{max(times):8.0f}")


def discard(*_: object) -> None:
    """Publishes nothing."""


if __name__ == "__main__":
    main()
