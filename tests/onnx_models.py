"""Small ONNX models that the tests make: a few nodes whose answer can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

SIDE = 32


def write(path: Path, nodes, inputs, outputs, initializers=(), metadata=None) -> Path:
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if metadata:
        helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def images(batch, side=SIDE):
    return helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, side, side])


def channel_means(path: Path, batch) -> Path:
    """Each picture's mean of each channel: (batch, 3)."""
    node = helper.make_node("ReduceMean", ["images"], ["output"], axes=[2, 3], keepdims=0)
    return write(
        path, [node], [images(batch)], [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, 3])]
    )


def refuses_bright(path: Path, batch="batch") -> Path:
    """Channel means like `channel_means`, but a batch with a picture whose mean is above 100 cannot be computed.

    The greatest mean, over 100, is an index into one element.
    """
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMax", ["means"], ["brightest"], keepdims=0),
        helper.make_node("Div", ["brightest", "hundred"], ["ratio"]),
        helper.make_node("Cast", ["ratio"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["zero", "index"], ["nothing"]),
        helper.make_node("Add", ["means", "nothing"], ["output"]),
    ]
    constants = [
        helper.make_tensor("hundred", TensorProto.FLOAT, [], [100.0]),
        helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, 3])
    return write(path, nodes, [images(batch)], [output], constants)


def refuses_all(path: Path, shape: list[int]) -> Path:
    """An output of that shape which can never be computed: the number of channels is an index into one element."""
    nodes = [
        helper.make_node("Shape", ["images"], ["channels"], start=1, end=2),
        helper.make_node("Gather", ["zero", "channels"], ["nothing"]),
        helper.make_node("Expand", ["nothing", "shape"], ["output"]),
    ]
    constants = [
        helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
        helper.make_tensor("shape", TensorProto.INT64, [len(shape)], shape),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)
    return write(path, nodes, [images(1)], [output], constants)


def counting(rounds: int):
    """Nodes and a constant that count from `mean` to `counted`, one by one, which takes as long as that takes."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["still_on"]),
            helper.make_node("Add", ["count", "one"], ["more"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("count", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("still_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, []),
        ],
        [helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])],
    )
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Loop", ["rounds", "", "mean"], ["counted"], body=body),
    ]
    return nodes, helper.make_tensor("rounds", TensorProto.INT64, [], [rounds])


def never_returns(path: Path, shape: list[int]) -> Path:
    """An output of that shape that is counted up to for longer than anybody waits."""
    nodes, rounds = counting(2**62)
    nodes.append(helper.make_node("Expand", ["counted", "shape"], ["output"]))
    constants = [rounds, helper.make_tensor("shape", TensorProto.INT64, [len(shape)], shape)]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)
    return write(path, nodes, [images(1)], [output], constants)


def nothing_found():
    """YOLOX's answer for two classes that there is no object, as a constant, and its description as an output."""
    cells = sum((SIDE // stride) ** 2 for stride in (8, 16, 32))
    answer = helper.make_tensor("nothing", TensorProto.FLOAT, [1, cells, 7], [0.0] * cells * 7)
    return answer, helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, cells, 7])


def slow(path: Path, rounds: int) -> Path:
    """Finds no object in YOLOX's layout, and counts so far before it says so; a million takes seconds."""
    (nodes, constant), (nothing, output) = counting(rounds), nothing_found()
    nodes.append(helper.make_node("Mul", ["counted", "nothing"], ["output"]))
    return write(path, nodes, [images(1)], [output], [constant, nothing])


def fails_at_bright(path: Path) -> Path:
    """Finds no object in YOLOX's layout, and cannot compute a picture whose mean is above 150.

    The mean, over 150, is an index into one element.
    """
    nothing, output = nothing_found()
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "limit"], ["ratio"]),
        helper.make_node("Cast", ["ratio"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["one", "index"], ["factor"]),
        helper.make_node("Mul", ["factor", "nothing"], ["output"]),
    ]
    constants = [
        helper.make_tensor("limit", TensorProto.FLOAT, [], [150.0]),
        helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
        nothing,
    ]
    return write(path, nodes, [images(1)], [output], constants)


def echo(path: Path, dtype: str, channels_last: bool, *others: str, alone: bool = False) -> Path:
    """What it is fed: pictures of that dtype and layout, or a single one, and int64 pairs by other names."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    shape = ["batch", SIDE, SIDE, 3] if channels_last else ["batch", 3, SIDE, SIDE]
    shape = shape[1:] if alone else shape
    every = [("images", kind, shape), *((name, TensorProto.INT64, ["batch", 2]) for name in others)]
    return write(
        path,
        [helper.make_node("Identity", [name], [f"{name}_out"]) for name, _, _ in every],
        [helper.make_tensor_value_info(*parts) for parts in every],
        [helper.make_tensor_value_info(f"{name}_out", kind, shape) for name, kind, shape in every],
    )


def stacked(path: Path, times: int) -> Path:
    """The picture so many times, one behind the other: (batch, 3 * times, 32, 32)."""
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 3 * times, SIDE, SIDE])
    return write(
        path, [helper.make_node("Concat", ["images"] * times, ["output"], axis=1)], [images("batch")], [output]
    )


def over_all_pictures(path: Path, times: int) -> Path:
    """The greatest of all pictures, so many times: (1, 3 * times, 32, 32), however many there are."""
    nodes = [
        helper.make_node("Concat", ["images"] * times, ["stacked"], axis=1),
        helper.make_node("ReduceMax", ["stacked"], ["output"], axes=[0]),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3 * times, SIDE, SIDE])
    return write(path, nodes, [images("batch")], [output])


def bright_pixels(path: Path) -> Path:
    """The places of the pixels of one picture that are above 100: (n, 4), and n is known only then."""
    nodes = [
        helper.make_node("Greater", ["images", "hundred"], ["bright"]),
        helper.make_node("NonZero", ["bright"], ["places"]),
        helper.make_node("Transpose", ["places"], ["output"], perm=[1, 0]),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.INT64, ["batch", 4])
    return write(path, nodes, [images(1)], [output], [helper.make_tensor("hundred", TensorProto.FLOAT, [], [100.0])])


def speechless_at_bright(path: Path) -> Path:
    """YOLOX's layout for two classes: no object, and NaN for pictures whose mean is above 100."""
    nothing, output = nothing_found()
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Squeeze", ["mean", "last"], ["means"]),
        helper.make_node("Sub", ["hundred", "means"], ["dark"]),
        helper.make_node("Sqrt", ["dark"], ["root"]),
        helper.make_node("Mul", ["root", "nothing"], ["output"]),
    ]
    constants = [
        helper.make_tensor("hundred", TensorProto.FLOAT, [], [100.0]),
        helper.make_tensor("last", TensorProto.INT64, [1], [3]),
        nothing,
    ]
    return write(path, nodes, [images(1)], [output], constants)


def beside(source: Path, path: Path) -> Path:
    """The model at `source`, written to `path` with all of its weights in `NAME.onnx.data`."""
    data = path.with_name(f"{path.name}.data")
    data.unlink(missing_ok=True)  # it would be appended to
    onnx.save(
        onnx.load(source),
        path,
        save_as_external_data=True,
        location=data.name,
        size_threshold=0,
        convert_attribute=True,
    )
    return path
