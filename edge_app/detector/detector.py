"""The detector, resolved: which file in which precision, what it takes, how its outputs are read, what computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from edge_app import model
from edge_app.core.errors import ConfigError, InputError
from edge_app.detector.backend import Backend
from edge_app.detector.qualification import Int8Qualification
from edge_app.detector.variant import Overrides, Variant, read_variant
from edge_app.postprocess import CellDecoder, CellLayout, OutputDecoder, Postprocess


@dataclass(frozen=True, slots=True)
class Detector:
    """Everything that is known of a model before anything computes it.

    Attributes:
        name: Of its card or file.
        sha256: Of the model, in hexadecimal.
        precision: What it is computed in.
        signature: Its inputs and outputs.
        input: Its preprocessing.
        decoder: Reads its outputs.
        labels: A name for each class that it may find.
        thresholds: Where it is operated: as configured, else as its card says.
        postprocess: Raw outputs of a batch to its pictures' detections, at these thresholds.
        backend: What computes it.
        qualification: That it answers its golden inputs well; None if it is floating-point, or taken without a report.
        precision_because: Why it is computed in that precision, in words; empty where there is nothing to choose.
        int8: The same model in INT8, which runs instead if that proves better on this machine.
        fallback: Reads the model for ONNX Runtime, which runs it if TensorRT cannot and was not asked for by name.
    """

    name: str
    sha256: str
    precision: model.Precision
    signature: model.ModelSignature
    input: model.InputSpec
    decoder: OutputDecoder
    labels: tuple[str, ...]
    thresholds: model.Thresholds
    postprocess: Postprocess
    backend: Backend
    qualification: Int8Qualification | None = None
    precision_because: str = ""
    int8: Detector | None = None
    fallback: Callable[[], Detector] | None = None

    @property
    def constants(self) -> Mapping[str, NDArray[Any]]:
        """What its inputs besides the picture are fed, by name: one picture's row, shape (1, …)."""
        return self.decoder.constants

    @property
    def layout(self) -> CellLayout | None:
        """Of its outputs' cells, if it is of a family that has some."""
        return self.decoder.layout if isinstance(self.decoder, CellDecoder) else None

    @property
    def classes(self) -> int | None:
        """How many it tells apart, or None if only its detections show them."""
        return self.decoder.classes

    @property
    def identity(self) -> tuple[str, ...]:
        """Everything that its answers depend on; measurements of a detector with another identity do not apply."""
        return self.sha256, self.input.model_dump_json(), self.decoder.family, self.thresholds.model_dump_json()

    def operated_as(self, other: Detector) -> Detector:
        """The same at the thresholds and for the classes of the other, which was read of the same model."""
        return replace(self, thresholds=other.thresholds, postprocess=other.postprocess.reading(self.decoder))

    def postprocess_from(self, confidence: float) -> Postprocess:
        """The postprocessing of all classes from that score on."""
        return Postprocess(self.decoder, confidence=confidence, nms_iou=self.thresholds.nms_iou)


def resolve(found: model.Model, precision: model.Precision, backend: Backend, overrides: Overrides) -> Detector:
    """The model in that precision on that backend.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout are unusable, or no report qualifies
            its INT8; the text names the file.
    """
    return detector_of(found, read_variant(found, precision, backend, overrides), overrides)


def detector_of(found: model.Model, variant: Variant, overrides: Overrides) -> Detector:
    """The model in that precision, with labels and thresholds; raises as `resolve`."""
    decoder, detect, blame = variant.decoder, overrides.detect, overrides.blame
    with blame("model", "labels", of=(ConfigError, InputError)):
        labels = labels_of(found, variant.signature, decoder)
    names = labels.names if decoder.classes else labels.of_all_classes
    with blame("detect", "labels"):
        class_ids = None if detect.labels is None else [label_id(names, name) for name in detect.labels]
    given = detect.model_dump(include={"confidence", "nms_iou"}, exclude_none=True)
    thresholds = found.card.thresholds.model_copy(update=given)
    return Detector(
        name=variant.name,
        sha256=variant.sha256,
        precision=variant.precision,
        signature=variant.signature,
        input=found.card.input or decoder.preprocessing,
        decoder=decoder,
        labels=names,
        thresholds=thresholds,
        postprocess=Postprocess(
            decoder, confidence=thresholds.confidence, nms_iou=thresholds.nms_iou, class_ids=class_ids
        ),
        backend=variant.backend,
        qualification=variant.qualification,
    )


def labels_of(found: model.Model, signature: model.ModelSignature, decoder: OutputDecoder) -> model.Labels:
    """The names of the model's classes, and where they come from; raises as `find_labels`."""
    companion = signature.companion
    return model.find_labels(
        decoder.classes,
        found.labels,
        found.card.labels,
        signature.metadata,
        from_one=decoder.from_one,
        beside=model.Labels(companion.labels, companion.labels_file),
    )


def label_id(labels: Sequence[str], name: str) -> int:
    """The class of that name; raises ConfigError that lists the first of the model's."""
    if name not in labels:
        raise ConfigError(f"the model has no {name}; it has {', '.join(labels[:12])}")
    return labels.index(name)
