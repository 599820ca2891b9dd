"""What the analysis thread itself takes for a batch: its CPU time beside a GPU and a driver that do nothing.

python -m benchmarks.gpu.idle [--rounds 5] [--seconds 2] [--profile]

Everything is the program's own but the driver's calls. What comes down is what the bundled model finds in the street's
pictures. Needs no GPU.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu.bench import discard
from benchmarks.gpu.looping_inbox import LoopingInbox, nv12, street_bgr
from benchmarks.gpu.variant import ModelVariant
from edge_app.core.frames import Picture, Plane
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.detector import Detector
from edge_app.engine.gpu.engine import GpuEngine
from edge_app.engine.gpu.executor import GpuExecutor
from edge_app.engine.gpu.selector import DROPPED, LIST, ROOM
from edge_app.engine.ort.cpu import OnnxRuntimeEngine
from edge_app.model import TensorSpec
from edge_app.pipeline import Analysis
from edge_app.postprocess.selection import scores_of, select

BATCH = 8


class IdlePart:
    """Anything that a device makes; see `edge_app.cuda.device`."""

    handle, address = 1, 1 << 20

    def __init__(self, nbytes: int = 0) -> None:
        self.array = np.zeros(nbytes, np.uint8)

    def nothing(self, *_: object) -> None:
        """Is done at once."""

    def seconds_since(self, _: object) -> float:
        return 0.001

    record = synchronize = wait_event = launch = free = nothing


class IdleGpu:
    """A device that does nothing; the cells that come down are always the same.

    Attributes:
        lists: Of a batch's pictures.
    """

    name, compute_capability, default_stream = "idle", (9, 0), IdlePart()

    def __init__(self, lists: NDArray[Any]) -> None:
        self.lists = lists

    def current(self) -> AbstractContextManager[None]:
        return nullcontext()

    def memory(self, _: int) -> IdlePart:
        return IdlePart()

    def pinned(self, nbytes: int) -> IdlePart:
        return IdlePart(nbytes)

    def made(self, *_: object) -> IdlePart:
        return IdlePart()

    def download(self, target: NDArray[Any], *_: object) -> None:
        if target.dtype == LIST and not target["count"].any():
            target[:] = self.lists[: len(target)]

    def nothing(self, *_: object) -> None:
        """Is done at once."""

    stream = event = kernel = made
    upload = clear = close = nothing


class IdleExecutor(GpuExecutor):
    """A model that is computed at once."""

    def _execute(self, batch: int) -> None:
        pass

    def _let_go(self) -> None:
        pass


def lists_of(detector: Detector, pictures: Sequence[Picture]) -> NDArray[Any]:
    """What the kernels would list of the pictures: the cells of each that reach the threshold, most others dropped."""
    layout, confidence = detector.layout, detector.thresholds.confidence
    if layout is None:
        raise SystemExit(f"{detector.name} has no cells")
    lists: NDArray[Any] = np.zeros(len(pictures), LIST)
    path, spec = detector.signature.path, detector.input
    with OnnxRuntimeEngine(path, spec, batch=None, max_batch=1, slots=1, threads=2) as engine:
        for to, picture in zip(lists, pictures, strict=True):
            engine.slots[0].submit([picture])
            outputs = engine.slots[0].wait()
            cells = select(layout, outputs.arrays, range(1), confidence)
            to["count"] = len(cells.cell)
            (found,) = detector.postprocess(cells, outputs.letterboxes, [(picture.width, picture.height)])
            to["cells"]["fate"][: len(cells.cell)] = DROPPED * ~np.isin(scores_of(cells), found.detections.score)
            for name in ("cell", "class_id", "objectness", "best", "box"):
                to["cells"][name][: len(cells.cell)] = getattr(cells, name)
    return lists


def idle_engine(detector: Detector, lists: NDArray[Any]) -> GpuEngine:
    """An engine with two slots on the device that does nothing."""
    wh = detector.input.width, detector.input.height
    inputs = (TensorSpec("images", (BATCH, 3, wh[1], wh[0]), "float32"),)
    outputs = tuple(replace(output, shape=(BATCH, *output.shape[1:])) for output in detector.signature.outputs)
    gpu: Any = IdleGpu(lists)
    executors = [IdleExecutor(inputs, outputs, None, BATCH, gpu, gpu.stream(), False) for _ in range(2)]
    engine = GpuEngine("idle", gpu, lambda *_: executors, detector.input, {}, detector.layout)
    engine.select(detector.thresholds)
    return engine


def thread_us(detector: Detector, engine: GpuEngine, pictures: Sequence[Picture], seconds: float) -> float:
    """CPU time of the analysis thread for a batch [us]."""
    inbox: Any = LoopingInbox(pictures, seconds=seconds)
    told = discard, discard, discard, discard
    analysis = Analysis(inbox, engine, detector.postprocess, *told, Metrics(), Heartbeats(), "bench")
    began = time.thread_time()
    analysis.run(threading.Event().is_set)
    return 1e6 * (time.thread_time() - began) / (inbox.taken / BATCH)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of each round")
    parser.add_argument("--profile", action="store_true", help="print where the time goes as well")
    args = parser.parse_args()
    detector = ModelVariant.from_config("traffic", "{name: traffic}", BATCH, False).detector
    shown = list(street_bgr(BATCH))
    lists = lists_of(detector, shown)
    surfaces = [
        replace(nv12(picture), planes=(Plane(1 << 21, 1920), Plane(1 << 22, 1920)), memory="device")
        for picture in shown
    ]
    with idle_engine(detector, lists) as engine:
        thread_us(detector, engine, surfaces, args.seconds)
        each = [thread_us(detector, engine, surfaces, args.seconds) for _ in range(args.rounds)]
        if args.profile:
            with cProfile.Profile() as profile:
                thread_us(detector, engine, surfaces, args.seconds)
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    cells = ", ".join(map(str, (lists["cells"]["fate"] != DROPPED).sum(1) + lists["count"] - ROOM))
    print(f"batches of {BATCH} with {cells} cells left: {min(each):.0f} {median(each):.0f} {max(each):.0f} us a batch")


if __name__ == "__main__":
    main()
