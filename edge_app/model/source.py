"""Which of a model's files is computed in a precision that may have no file of its own, and whether it can be."""

from __future__ import annotations

from collections.abc import Callable

from onnx import ModelProto

from edge_app.core.errors import ConfigError, DataError
from edge_app.model.card import Precision
from edge_app.model.files import Model
from edge_app.model.onnx_file import read_onnx
from edge_app.model.signature import ModelSignature, read_signature

# Of the card's files, the best first; a bare ONNX file is the only one, and may be quantized.
MADE_FROM: dict[Precision, tuple[Precision, ...]] = {
    "fp32": ("fp32", "int8"),
    "fp16": ("fp16", "fp32", "int8"),
    "int8": ("int8", "fp32"),
}


def source_of(found: Model, precision: Precision) -> Precision:
    """The precision of the file that is computed in this one, as it is or cast."""
    return next((name for name in MADE_FROM[precision] if name in found.card.files), precision)


def read_source(
    found: Model, precision: Precision, refused: Callable[[ModelProto], str | None] | None = None
) -> ModelSignature:
    """The signature of the file that is computed in this precision, as it is or cast.

    Args:
        found: The model.
        precision: What it is to be computed in.
        refused: Says why the quantizers of a file are not taken by what computes it; None if they are.

    Raises:
        InputError: The file is missing.
        DataError: It is no whole model, or its quantizers are not taken, so that no report would help it.
        ConfigError: The model has no such precision; the text says what it has.
    """
    signature = read_signature(found.file(source_of(found, precision)), found.input_wh)
    if signature.quantized and refused is not None and (why := refused(read_onnx(signature.path))):
        raise DataError(f"{signature.path}: {why}")
    if signature.quantized and precision != "int8":
        raise ConfigError(f"{signature.path}: is quantized; its precision is int8")
    if precision == "int8" and not signature.quantized:
        raise ConfigError(f"{signature.path}: has no INT8; make it with edge-app calibrate")
    return signature
