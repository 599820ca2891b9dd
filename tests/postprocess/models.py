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
}


def planted(path: Path, layout: Layout, arrays: Arrays, wh: tuple[int, int], side: object = None) -> Path:
    """A model of that layout: the arrays for every picture, and 10⁶ more of everything for a picture that is wrong."""
    height, width = (wh[1], wh[0]) if side is None else (side, side)
    shape = [layout.batch, height, width, 3] if layout.channels_last else [layout.batch, 3, height, width]
    inputs = [helper.make_tensor_value_info("images", TYPES[layout.dtype], shape)]
    reduce, compare, limit = WRONG[layout.pixels]
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node(reduce, ["pixels"], ["extreme"], axes=[1, 2, 3], keepdims=0),
        helper.make_node(compare, ["extreme", "limit"], ["is_wrong"]),
        helper.make_node("Cast", ["is_wrong"], ["wrong"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["wrong", "million"], ["error"]),
    ]
    constants = {"limit": np.float32(limit), "million": np.float32(1e6)}
    if layout.family == "rtdetr":
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [layout.batch, 2]))
        nodes += [
            helper.make_node("Cast", ["orig_target_sizes"], ["sizes"], to=TensorProto.FLOAT),
            helper.make_node("Concat", ["sizes", "sizes"], ["twice"], axis=1),
            helper.make_node("Unsqueeze", ["twice", "one"], ["scale"]),
        ]
        constants["one"] = np.array([1], np.int64)
    outputs = []
    for name, array in arrays.items():
        flat = name in ("graph2_flat_predictions", "output") and array.ndim == 2
        nodes += _flat(name) if flat else _of_a_picture(name, array, layout)
        constants |= {
            f"{name}_value": array.astype(np.float32),
            f"{name}_rank": np.array([-1] + [1] * (array.ndim - 1)),
        }
        kind = (
            array.dtype if array.dtype.kind == "i" else np.dtype("float16" if layout.dtype == "float16" else "float32")
        )
        declared = [None, 7] if flat else [layout.batch, *array.shape[1:]]
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


def _flat(name):
    """The rows, if there is no error: how many there are depends on the picture."""
    return [
        helper.make_node("Reshape", ["error", f"{name}_rank"], [f"{name}_error"]),
        helper.make_node("Add", [f"{name}_value", f"{name}_error"], [f"{name}_each"]),
        helper.make_node("ReduceMax", [f"{name}_each"], [f"{name}_most"], axes=[1], keepdims=0),
        helper.make_node("Less", [f"{name}_most", "million"], [f"{name}_right"]),
        helper.make_node("Compress", [f"{name}_each", f"{name}_right"], [name], axis=0),
    ]
