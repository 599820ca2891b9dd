"""`FILE.golden.npz`: held-out model inputs with FP32's detections, which INT8 must find again where it runs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_app.core import files
from edge_app.core.detections import Detections
from edge_app.core.errors import DataError, on_one_line
from edge_app.core.frames import Picture
from edge_app.engine.slot import Engine
from edge_app.model import Thresholds
from edge_app.model.agreement import LEAST_SCORE, Agreement, agreement
from edge_app.postprocess import OutputDecoder, Postprocess

PICTURES = 32  # so many, if the holdout has them


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """What an engine is asked, and FP32's answers.

    Attributes:
        pictures: Letterboxed to the model's input size, BGR, uint8 (n, height, width, 3).
        detections: FP32's of each picture [input px], from score `agreement.LEAST_SCORE`.
    """

    pictures: NDArray[np.uint8]
    detections: Sequence[Detections]


def golden_path(onnx: Path) -> Path:
    """Where the golden inputs of that model are.

    >>> golden_path(Path("models/street.int8.onnx")).name
    'street.int8.golden.npz'
    """
    return onnx.with_suffix(".golden.npz")


def write_golden(golden: Golden, path: Path) -> None:
    """Puts it at `path`, whole or not at all; raises OSError where the operating system refuses."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        pictures=golden.pictures,
        counts=np.array([len(found) for found in golden.detections], np.int64),
        xyxy=np.concatenate([found.xyxy for found in golden.detections]),
        score=np.concatenate([found.score for found in golden.detections]),
        class_id=np.concatenate([found.class_id for found in golden.detections]),
    )
    files.write(path, buffer.getvalue())


def read_golden(path: Path) -> Golden:
    """The golden inputs at `path`; raises DataError that names the file."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            ends = np.cumsum(arrays["counts"])[:-1]
            parts = zip(*(np.split(arrays[name], ends) for name in ("xyxy", "score", "class_id")), strict=True)
            return Golden(arrays["pictures"], [Detections(*part) for part in parts])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not golden inputs ({on_one_line(error)})") from error


def answers(engine: Engine, pictures: NDArray[np.uint8], postprocess: Postprocess) -> list[Detections]:
    """What the engine finds in pictures of its own input size [input px], through the slots as `run` uses them."""
    slot, found = engine.slots[0], list[Detections]()
    for start in range(0, len(pictures), engine.max_batch):
        batch = [Picture.from_bgr(picture) for picture in pictures[start : start + engine.max_batch]]
        slot.submit(batch)
        outputs = slot.wait()
        sizes_wh = [(picture.width, picture.height) for picture in batch]
        found += [each.detections for each in postprocess(outputs.arrays, outputs.letterboxes, sizes_wh)]
    return found


def compare(engine: Engine, golden: Golden, decoder: OutputDecoder, thresholds: Thresholds) -> Agreement:
    """How well the engine's answers agree with FP32's.

    Args:
        engine: Loaded, in the form that will run.
        golden: What it is asked.
        decoder: Of the model's family.
        thresholds: Where the model is operated, as its report says.

    Raises:
        EngineError: It cannot compute a batch.
    """
    postprocess = Postprocess(decoder, confidence=LEAST_SCORE, nms_iou=thresholds.nms_iou)
    return agreement(golden.detections, answers(engine, golden.pictures, postprocess), thresholds.confidence)


def shortfall(found: Agreement, least: float) -> str | None:
    """Which figures are below `least`, in words; None if none is.

    So few pictures may hold too few boxes for an average precision of any class; recall and precision judge then.
    """
    return (found if found.judged else replace(found, map50=1.0)).shortfall(least)
