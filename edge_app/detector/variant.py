"""A model in one precision on one backend: what it is fed, how its answer is read, and whether its INT8 may run."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import dataclass, field

from edge_app import model
from edge_app.config import Blame
from edge_app.core.errors import ConfigError
from edge_app.detector.backend import Backend
from edge_app.detector.config import DetectConfig
from edge_app.detector.qualification import Int8Qualification, verify
from edge_app.postprocess import OutputDecoder, checked_wh, recognise, takes_one_picture

logger = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class Variant:
    """A model in one precision; a `Detector` knows its labels and thresholds too.

    Attributes:
        name: Of its card or file.
        sha256: Of the model, in hexadecimal.
        precision: What it is computed in.
        backend: What computes it.
        signature: Its inputs and outputs.
        decoder: Reads its outputs.
        qualification: That it answers its golden inputs well; None if it is floating-point, or taken without a report.
    """

    name: str
    sha256: str
    precision: model.Precision
    backend: Backend
    signature: model.ModelSignature
    decoder: OutputDecoder
    qualification: Int8Qualification | None


def read_variant(found: model.Model, precision: model.Precision, backend: Backend, overrides: Overrides) -> Variant:
    """The model in that precision on that backend.

    Raises:
        InputError, DataError, ConfigError: The model or its layout is unusable, or no report qualifies its INT8; the
            text names the file.
    """
    signature, decoder = read_layout(found, precision, backend, overrides)
    if takes_one_picture(decoder):
        signature = signature.of_one_picture()
    sha256 = backend.digest(signature)
    with overrides.blame("model"):
        qualification = _qualification(found, signature, sha256, decoder, overrides) if signature.quantized else None
    return Variant(found.card.name, sha256, precision, backend, signature, decoder, qualification)


def read_layout(
    found: model.Model, precision: model.Precision, backend: Backend, overrides: Overrides
) -> tuple[model.ModelSignature, OutputDecoder]:
    """What the file of that precision takes and answers, and what reads that; raises as `read_variant`."""
    blame = overrides.blame
    with blame("engine", "precision"):
        signature = backend.read(found, precision)
    with blame("model"):
        checked_wh(signature)
    with blame("model", "decoder"):
        decoder = recognise(signature, overrides.family or found.card.decoder.family, backend.network(signature))
    with blame("model", "size"):
        _check_size(found, signature)
    return signature, decoder


def _check_size(found: model.Model, signature: model.ModelSignature) -> None:
    """Raises ConfigError if the configuration gives another size than the file has."""
    if found.wh not in (None, signature.input_wh):
        raise ConfigError(f"{signature.source}: its input {signature.picture} takes no other size")


def _qualification(
    found: model.Model, signature: model.ModelSignature, sha256: str, decoder: OutputDecoder, overrides: Overrides
) -> Int8Qualification | None:
    """What qualifies the quantized file; None if the user takes it without, by its sha256."""
    if overrides.accept_unverified is None:
        return verify(found, signature.path, sha256, decoder)
    if overrides.accept_unverified != sha256:
        raise ConfigError(f"accept_unverified is of another file; {signature.path} has the sha256 {sha256}")
    logger.warning("%s: its accuracy is unknown, as accept_unverified says", signature.path)
    return None
