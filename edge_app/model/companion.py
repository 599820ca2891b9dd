"""What an exporter wrote beside the ONNX file: Hugging Face's and PaddleDetection's configurations.

Optimum and `save_pretrained` put `config.json` and `preprocessor_config.json` into the model's folder; repositories of
converted models keep the ONNX file in a folder `onnx` below them. PaddleDetection's `export_model.py` writes
`infer_cfg.yml` beside the model that Paddle2ONNX converts.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_app.config.issue import ConfigIssue
from edge_app.config.plain import plain_values
from edge_app.core.errors import DataError
from edge_app.model.not_onnx import instead

CONFIG, PROCESSOR = "config.json", "preprocessor_config.json"
INFER_CONFIG = "infer_cfg.yml"
HUGGING_FACE = frozenset(("logits", "pred_boxes"))  # outputs of its detectors
PADDLE = "scale_factor"  # an input of its detectors
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}  # what `transformers` assumes
UNCHANGED = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}

Side = Annotated[int, Field(ge=1, le=16384)]
Mean = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Companion:
    """What the files beside a model say about it; empty by default.

    Attributes:
        kind: Its type or else its class in `transformers`, such as `rt_detr` or `YolosForObjectDetection`.
        labels, labels_file: The names of its classes, and the file that has them.
        input, input_file: What preprocessing is said to be, by the names of `InputSpec` (`scale`, `mean`, `std`), and
            the file that says so.
        wh: Width and height of the picture [px].
    """

    kind: str = ""
    labels: tuple[str, ...] = ()
    labels_file: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)
    input_file: str = ""
    wh: tuple[int, int] | None = None


class _Document(BaseModel):
    """A document of which we know some keys."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Config(_Document):
    model_type: str | None = None
    architectures: tuple[str, ...] | None = None
    id2label: dict[Annotated[int, Field(ge=0, lt=10_000)], str] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The names by number; a missing number becomes `class_<i>`."""
        names = self.id2label or {}
        return tuple(names.get(i, f"class_{i}") for i in range(max(names, default=-1) + 1))


class _Size(_Document):
    """The resized picture; where only its edges are bounded, its sides are not known."""

    height: Side | None = None
    width: Side | None = None


class _Processor(_Document):
    do_rescale: bool | None = None
    rescale_factor: Positive | None = None
    do_normalize: bool | None = None
    image_mean: Mean | None = None
    image_std: tuple[Positive, Positive, Positive] | None = None
    size: _Size | int | None = None

    @property
    def input(self) -> dict[str, Any]:
        """As `Companion.input`; what is not said is left to the family."""
        said: dict[str, Any] = {}
        if self.do_rescale is not None or self.rescale_factor is not None:
            said["scale"] = 1.0 if self.do_rescale is False else self.rescale_factor or 1 / 255
        normalises = self.image_mean is not None if self.do_normalize is None else self.do_normalize
        if self.do_normalize is not None or normalises:
            given = {"mean": self.image_mean, "std": self.image_std}
            given = {key: value for key, value in given.items() if value is not None}
            said |= {**IMAGENET, **given} if normalises else UNCHANGED
        return said

    @property
    def wh(self) -> tuple[int, int] | None:
        """Width and height [px], if both are fixed."""
        size = self.size
        if not isinstance(size, _Size) or size.width is None or size.height is None:
            return None
        return size.width, size.height


class _Step(_Document):
    """A step of preprocessing; of `NormalizeImage` the rest counts."""

    type: str
    mean: Mean = UNCHANGED["mean"]
    std: tuple[Positive, Positive, Positive] = UNCHANGED["std"]
    is_scale: bool = True
    norm_type: str = "mean_std"


class _InferConfig(_Document):
    preprocess: tuple[_Step, ...] = Field(default=(), alias="Preprocess")
    label_list: tuple[str, ...] = ()

    @property
    def input(self) -> dict[str, Any]:
        """As `Companion.input`; where nothing normalises, the model takes bytes and does it itself."""
        if not self.preprocess:
            return {}
        step = next((step for step in self.preprocess if step.type == "NormalizeImage"), None)
        if step is None:
            return {"scale": 1.0, **UNCHANGED}
        said = {"mean": step.mean, "std": step.std} if step.norm_type == "mean_std" else UNCHANGED
        return {"scale": 1 / 255 if step.is_scale else 1.0, **said}


D = TypeVar("D", bound=_Document)


def read_companion(path: Path, inputs: Set[str], outputs: Set[str]) -> Companion:
    """What is said beside the ONNX file of a model whose inputs and outputs have these names.

    Raises:
        DataError: A file beside it is not what its name says; the text names file and key.
    """
    if outputs >= HUGGING_FACE:
        return _hugging_face(_read(path, CONFIG, _Config), _read(path, PROCESSOR, _Processor))
    if PADDLE in inputs:
        return _paddle(_read(path, INFER_CONFIG, _InferConfig))
    return Companion()


def _hugging_face(config: _Config, processor: _Processor) -> Companion:
    return Companion(
        kind=config.model_type or next(iter(config.architectures or ()), ""),
        labels=config.labels,
        labels_file=CONFIG if config.labels else "",
        input=processor.input,
        input_file=PROCESSOR if processor.input else "",
        wh=processor.wh,
    )


def _paddle(config: _InferConfig) -> Companion:
    return Companion(
        labels=config.label_list,
        labels_file=INFER_CONFIG if config.label_list else "",
        input=config.input,
        input_file=INFER_CONFIG if config.input else "",
    )


def _read(onnx: Path, name: str, document: type[D]) -> D:
    """The document in the model's folder, or above it if that is called `onnx`; an empty one if there is none."""
    folders = [onnx.parent, onnx.parent.parent] if onnx.parent.name == "onnx" else [onnx.parent]
    path = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if path is None:
        return document()
    try:
        if path.suffix == ".json":
            return document.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
        return document.model_validate(plain_values(path))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except ConfigIssue as issue:
        raise _wrong(path, f"{path}:{issue}") from issue
    except ValidationError as error:
        first = error.errors()[0]
        key = "".join(f"{part}: " for part in first["loc"])
        raise _wrong(path, f"{path}: {key}{first['msg']}") from error


def _wrong(path: Path, told: str) -> DataError:
    """What is said of a document that cannot be read: what it is instead, if that can be told, such as a pointer."""
    what = instead(path)
    return DataError(f"{path}: {what}" if what else told)
