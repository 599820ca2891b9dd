"""Enlarging by whole factors as plain copies: ONNX Runtime's nearest Resize is slow where channels come last."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from edge_app.engine.ort.qdq_to_qlinear.workpiece import Workpiece

REPEATING = (  # coordinates and rounding by which pixel i of the result is pixel i // factor
    (b"asymmetric", b"floor"),
    (b"half_pixel", b"round_prefer_floor"),
    (b"half_pixel", b"round_prefer_ceil"),
)


def enlarged(work: Workpiece, node: NodeProto, data: str, output: str) -> str | None:
    """What the nearest Resize `node` makes of `data`, under the name `output`.

    None where it does more than to repeat pixels, or where the shapes are not known.
    """
    before, after = work.shapes.get(node.input[0]), work.shapes.get(node.output[0])
    if before is None or after is None or len(before) != 3 or not _repeats(node):
        return None
    (channels, height, width), (_, tall, wide) = before, after
    if after != (channels, height * (tall // height), width * (wide // width)):
        return None
    tensor = work.add("Transpose", [data], f"{output}_last", perm=[0, 2, 3, 1])
    tensor = _repeated(work, tensor, channels, wide // width, f"{output}_wide")
    tensor = _repeated(work, tensor, wide * channels, tall // height, f"{output}_tall")
    tensor = _reshaped(work, tensor, (-1, tall, wide, channels), f"{output}_whole")
    return work.add("Transpose", [tensor], output, perm=[0, 3, 1, 2])


def _repeated(work: Workpiece, tensor: str, length: int, times: int, name: str) -> str:
    """Each run of so many elements, so many times."""
    rows = _reshaped(work, tensor, (-1, 1, length), f"{name}_rows")
    return work.add("Concat", [rows] * times, name, axis=1)


def _reshaped(work: Workpiece, tensor: str, shape: tuple[int, ...], name: str) -> str:
    return work.add("Reshape", [tensor, work.constant(f"{name}_shape", np.array(shape, np.int64))], name)


def _repeats(node: NodeProto) -> bool:
    """Whether it repeats pixels, whatever the factor."""
    words = {attribute.name: attribute.s for attribute in node.attribute}
    coordinates = words.get("coordinate_transformation_mode", b"half_pixel")
    return (coordinates, words.get("nearest_mode", b"round_prefer_floor")) in REPEATING
