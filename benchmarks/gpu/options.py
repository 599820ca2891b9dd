"""What options of ONNX Runtime's CUDA provider bring: the network alone with each, and how far its answers move.

python -m benchmarks.gpu.options [--yolox yolox_nano.onnx] [--rounds 3] [--seconds 0.1]

Batches of eight. "Moved" is how far the answers for eight pictures of the street are from those that ONNX Runtime gives
on the CPU in FP32: of all scores, and of the corners of what is detected [px of the source], whose number is told too.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from benchmarks.gpu.looping_inbox import street_bgr
from benchmarks.gpu.selection import BATCH, variants
from benchmarks.gpu.variant import ModelVariant
from edge_app.core.detections import Detections
from edge_app.core.frames import Letterbox, Picture
from edge_app.engine.ort.cuda_session import run_options
from edge_app.postprocess import RawOutputs
from edge_app.postprocess.selection import BOX
from edge_app.preprocess import Letterboxer

WAYS: Mapping[bool, Mapping[str, Mapping[str, str]]] = {  # of FP32 and of FP16
    False: {
        "as it is": {},
        "use_tf32": {"use_tf32": "1"},
        "prefer_nhwc": {"prefer_nhwc": "1"},
        "both": {"use_tf32": "1", "prefer_nhwc": "1"},
    },
    True: {"as it is": {}, "without prefer_nhwc": {"prefer_nhwc": "0"}},
}


def fill(variant: ModelVariant, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], tuple[Letterbox, ...]]:
    """The network's input of the pictures, and where each lies in it."""
    spec = variant.detector.input
    pixels = np.zeros((len(pictures), 3, spec.height, spec.width), np.float32)
    return pixels, tuple(Letterboxer(spec, row).fill(each) for row, each in zip(pixels, pictures, strict=True))


class Expected:
    """What the CPU answers for the pictures, and how far another answer is from it."""

    def __init__(self, variant: ModelVariant, pictures: Sequence[Picture]) -> None:
        """Computes it."""
        self.detector = variant.detector
        self.pixels, self.letterboxes = fill(variant, pictures)
        self.sizes = [(picture.width, picture.height) for picture in pictures]
        session = onnxruntime.InferenceSession(self.detector.signature.path, providers=["CPUExecutionProvider"])
        self.answer = session.run(None, {self.detector.signature.picture.name: self.pixels})
        self.found = self.detected(self.answer)

    def detected(self, answer: RawOutputs) -> list[Detections]:
        """Of each picture."""
        return [each.detections for each in self.detector.postprocess(answer, self.letterboxes, self.sizes)]

    def moved(self, session: Any) -> str:
        """In words."""
        answer = session.run(None, {self.detector.signature.picture.name: self.pixels}, run_options(waits=True))
        layout = self.detector.layout
        assert layout is not None
        scores, wanted = (
            (whole[layout.output].transpose(0, 2, 1) if layout.columns else whole[layout.output])[..., BOX:]
            for whole in (answer, self.answer)
        )
        found = self.detected(answer)
        text = (
            f"scores {np.abs(scores - wanted).max():.5f}, {sum(map(len, self.found))} -> {sum(map(len, found))} found"
        )
        corners = [distance(one, other) for one, other in zip(found, self.found, strict=True)]
        return f"{text}, corners {max(corners):.3f} px"


def distance(found: Detections, wanted: Detections) -> float:
    """How far the corners of what is wanted are from the nearest of its class that is found, at most [px]."""
    apart = np.abs(found.xyxy[:, None] - wanted.xyxy).max(axis=2)
    apart[found.class_id[:, None] != wanted.class_id] = np.inf
    return float(apart.min(axis=0, initial=np.inf).max(initial=0.0))


def measure(variant: ModelVariant, pictures: Sequence[Picture], rounds: int, seconds: float) -> None:
    """Prints a line for each way, after all rounds."""
    expected = Expected(variant, pictures)
    with ExitStack() as stack:
        loaded, told = {}, {}
        for way, given in WAYS[variant.half].items():
            began = time.perf_counter()
            loaded[way] = stack.enter_context(variant.executors(2, {**variant.options, **given}))
            told[way] = f"loaded in {time.perf_counter() - began:.1f} s, {expected.moved(loaded[way][0].session)}"
        each: dict[str, list[list[float]]] = {way: [[], []] for way in loaded}
        for _ in range(rounds):
            for way, executors in loaded.items():
                for lanes in (1, 2):
                    each[way][lanes - 1].append(variant.fps_of(executors[:lanes], seconds))
        for way, (alone, two) in each.items():
            rates = "; ".join(f"{min(fps):,.0f} {median(fps):,.0f} {max(fps):,.0f}" for fps in (alone, two))
            print(f"{variant.name} {variant.precision} | {way} | {rates} | {told[way]}", flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yolox", type=Path, help="YOLOX-Nano, which is not part of the project")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each of a rate's five parts")
    args = parser.parse_args()
    pictures = list(street_bgr(BATCH))
    with tempfile.TemporaryDirectory() as name:
        for variant in variants(Path(name), args.yolox):
            measure(variant, pictures, args.rounds, args.seconds)


if __name__ == "__main__":
    main()
