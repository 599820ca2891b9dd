"""What is known of a model, and what each part of that was taken or inferred from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge_app.core.errors import ConfigError, DataError, EdgeAppError, InputError, UsageError
from edge_app.detector.backend import Backend
from edge_app.detector.backends.choose import choose_backend
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.detector.detector import labels_of
from edge_app.detector.precision import choose_precision
from edge_app.detector.variant import Overrides, read_layout, read_variant
from edge_app.engine.config import EngineConfig
from edge_app.model import (
    FilePrecision,
    Model,
    ModelSignature,
    Precision,
    digest,
    find,
    read_any_signature,
    report_path,
)
from edge_app.model.companion import CONFIG, Companion
from edge_app.model.config import ModelConfig
from edge_app.postprocess import Network, OutputDecoder, recognise
from edge_app.postprocess.hints import uses_softmax

CARD = "the model card"
LOOKED_AT = OnnxRuntimeCpu("it is only looked at")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One of the card's files.

    Attributes:
        precision: Of the card.
        path: Where it is.
        bytes: Its length, without weights beside it; None if it is missing.
        sha256: Of what is there; None if it, or a file of its weights, is missing.
        verdict: Of `sha256` beside the card's: `as in the card`, `not the card's`, `the card gives none`, `missing` or
            `not whole`.
    """

    precision: Precision
    path: Path
    bytes: int | None
    sha256: str | None
    verdict: str


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value, and in words where it comes from."""

    value: Any
    origin: str


@dataclass
class Inspection:
    """Everything that could be found out before something went wrong.

    Attributes:
        model: The card and its folder.
        files: What the card lists.
        signatures: Of the files that could be read, by precision; `run` takes the layout of the one that it runs.
        known: `decoder`, `classes`, `preprocessing`, `labels`, `thresholds`, `int8` and `runs`, as far as known.
        backend: What reads it.
        decoder: Of its family, if that is known.
        error: What was wrong first; None if the model can be used.
    """

    model: Model
    files: list[ModelFile]
    backend: Backend
    signatures: dict[Precision, ModelSignature] = field(default_factory=dict)
    known: dict[str, KnownValue] = field(default_factory=dict)
    decoder: OutputDecoder | None = None
    error: EdgeAppError | None = None

    @property
    def signature(self) -> ModelSignature | None:
        """The first that could be read."""
        return next(iter(self.signatures.values()), None)


def inspect(model: Model, backend: Backend = LOOKED_AT) -> Inspection:
    """Takes the steps of `resolve` one after the other, and keeps what each of them found.

    Args:
        model: The model.
        backend: What reads it, if it has no files.
    """
    inspection = Inspection(model, [_file(model, precision) for precision in model.card.files], backend)
    for look in (_read, _decode, _name, _verify):
        try:
            look(model, inspection)
        except EdgeAppError as error:
            inspection.error = inspection.error or error
    inspection.known |= {name: value for name, value in _of_the_card(model).items() if name not in inspection.known}
    return inspection


def inspect_served(address: str) -> Inspection:
    """The same of a model on a server, such as grpc://localhost:8001/traffic; raises UsageError if it is no address."""
    url, _, name = address.rpartition("/")
    try:
        config = EngineConfig(backend="kserve", url=url, model=name)
    except ValidationError as error:
        raise UsageError(f"{address}: want grpc://HOST:PORT/NAME; {error.errors()[0]['msg']}") from None
    return inspect(find(ModelConfig(), Path(), Path(), name), choose_backend(config))


def _read(model: Model, inspection: Inspection) -> None:
    for precision in model.card.files:
        inspection.signatures[precision] = read_any_signature(model.file(precision))
    if not model.card.files:
        inspection.signatures["server"] = inspection.backend.read(model, "server")


def _decode(model: Model, inspection: Inspection) -> None:
    """What the layout tells, if the card does not say it."""
    if inspection.signature is None:
        return
    first = next(iter(inspection.signatures))
    signature, decoder = read_layout(model, first, inspection.backend, Overrides())
    inspection.signatures[first], inspection.decoder = signature, decoder
    network = inspection.backend.network(signature)
    shape = f"shape of {', '.join(map(str, signature.outputs))}"
    told = CARD if model.card.decoder.family else f"{shape}{_what_else(signature, decoder.family)}"
    inspection.known["decoder"] = KnownValue(decoder.family, told)
    same = _recognised(_without_metadata(signature), decoder.family, network)
    by_shape = same is None or same.classes == decoder.classes
    inspection.known["classes"] = KnownValue(decoder.classes, shape if by_shape else "metadata names")
    if model.card.input is None:
        official = signature.companion.input_file or f"official preprocessing of {decoder.family}"
        inspection.known["preprocessing"] = KnownValue(decoder.preprocessing.model_dump(mode="json"), official)


def _what_else(signature: ModelSignature, family: str) -> str:
    """What told the family besides the shape, in words that follow it."""
    beside = CONFIG if uses_softmax(signature) is not None else "the metadata"
    for words, known in ("", _without_metadata(signature)), (f", and {beside}", signature):
        guess = _recognised(known, None, None)
        if guess and guess.family == family:
            return words
    return ", and its answers to test pictures"


def _without_metadata(signature: ModelSignature) -> ModelSignature:
    return replace(signature, metadata={}, companion=Companion(), card_wh=signature.input_wh)


def _recognised(signature: ModelSignature, family: str | None, network: Network | None) -> OutputDecoder | None:
    try:
        return recognise(signature, family, network)
    except ConfigError:
        return None


def _name(model: Model, inspection: Inspection) -> None:
    signature, decoder = inspection.signature, inspection.decoder
    if signature is None or decoder is None:
        return
    labels = labels_of(model, signature, decoder)
    inspection.known["labels"] = KnownValue(list(labels.names), labels.origin)


def _verify(model: Model, inspection: Inspection) -> None:
    """Whether `run` takes INT8, and what it takes if the precision is `auto`."""
    quantized = next((precision for precision, each in inspection.signatures.items() if each.quantized), None)
    if quantized is not None and inspection.decoder is not None:
        report = report_path(inspection.signatures[quantized].path)
        inspection.known["int8"] = KnownValue(_agreement(model, quantized), report.name)
    if model.card.files:
        inspection.known["runs"] = KnownValue(_automatic(model), "engine.precision: auto")


def _agreement(model: Model, quantized: Precision) -> str:
    """What qualifies the quantized file, or why nothing does."""
    try:
        qualification = read_variant(model, quantized, LOOKED_AT, Overrides()).qualification
    except ConfigError as error:
        return f"refused: {error}"
    return f"mAP50 {qualification.report.agreement.map50:.3f} against FP32" if qualification else "not quantized"


def _automatic(model: Model) -> str:
    """What `auto` is on this machine, in words; `none` if `run` would refuse the model."""
    backend, forced = choose_backend(EngineConfig()), "`precision: int8` runs it"
    try:
        choice = choose_precision(model, "auto", backend, Overrides(), forced=forced)
    except EdgeAppError:
        return "none"
    floats = choice.chosen.precision
    return f"int8 where it is faster, else {floats}" if choice.int8 else floats


def _of_the_card(model: Model) -> dict[str, KnownValue]:
    """What the card says by itself."""
    card = model.card
    given = card.thresholds.model_fields_set
    origins = [f"{name}: {CARD if name in given else 'default'}" for name in type(card.thresholds).model_fields]
    known = {"thresholds": KnownValue(card.thresholds.model_dump(), ", ".join(origins))}
    if card.decoder.family:
        known["decoder"] = KnownValue(card.decoder.family, CARD)
    if card.input:
        known["preprocessing"] = KnownValue(card.input.model_dump(mode="json"), CARD)
    if card.labels:
        known["labels"] = KnownValue(list(card.labels), CARD)
    return known


def _file(model: Model, precision: FilePrecision) -> ModelFile:
    path = model.folder / model.card.files[precision]
    if not path.is_file():
        return ModelFile(precision, path, None, None, "missing")
    size, wanted = path.stat().st_size, model.card.sha256.get(precision)
    try:
        found = digest(path)
    except (InputError, DataError):
        return ModelFile(precision, path, size, None, "not whole")
    verdict = "as in the card" if found == wanted else "not the card's" if wanted else "the card gives none"
    return ModelFile(precision, path, size, found, verdict)
