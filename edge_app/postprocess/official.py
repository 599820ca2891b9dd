"""The families' official preprocessing, for models without a card.

A model that takes bytes contains scale, mean and standard deviation.
"""

from __future__ import annotations

from typing import Literal

from edge_app.model import InputSpec, ModelSignature

Size = tuple[int, int]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
BYTES_MEAN = (103.53, 116.28, 123.675)  # the same in bytes and BGR, rounded as OpenMMLab and NanoDet round it
BYTES_STD = (57.375, 57.12, 58.395)


def yolo(signature: ModelSignature, wh: Size) -> InputSpec:
    """RGB, 0 to 1, centred on grey."""
    return InputSpec(
        width=wh[0], height=wh[1], color="rgb", scale=_unit(signature), letterbox="centre", rounding="round"
    )


def yolox(wh: Size) -> InputSpec:
    """BGR, 0 to 255, in the top left corner."""
    return InputSpec(width=wh[0], height=wh[1], color="bgr", letterbox="top_left", rounding="floor")


def detr(signature: ModelSignature, wh: Size) -> InputSpec:
    """RGB, 0 to 1, stretched."""
    return InputSpec(width=wh[0], height=wh[1], color="rgb", scale=_unit(signature), letterbox="stretch")


def imagenet(signature: ModelSignature, wh: Size) -> InputSpec:
    """RGB, ImageNet's mean and standard deviation, stretched."""
    plain = detr(signature, wh)
    return plain if plain.scale == 1 else plain.model_copy(update={"mean": IMAGENET_MEAN, "std": IMAGENET_STD})


def stretched_bytes(wh: Size, color: Literal["bgr", "rgb"] = "rgb") -> InputSpec:
    """RGB or BGR, 0 to 255, stretched."""
    return InputSpec(width=wh[0], height=wh[1], color=color, letterbox="stretch")


def openmmlab(wh: Size) -> InputSpec:
    """BGR, 0 to 255, ImageNet's mean and standard deviation, in the top left corner."""
    return InputSpec(width=wh[0], height=wh[1], color="bgr", mean=BYTES_MEAN, std=BYTES_STD, letterbox="top_left")


def nanodet(wh: Size) -> InputSpec:
    """The same, stretched."""
    return openmmlab(wh).model_copy(update={"letterbox": "stretch"})


def nanodet_first(wh: Size) -> InputSpec:
    """The same, centred on black."""
    return openmmlab(wh).model_copy(update={"letterbox": "centre", "pad": 0})


def as_said(signature: ModelSignature, official: InputSpec) -> InputSpec:
    """The official preprocessing, except for what the exporter wrote beside the file."""
    return official.model_copy(update=dict(signature.companion.input)) if signature.picture.is_float else official


def _unit(signature: ModelSignature) -> float:
    return 1.0 if signature.picture.dtype == "uint8" else 1 / 255
