"""The detector, resolved: which file in which precision, what it takes, how its outputs are read, what computes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from edge_app import model
from edge_app.config import Blame
from edge_app.core.errors import ConfigError, InputError
from edge_app.detector.ask import network_of
from edge_app.detector.backend import Backend
from edge_app.detector.config import DetectConfig
from edge_app.detector.qualification import Int8Qualification, verify
from edge_app.postprocess import Decoder, Postprocess, recognise, takes_one_picture

logger = logging.getLogger(__name__)


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
        postprocess: Raw outputs of one picture to its detections, at these thresholds.
        backend: What computes it.
        qualification: That it answers its golden inputs well; None if it is floating-point, or taken without a report.
        int8: The same model in INT8, which runs instead if that proves better on this machine.
        fallback: Reads the model for ONNX Runtime, which runs it if TensorRT cannot and was not asked for by name.
    """

    name: str
    sha256: str
    precision: model.Precision
    signature: model.ModelSignature
    input: model.InputSpec
    decoder: Decoder
    labels: tuple[str, ...]
    thresholds: model.Thresholds
    postprocess: Postprocess
    backend: Backend
    qualification: Int8Qualification | None = None
    int8: Detector | None = None
    fallback: Callable[[], Detector] | None = None

    @property
    def constants(self) -> Mapping[str, NDArray[Any]]:
        """What its inputs besides the picture are fed, by name: one picture's row, shape (1, …)."""
        return self.decoder.constants

    @property
    def classes(self) -> int | None:
        """How many it tells apart, or None if only its detections show them."""
        return self.decoder.classes

    @property
    def identity(self) -> tuple[str, ...]:
        """Everything that its answers depend on; measurements of a detector with another identity do not apply."""
        return self.sha256, self.input.model_dump_json(), self.decoder.family, self.thresholds.model_dump_json()

    def postprocess_from(self, confidence: float) -> Postprocess:
        """The postprocessing of all classes from that score on."""
        return Postprocess(self.decoder, confidence=confidence, nms_iou=self.thresholds.nms_iou)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the configuration says of a model against its card; by default nothing.

    Attributes:
        detect: Which detections count.
        family: Of the decoder.
        accept_unverified: SHA-256 of an INT8 file that is taken without a report.
        blame: Puts the place of a key before an error that only its use could find.
    """

    detect: DetectConfig = field(default_factory=DetectConfig)
    family: str | None = None
    accept_unverified: str | None = None
    blame: Blame = lambda *keys, of=(): nullcontext()


def resolve(found: model.Model, precision: model.Precision, backend: Backend, overrides: Overrides) -> Detector:
    """The model in that precision on that backend.

    Raises:
        InputError, DataError, ConfigError: The model, its labels or its layout are unusable, or no report qualifies
            its INT8; the text names the file.
    """
    card, detect, blame = found.card, overrides.detect, overrides.blame
    with blame("engine", "precision"):
        signature = backend.read(found, precision)
    with blame("model", "decoder"):
        decoder = recognise(signature, overrides.family or card.decoder.family, network_of(signature))
    with blame("model", "size"):
        check_size(found, signature)
    if takes_one_picture(decoder):
        signature = signature.of_one_picture()
    sha256 = backend.digest(signature)
    with blame("model"):
        qualification = _qualification(found, signature, sha256, decoder, overrides) if signature.quantized else None
    with blame("model", "labels", of=(ConfigError, InputError)):
        labels = read_labels(found, signature, decoder)
    names = labels.names if decoder.classes else labels.of_all_classes
    with blame("detect", "labels"):
        class_ids = None if detect.labels is None else [label_id(names, name) for name in detect.labels]
    given = detect.model_dump(include={"confidence", "nms_iou"}, exclude_none=True)
    thresholds = card.thresholds.model_copy(update=given)
    return Detector(
        name=card.name,
        sha256=sha256,
        precision=precision,
        signature=signature,
        input=card.input or decoder.preprocessing,
        decoder=decoder,
        labels=names,
        thresholds=thresholds,
        postprocess=Postprocess(
            decoder, confidence=thresholds.confidence, nms_iou=thresholds.nms_iou, class_ids=class_ids
        ),
        backend=backend,
        qualification=qualification,
    )


def read_labels(found: model.Model, signature: model.ModelSignature, decoder: Decoder) -> model.Labels:
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


def check_size(found: model.Model, signature: model.ModelSignature) -> None:
    """Raises ConfigError if the configuration gives another size than the file has."""
    if found.wh not in (None, signature.input_wh):
        raise ConfigError(f"{signature.source}: its input {signature.picture} takes no other size")


def _qualification(
    found: model.Model, signature: model.ModelSignature, sha256: str, decoder: Decoder, overrides: Overrides
) -> Int8Qualification | None:
    """What qualifies the quantized file; None if the user takes it without, by its sha256."""
    if overrides.accept_unverified is None:
        return verify(found, signature.path, sha256, decoder)
    if overrides.accept_unverified != sha256:
        raise ConfigError(f"accept_unverified is of another file; {signature.path} has the sha256 {sha256}")
    logger.warning("%s: its accuracy is unknown, as accept_unverified says", signature.path)
    return None


def label_id(labels: Sequence[str], name: str) -> int:
    """The class of that name; raises ConfigError that lists the first of the model's."""
    if name not in labels:
        raise ConfigError(f"the model has no {name}; it has {', '.join(labels[:12])}")
    return labels.index(name)
