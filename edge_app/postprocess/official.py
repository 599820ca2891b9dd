"""The families' official preprocessing, for models without a card.

A model that takes bytes has scale, mean and standard deviation inside.
"""

from __future__ import annotations

from edge_app.model import InputSpec, ModelSignature

Size = tuple[int, int]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def yolo(graph: ModelSignature, wh: Size) -> InputSpec:
    """RGB, 0 to 1, centred on grey."""
    return InputSpec(width=wh[0], height=wh[1], color="rgb", scale=_unit(graph), letterbox="centre", rounding="round")


def detr(graph: ModelSignature, wh: Size) -> InputSpec:
    """RGB, 0 to 1, stretched."""
    return InputSpec(width=wh[0], height=wh[1], color="rgb", scale=_unit(graph), letterbox="stretch")


def imagenet(graph: ModelSignature, wh: Size) -> InputSpec:
    """RGB, ImageNet's mean and standard deviation, stretched."""
    plain = detr(graph, wh)
    return plain if plain.scale == 1 else plain.model_copy(update={"mean": IMAGENET_MEAN, "std": IMAGENET_STD})


def stretched_bytes(wh: Size) -> InputSpec:
    """RGB, 0 to 255, stretched."""
    return InputSpec(width=wh[0], height=wh[1], color="rgb", letterbox="stretch")


def _unit(graph: ModelSignature) -> float:
    return 1.0 if graph.picture.dtype == "uint8" else 1 / 255
