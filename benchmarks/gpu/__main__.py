"""Measures the engine on a GPU and writes the figures into docs/gpu.md.

python -m benchmarks.gpu [--only rates stages …] [--yolox yolox_nano.onnx] [--decode cpu nvdec]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import av
import onnxruntime
import pycuda

from benchmarks.gpu import tables
from benchmarks.gpu.subject import Subject
from benchmarks.gpu.tables import Pictures, table
from edge_app.plans import this_machine

DOCS = Path(__file__).parents[2] / "docs"
HEADING = "## Measured\n"
TRAFFIC = [(8, False), (8, True), (1, False), (1, True)]  # batch, FP16


def machine() -> str:
    """What it is measured on."""
    m = this_machine()
    return (
        f"{tables.today()}: {m.gpu}, driver {m.driver}, CUDA {m.cuda}, {len(os.sched_getaffinity(0))} CPU cores, Python "
        f"{platform.python_version()}, ONNX Runtime {onnxruntime.__version__}, PyCUDA {pycuda.VERSION_TEXT}, PyAV {av.__version__}\n"
    )


def rates(subjects: Sequence[Subject], pictures: Pictures, given: Namespace) -> str:
    rows = [tables.rates(subject, pictures) for subject in subjects]
    return f"### Frames/s\n\n{table(tables.RATES, rows)}"


def stages(subjects: Sequence[Subject], pictures: Pictures, given: Namespace) -> str:
    rows = [[s.precision, *row] for s in subjects[:2] for row in tables.stages(s, pictures)]
    return f"### A batch of eight, microseconds\n\n{table(('traffic', *tables.STAGES), rows)}"


def counts(subjects: Sequence[Subject], pictures: Pictures, given: Namespace) -> str:
    return f"### What a batch of eight asks of the driver\n\n{table(tables.COUNTS, list(tables.counts(subjects[0], pictures)))}"


def slots(subjects: Sequence[Subject], pictures: Pictures, given: Namespace) -> str:
    rows = [tables.doubled(subject, pictures) for subject in subjects]
    return f"### The double buffer\n\n{table(tables.SLOTS, rows)}"


def timeline(subjects: Sequence[Subject], pictures: Pictures, given: Namespace) -> str:
    (DOCS / "images/double-buffer.svg").write_text(tables.timeline(subjects[0], pictures))
    return "![The double buffer at work](images/double-buffer.svg)\n"


def memory(subjects: Sequence[Subject], pictures: Pictures, given: Namespace) -> str:
    return f"### Memory\n\n{table(tables.MEMORY, list(tables.memory(subjects[0], pictures)))}"


def paced(subjects: Sequence[Subject], pictures: Pictures, given: Namespace) -> str:
    with tempfile.TemporaryDirectory() as name:
        rows = [
            row for decode in given.decode for row in tables.paced(Path(name), decode, given.streams, given.seconds)
        ]
    return f"### 1080p30 streams of one process\n\n{table(tables.STREAMS, rows)}"


SECTIONS = {f.__name__: f for f in (rates, stages, counts, slots, timeline, memory, paced)}


def main() -> None:
    """Prints every table as soon as it is measured, then writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(SECTIONS), choices=list(SECTIONS))
    parser.add_argument("--yolox", type=Path, help="YOLOX-Nano, which is not part of the project")
    parser.add_argument("--decode", nargs="+", default=["cpu", "nvdec"], help="how the streams are decoded")
    parser.add_argument("--streams", nargs="+", type=int, default=[4, 8, 12, 16, 24, 32, 48, 64])
    parser.add_argument("--seconds", type=float, default=10, help="how long each number of streams is measured")
    given = parser.parse_args()
    subjects = [Subject.read("traffic", "{name: traffic}", batch, half) for batch, half in TRAFFIC]
    if given.yolox:
        model = f"{{onnx: {given.yolox.resolve()}, labels: coco}}"
        subjects += [Subject.read("yolox_nano", model, 1, half) for half in (False, True)]
    pictures, parts = Pictures(), [machine(), f"    python -m benchmarks.gpu {' '.join(sys.argv[1:])}".rstrip() + "\n"]
    for name in given.only:
        parts.append(SECTIONS[name](subjects, pictures, given))
        print(parts[-1], flush=True)
    path = DOCS / "gpu.md"
    path.write_text(path.read_text().split(HEADING)[0] + HEADING + "\n" + "\n".join(parts))


if __name__ == "__main__":
    main()
