"""Enlarging by whole factors as plain copies: ONNX Runtime's nearest Resize is slow where channels come last."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from edge_app.onnx_graph import OnnxGraph, attribute

REPEATING = (  # coordinates and rounding by which pixel i of the result is pixel i // factor
    (b"asymmetric", b"floor"),
    (b"half_pixel", b"round_prefer_floor"),
    (b"half_pixel", b"round_prefer_ceil"),
)


def enlarged(graph: OnnxGraph, node: NodeProto, data: str, output: str) -> str | None:
    """Makes `output`, which is what the nearest Resize `node` makes of `data`, by copies.

    None if it does more than repeat pixels, or if a size other than the batch is not known.
    """
    shapes = graph.shapes()
    before, after = shapes.get(node.input[0]), shapes.get(node.output[0])
    if not before or not after or len(before) != 4 or not all((*before[1:], *after[1:])) or not _repeats(node):
        return None
    (_, channels, height, width), (_, _, tall, wide) = before, after
    if after[1:] != (channels, height * (tall // height), width * (wide // width)):
        return None
    tensor = graph.add("Transpose", [data], f"{output}_last", perm=[0, 2, 3, 1])
    tensor = _repeated(graph, tensor, channels, wide // width, f"{output}_wide")
    tensor = _repeated(graph, tensor, wide * channels, tall // height, f"{output}_tall")
    tensor = _reshaped(graph, tensor, (-1, tall, wide, channels), f"{output}_whole")
    return graph.add("Transpose", [tensor], output, perm=[0, 3, 1, 2])


def _repeated(graph: OnnxGraph, tensor: str, length: int, times: int, name: str) -> str:
    """Each run of so many elements, so many times."""
    rows = _reshaped(graph, tensor, (-1, 1, length), f"{name}_rows")
    return graph.add("Concat", [rows] * times, name, axis=1)


def _reshaped(graph: OnnxGraph, tensor: str, shape: tuple[int, ...], name: str) -> str:
    return graph.add("Reshape", [tensor, graph.add_constant(f"{name}_shape", np.array(shape, np.int64))], name)


def _repeats(node: NodeProto) -> bool:
    """Whether it repeats pixels, whatever the factor."""
    coordinates = attribute(node, "coordinate_transformation_mode", b"half_pixel")
    return (coordinates, attribute(node, "nearest_mode", b"round_prefer_floor")) in REPEATING
