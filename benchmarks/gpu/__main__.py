"""Measures the engine on a GPU and writes the figures into docs/gpu.md.

python -m benchmarks.gpu [--yolox yolox_nano.onnx] [--decode cpu nvdec]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import av
import onnxruntime
import pycuda

from benchmarks.gpu import streams
from benchmarks.gpu.bench import Bench, Pictures
from benchmarks.gpu.subject import Subject, of_batch
from edge_app.trt_build import this_machine

DOCS = Path(__file__).parents[2] / "docs"
HEADING = "## Measured\n"
VARIANTS = [(8, False), (8, True), (1, False), (1, True)]  # batch, FP16
MODEL = ("model", "precision", "batch")
TABLES = {
    "rates": (
        "Frames/s",
        ("load s", "network alone", "two at once", "device NV12", "host NV12", "host BGR", "÷ alone", "÷ two at once"),
    ),
    "slots": (
        "One slot, and two",
        ("1 slot", "2 slots", "gain", "a network runs", "both run", "thread works", "thread waits"),
    ),
    "stages": (
        "A batch, in microseconds",
        ("pictures", "upload", "letterbox", "network", "download", "submit", "wait", "postprocess", "rest"),
    ),
    "counts": (
        "What a batch costs beside time",
        ("pictures", "letterbox launches", "KB up a frame", "KB down a frame", "allocations", "bytes of the GPU"),
    ),
    "memory": ("Memory", ("frames", "MB of the GPU free", "MB of the host resident")),
}
FIRST_ONLY = ("memory",)
STREAMS = ("decode", "streams", "frames/s", "age p50 ms", "age p99 ms", "dropped")


def machine() -> str:
    """What it is measured on."""
    m = this_machine()
    versions = {"Python": platform.python_version(), "ONNX Runtime": onnxruntime.__version__}
    versions |= {"PyCUDA": pycuda.VERSION_TEXT, "PyAV": av.__version__}
    parts = [f"{m.gpu}, driver {m.driver}, CUDA {m.cuda}, {len(os.sched_getaffinity(0))} CPU cores"]
    parts += [f"{name} {version}" for name, version in versions.items()]
    command = f"python -m benchmarks.gpu {' '.join(sys.argv[1:])}".rstrip()
    return f"{time.strftime('%d %B %Y').lstrip('0')}: {', '.join(parts)}.\n\n    {command}\n"


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown, under a heading."""
    lines = [head, ["---"] * len(head), *rows]
    return f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def measured(subjects: Sequence[Subject], wanted: Sequence[str]) -> Iterable[str]:
    """The tables; rows are printed as soon as they are there. The first model's timeline becomes a picture."""
    pictures = Pictures()
    rows: dict[str, list[Sequence[str]]] = {name: [] for name in wanted}
    for number, subject in enumerate(subjects):
        with ExitStack() as stack:
            bench = Bench(subject, pictures, stack)
            for name in wanted:
                if number == 0 or name not in FIRST_ONLY:
                    for row in getattr(bench, name)():
                        print(name, *row, sep=" | ", flush=True)
                        rows[name].append(row)
            if number == 0:
                (DOCS / "images/double-buffer.svg").write_text(bench.timeline())
    return [table(TABLES[name][0], MODEL + TABLES[name][1], rows[name]) for name in wanted]


def held(decodes: Sequence[str], counts: Sequence[int], seconds: float) -> str:
    """The table of paced streams."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        clip = streams.write_street(Path(name), seconds)
        for decode in decodes:
            for count, found in streams.holds(clip, decode, counts, seconds, {"max_batch": 16}):
                rows.append(streams.line(count, decode, found))
                print("streams", *rows[-1], sep=" | ", flush=True)
    return table("1080p30 streams of one process", STREAMS, rows)


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--yolox", type=Path, help="YOLOX-Nano, which is not part of the project")
    parser.add_argument("--decode", nargs="*", default=["cpu", "nvdec"], help="how the streams are decoded")
    parser.add_argument("--streams", nargs="+", type=int, default=[4, 8, 12, 16, 24, 32, 48, 64])
    parser.add_argument("--seconds", type=float, default=10, help="how long each number of streams is measured")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subjects = [Subject.read("traffic", "{name: traffic}", *variant) for variant in VARIANTS]
        for batch, half in VARIANTS if given.yolox else []:
            path = of_batch(given.yolox, batch, Path(folder, f"yolox_nano_{batch}.onnx"))
            subjects.append(Subject.read("yolox_nano", f"{{onnx: {path}, labels: coco}}", batch, half))
        parts = [machine(), *measured(subjects, given.only)]
    if given.decode:
        parts.append(held(given.decode, given.streams, given.seconds))
    path = DOCS / "gpu.md"
    path.write_text(path.read_text().split(HEADING)[0] + HEADING + "\n" + "\n".join(parts))


if __name__ == "__main__":
    main()
