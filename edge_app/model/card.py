"""The model card, `model.yaml`: what a model expects and what it returns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_app.config.issue import ConfigIssue
from edge_app.config.plain import plain_values
from edge_app.core.errors import InputError
from edge_app.core.frames import LetterboxMode, Rounding
from edge_app.model.not_onnx import instead

Triple = tuple[float, float, float]
Divisor = Annotated[float, Field(gt=0)]
FilePrecision = Literal["fp32", "fp16", "int8"]
Precision = Literal["fp32", "fp16", "int8", "server"]  # the last: whatever a model server has chosen
Fraction = Annotated[float, Field(ge=0, le=1)]


class CardSection(BaseModel):
    """A section of the card: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InputSpec(CardSection):
    """The preprocessing: a picture is letterboxed, then each channel becomes ``(pixel * scale - mean) / std``."""

    width: int = Field(ge=1)  # [px]
    height: int = Field(ge=1)  # [px]
    color: Literal["bgr", "rgb"]
    scale: float = 1.0
    mean: Triple = (0.0, 0.0, 0.0)  # in the order of `color`
    std: tuple[Divisor, Divisor, Divisor] = (1.0, 1.0, 1.0)
    letterbox: LetterboxMode = "centre"
    rounding: Rounding = "round"
    pad: int = Field(default=114, ge=0, le=255)


class DecoderSpec(CardSection):
    """The family of the output's layout; None if it is to be recognised."""

    family: str | None = None


class Thresholds(CardSection):
    """The thresholds that the model is meant to be used with."""

    confidence: Fraction = 0.35
    nms_iou: Fraction = 0.5


class Card(CardSection):
    """`model.yaml`; a bare ONNX file gets one with only its name and file."""

    name: str
    files: dict[FilePrecision, Path]  # relative to the card
    sha256: dict[FilePrecision, str] = {}
    licence: str = "unknown"
    source: str = "unknown"
    labels: tuple[str, ...] | None = None
    input: InputSpec | None = None
    decoder: DecoderSpec = DecoderSpec()
    thresholds: Thresholds = Thresholds()

    @property
    def input_wh(self) -> tuple[int, int] | None:
        """Width and height of the model's input [px], if the card gives them."""
        return None if self.input is None else (self.input.width, self.input.height)


def read_card(path: Path) -> Card:
    """The card at `path`; raises InputError that names the file and the key."""
    if not path.is_file():
        raise InputError(f"{path}: not a file")
    try:
        return Card.model_validate(plain_values(path))
    except ConfigIssue as issue:
        raise _wrong(path, f"{path}:{issue}") from issue
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise _wrong(path, f"{path}: {key}: {first['msg']}" if key else f"{path}: {first['msg']}") from error


def _wrong(path: Path, told: str) -> InputError:
    """What is said of a card that cannot be read: what it is instead, if that can be told, such as a pointer."""
    what = instead(path)
    return InputError(f"{path}: {what}" if what else told)
