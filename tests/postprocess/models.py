"""ONNX models that answer with planted outputs, if the picture that they are fed is preprocessed as it should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from tests.onnx_models import write
from tests.postprocess.layouts import Arrays, Layout

TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}
# What is wrong with a picture: its greatest or least value, compared, and with what.
WRONG = {
    "unit": ("ReduceMax", "Greater", 1.001),
    "bytes": ("ReduceMax", "Less", 1.5),
    "imagenet": ("ReduceMin", "Greater", 0.0),
    "bgr_imagenet": ("ReduceMin", "Greater", 0.0),
}


def planted(
    path: Path, layout: Layout, arrays: Arrays, wh: tuple[int, int], side: object = None, channels: object = 3
) -> Path:
    """A model of that layout: the arrays for every picture, and 10⁶ more of everything for a picture that is wrong.

    PaddleDetection's want a scale of 1 and its own size, else it is wrong too. What lists one picture's boxes lists
    none then.
    """
    height, width = (wh[1], wh[0]) if side is None else (side, side)
    batch = [] if layout.batch is None else [layout.batch]
    shape = [*batch, height, width, 3] if layout.channels_last else [*batch, channels, height, width]
    inputs = [helper.make_tensor_value_info(layout.picture, TYPES[layout.dtype], shape)]
    reduce, compare, limit = WRONG[layout.pixels]
    nodes = [
        helper.make_node("Cast", [layout.picture], ["fed"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["fed", "each"], ["pixels"]),
        helper.make_node(reduce, ["pixels"], ["extreme"], axes=[1, 2, 3], keepdims=0),
        helper.make_node(compare, ["extreme", "limit"], ["is_wrong"]),
        helper.make_node("Cast", ["is_wrong"], ["wrong"], to=TensorProto.FLOAT),
    ]
    sides = (0, 0, 0, 0) if layout.batch is not None else (1, 3, -1, wh[0])  # 0 is what is there
    constants = {"limit": np.float32(limit), "million": np.float32(1e6), "each": np.array(sides)}
    if layout.family == "rtdetr":
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [layout.batch, 2]))
        nodes += [
            helper.make_node("Cast", ["orig_target_sizes"], ["sizes"], to=TensorProto.FLOAT),
            helper.make_node("Concat", ["sizes", "sizes"], ["twice"], axis=1),
            helper.make_node("Unsqueeze", ["twice", "one"], ["scale"]),
        ]
        constants["one"] = np.array([1], np.int64)
    if layout.scale:
        inputs.append(helper.make_tensor_value_info("scale_factor", TensorProto.FLOAT, [layout.batch, 2]))
        inputs.append(helper.make_tensor_value_info("im_shape", TensorProto.FLOAT, [layout.batch, 2]))
        nodes += [
            helper.make_node("Div", ["im_shape", "height_width"], ["shares"]),  # 1, like the scale
            helper.make_node("Mul", ["scale_factor", "shares"], ["scale"]),
            helper.make_node("Equal", ["scale", "unscaled"], ["is_scaled_right"]),
            helper.make_node("Not", ["is_scaled_right"], ["is_scaled_wrong"]),
            helper.make_node("Cast", ["is_scaled_wrong"], ["scaled_wrong"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMax", ["scaled_wrong"], ["worst"], axes=[1], keepdims=0),
            helper.make_node("Add", ["wrong", "worst"], ["wrong_or_scaled"]),
        ]
        constants["unscaled"] = np.array([[1, 1]], np.float32)
        constants["height_width"] = np.array([[wh[1], wh[0]]], np.float32)
    wrong = "wrong_or_scaled" if layout.scale else "wrong"
    nodes.append(helper.make_node("Mul", [wrong, "million"], ["error"]))
    outputs = []
    for name, array in arrays.items():
        flat = name in ("graph2_flat_predictions", "output") and array.ndim == 2
        nodes += _flat(name) if flat else _listed(name, array) if layout.lists else _of_a_picture(name, array, layout)
        constants |= {
            f"{name}_value": array.astype(np.float32),
            f"{name}_rank": np.array([-1] + [1] * (array.ndim - 1)),
            f"{name}_length": np.array([len(array)]),
        }
        kind = (
            array.dtype if array.dtype.kind == "i" else np.dtype("float16" if layout.dtype == "float16" else "float32")
        )
        declared = [None, *array.shape[1:]] if flat or layout.lists else [layout.batch, *array.shape[1:]]
        outputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(kind), declared))
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    return write(path, nodes, inputs, outputs, tensors, dict(layout.metadata))


def _of_a_picture(name, array, layout):
    """The array once a picture."""
    kind = TensorProto.FLOAT16 if layout.dtype == "float16" else TensorProto.FLOAT
    if array.dtype.kind == "i":
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    value, nodes = f"{name}_value", []
    if layout.family == "rtdetr" and name == "boxes":
        nodes, value = [helper.make_node("Mul", [value, "scale"], ["scaled"])], "scaled"
    return [
        *nodes,
        helper.make_node("Reshape", ["error", f"{name}_rank"], [f"{name}_error"]),
        helper.make_node("Add", [value, f"{name}_error"], [f"{name}_each"]),
        helper.make_node("Cast", [f"{name}_each"], [name], to=kind),
    ]


def _listed(name, array):
    """The rows, if there is no error: how many there are depends on the picture."""
    kind = TensorProto.FLOAT if array.dtype.kind == "f" else helper.np_dtype_to_tensor_dtype(array.dtype)
    return [
        helper.make_node("Less", ["error", "million"], [f"{name}_right"]),
        helper.make_node("Expand", [f"{name}_right", f"{name}_length"], [f"{name}_there"]),
        helper.make_node("Compress", [f"{name}_value", f"{name}_there"], [f"{name}_rows"], axis=0),
        helper.make_node("Cast", [f"{name}_rows"], [name], to=kind),
    ]


def _flat(name):
    """The rows, if there is no error: how many there are depends on the picture."""
    return [
        helper.make_node("Reshape", ["error", f"{name}_rank"], [f"{name}_error"]),
        helper.make_node("Add", [f"{name}_value", f"{name}_error"], [f"{name}_each"]),
        helper.make_node("ReduceMax", [f"{name}_each"], [f"{name}_most"], axes=[1], keepdims=0),
        helper.make_node("Less", [f"{name}_most", "million"], [f"{name}_right"]),
        helper.make_node("Compress", [f"{name}_each", f"{name}_right"], [name], axis=0),
    ]
