"""The model that is to be calibrated, and how it is fed and read, as `run` would find it out too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge_app import model
from edge_app.core.errors import DataError
from edge_app.model.agreement import LEAST_SCORE
from edge_app.postprocess import Postprocess, recognise


@dataclass(frozen=True, slots=True)
class Subject:
    """A model in FP32.

    Attributes:
        name: Of its card or file.
        path: Its file.
        sha256: Of its file.
        batch: Its fixed batch, or None if it may vary.
        input: Its preprocessing.
        constants: What its inputs besides the picture are fed, by name: one picture's row, shape (1, …).
        family: Of its decoder.
        classes: How many it tells apart, or None if that is not known.
        labels: A name for each class that it may find.
        thresholds: Where it is operated.
        postprocess: Raw outputs of one picture to detections, down to the least score that agreement looks at.
    """

    name: str
    path: Path
    sha256: str
    batch: int | None
    input: model.InputSpec
    constants: Mapping[str, NDArray[Any]]
    family: str
    classes: int | None
    labels: tuple[str, ...]
    thresholds: model.Thresholds
    postprocess: Postprocess

    @property
    def identity(self) -> tuple[str, ...]:
        """All that its answers depend on: measurements with another identity are of no use."""
        return self.sha256, self.input.model_dump_json(), self.family, self.thresholds.model_dump_json()


def read_subject(found: model.Model) -> Subject:
    """Reads the model's FP32 file.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout are not usable; the text names the file.
    """
    card = found.card
    graph = model.read_signature(found.file("fp32"), card.input_wh)
    if graph.quantized:
        raise DataError(f"{graph.path}: it holds quantizers already; calibrate the FP32 model that it was made from")
    decoder = recognise(graph, card.decoder.family)
    named = model.find_labels(decoder.classes, found.labels, card.labels, graph.metadata, from_one=decoder.from_one)
    return Subject(
        name=card.name,
        path=graph.path,
        sha256=model.sha256(graph.path),
        batch=graph.batch,
        input=card.input or decoder.preprocessing,
        constants=decoder.constants,
        family=decoder.family,
        classes=decoder.classes,
        labels=named.names if decoder.classes else named.of_all_classes,
        thresholds=card.thresholds,
        postprocess=Postprocess(decoder, confidence=LEAST_SCORE, nms_iou=card.thresholds.nms_iou),
    )
