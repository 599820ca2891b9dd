"""What the selection of cells on a GPU gains: rates of the pipeline with it and without, beside the network alone.

python -m benchmarks.gpu.selection [--yolox yolox_nano.onnx] [--rounds 3] [--seconds 0.6]

Pictures are on the GPU, batches of eight. "Busy" is the CPU time of the analysis thread over the time that passes.
Where there is torch, YOLOv8n's shape is computed by hand as well (`benchmarks.gpu.by_hand`).
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.gpu.bench import discard
from benchmarks.gpu.looping_inbox import LoopingInbox, nv12, street_bgr
from benchmarks.gpu.variant import ModelVariant, with_batch
from benchmarks.peers.yolov8_shape import write
from edge_app.core.frames import Picture
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.engine.ort.cuda_session import in_half_floats
from edge_app.pipeline import Analysis
from tests.cuda.pictures import Surfaces

BATCH = 8
PICTURES = 16


def variants(folder: Path, yolox: Path | None) -> Iterator[ModelVariant]:
    """The models, in both precisions."""
    models = {"traffic": "{name: traffic}"}
    shape = write(folder / "yolov8_shape.onnx", 640, BATCH)
    models["yolov8n's shape"] = f"{{onnx: {shape}, labels: coco, decoder: ultralytics}}"
    if yolox:
        path = with_batch(yolox, BATCH, folder / "yolox_nano.onnx")
        models["yolox_nano"] = f"{{onnx: {path}, labels: coco}}"
    for name, model in models.items():
        for half in (False, True):
            yield ModelVariant.from_config(name, model, BATCH, half)


def network_fps(slots: Sequence[Any], gpu: Any, seconds: float) -> float:
    """Frames/s of the network in these slots, without anything else."""
    frames, began, turns = 0, time.perf_counter(), cycle(slots)
    while time.perf_counter() - began < seconds:
        frames += next(turns).compute_again()
    with gpu.current():
        for slot in slots:
            slot.drain()  # the next batch goes into the same buffers
    return frames / (time.perf_counter() - began)


class Run(NamedTuple):
    """What a pipeline did.

    Attributes:
        fps: Frames a second.
        busy: The CPU time of its thread over the time that passed.
        thread_us: The CPU time of its thread for a batch [us].
        overflowed: Batches that came down whole because they had too many cells.
    """

    fps: float
    busy: float
    thread_us: float
    overflowed: int = 0


def pipeline(engine: Any, postprocess: Any, inbox: Any) -> Run:
    """What `run` does between inbox and sinks."""
    metrics = Metrics()
    told = discard, discard, discard, discard
    analysis = Analysis(inbox, engine, postprocess, *told, metrics, Heartbeats(), "bench")
    began, cpu = time.perf_counter(), time.thread_time()
    analysis.run(threading.Event().is_set)
    return ran(inbox.taken, began, cpu, metrics.total("selections_overflowed"))


def ran(frames: int, began: float, cpu: float, overflowed: int = 0) -> Run:
    """So many frames since that time and that CPU time of this thread."""
    wall, own = time.perf_counter() - began, time.thread_time() - cpu
    return Run(frames / wall, own / wall, 1e6 * own * BATCH / frames, overflowed)


def by_hand(variant: ModelVariant, pictures: Sequence[Picture]) -> Callable[[float], Run] | None:
    """Runs the expert's loop for so many seconds; None without torch, or for a model that it does not read."""
    try:
        from benchmarks.gpu.by_hand import ByHand, on_the_gpu
    except ImportError:
        return None
    detector = variant.detector
    if detector.decoder.family != "ultralytics":
        return None
    model = in_half_floats(detector.signature.path) if variant.half else detector.signature.path
    hand = ByHand(model if isinstance(model, bytes) else str(model), BATCH, detector.input.width)
    planes = [(np.asarray(y.data), np.asarray(uv.data)) for y, uv in (picture.planes for picture in pictures)]
    batches = [on_the_gpu(planes[start : start + BATCH]) for start in range(0, len(planes), BATCH)]

    def run(seconds: float) -> Run:
        frames, began, cpu = 0, time.perf_counter(), time.thread_time()
        while time.perf_counter() - began < seconds:
            hand.run(*batches[frames // BATCH % len(batches)])
            frames += BATCH
        return ran(frames, began, cpu)

    return run


def measure(variant: ModelVariant, pictures: Sequence[Picture], rounds: int, seconds: float) -> None:
    """Prints a line for each way, after all rounds."""
    with ExitStack() as stack:
        loaded, gpu = variant.load()
        engine: Any = stack.enter_context(loaded)
        surfaces = Surfaces(gpu)

        def free() -> None:
            with gpu.current():
                surfaces.free()

        stack.callback(free)
        with gpu.current():
            shown = [surfaces.put(picture) for picture in pictures]
        detector, ways = variant.detector, {"selected": variant.detector.thresholds, "whole": None}
        pair: list[float] = []
        alone: list[float] = []
        hand = by_hand(variant, pictures)
        found: dict[str, list[Run]] = {way: [] for way in (*ways, *(["by hand"] if hand else []))}
        for _ in range(rounds + 1):  # the first warms up
            pair.append(network_fps(engine.slots[:2], gpu, seconds))
            alone.append(network_fps(engine.slots, gpu, seconds))
            for way, thresholds in ways.items():
                engine.select(thresholds)
                found[way].append(pipeline(engine, detector.postprocess, LoopingInbox(shown, seconds=seconds)))
            if hand:
                found["by hand"].append(hand(seconds))
        name, bare = f"{variant.name} {variant.precision}", alone[1:]
        for count, each in ((2, pair[1:]), (len(engine.slots), bare)):
            rates = f"{min(each):7,.0f} {median(each):7,.0f} {max(each):7,.0f}"
            print(f"{name:24} network alone, {count} at once {rates} frames/s")
        for way, runs in found.items():
            tell(f"{name:24} {way:13}", runs[1:], bare)


def tell(what: str, runs: Sequence[Run], bare: Sequence[float]) -> None:
    """Prints a line of all rounds, beside the network's frames/s in each of them."""
    rates, busy, thread_us, overflowed = zip(*runs, strict=True)
    share = median(rate / one for rate, one in zip(rates, bare, strict=True))
    print(
        f"{what} {min(rates):7,.0f} {median(rates):7,.0f} {max(rates):7,.0f} frames/s, {share:.2f} of the network, "
        f"thread busy {100 * median(busy):.0f} %, {min(thread_us):.0f} {median(thread_us):.0f} {max(thread_us):.0f} "
        f"us a batch, {sum(overflowed)} overflowed",
        flush=True,
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yolox", type=Path, help="YOLOX-Nano, which is not part of the project")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.6, help="of each rate")
    args = parser.parse_args()
    pictures = [nv12(picture) for picture in street_bgr(PICTURES)]
    with tempfile.TemporaryDirectory() as name:
        for variant in variants(Path(name), args.yolox):
            measure(variant, pictures, args.rounds, args.seconds)


if __name__ == "__main__":
    main()
