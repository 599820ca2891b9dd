"""ONNX files as exporters and converters really write them: read right, or refused in one line."""

from __future__ import annotations

import contextlib
import os
import random
import re

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from edge_app.core.errors import DataError, EdgeAppError, InputError
from edge_app.model import digest, load_onnx, read_signature, sha256
from tests.onnx_models import beside, channel_means
from tests.trt_build.models import boxes, convolution


@pytest.fixture
def path(tmp_path):
    return convolution(tmp_path / "model.onnx", 1)


def changed(path, change):
    """The file after `change` was let loose on its model."""
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def shuffle(model):
    nodes = list(model.graph.node)
    random.Random(1).shuffle(nodes)
    assert [node.name for node in nodes] != [node.name for node in model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def test_nodes_in_any_order_are_a_model_and_the_file_stays_as_it_is(tmp_path):
    """As converters to FP16 leave them."""
    path = changed(boxes(tmp_path / "boxes.onnx"), shuffle)
    written = path.read_bytes()
    with pytest.raises(onnx.checker.ValidationError, match="topologically sorted"):
        onnx.checker.check_model(onnx.load(path))

    assert [str(tensor) for tensor in read_signature(path).outputs] == ["output float32 (?, 16)"]
    onnx.checker.check_model(load_onnx(path))
    assert (digest(path), path.read_bytes()) == (sha256(path), written)


def test_a_cycle_is_one_line(path):
    def close(model):
        model.graph.node[0].input[0] = model.graph.node[1].output[0]

    with pytest.raises(DataError, match=r"model\.onnx: not a whole ONNX model \(its nodes form a cycle, at \w+\)$"):
        read_signature(changed(path, close))


def without(*parts):
    """Takes away a field of the model's first input or output."""

    def change(model):
        value = getattr(model.graph, parts[0])[0]
        if parts[1] == "type":
            value.ClearField("type")
        else:
            value.type.tensor_type.ClearField(parts[1])

    return change


def old(model):
    """IR version 3: initializers are inputs too."""
    model.ir_version = 3
    model.graph.input.extend(
        helper.make_tensor_value_info(w.name, w.data_type, w.dims) for w in model.graph.initializer
    )


def older(model):
    model.ir_version = 2
    del model.opset_import[:]
    model.graph.input.append(helper.make_tensor_value_info("weights", TensorProto.FLOAT, [16, 3, 3, 3]))


def twice(model):
    for value in "ab":
        model.metadata_props.add(key="task", value=value)


def nameless(model):
    for node in model.graph.node:
        node.name = ""


def trained(model):
    info = model.training_info.add()
    info.algorithm.node.add(op_type="Adam", input=["nothing"])
    info.initialization.initializer.add(name="w", data_type=1, dims=[9])


@pytest.mark.parametrize("change", [old, older, twice, nameless, trained])
def test_oddities_of_exporters_are_no_mistakes(path, change):
    signature = read_signature(changed(path, change))

    assert [str(tensor) for tensor in signature.inputs] == ["images float32 (1, 3, 32, 32)"]
    assert [str(tensor) for tensor in signature.outputs] == ["output float32 (1, 16, 32, 32)"]
    assert signature.metadata == ({"task": "b"} if change is twice else {})
    loaded = load_onnx(path)
    assert (len(loaded.metadata_props), len(loaded.training_info)) == (len(signature.metadata), 0)


@pytest.mark.parametrize(("part", "shown"), [("shape", "output float32 ()"), ("type", "output undefined ()")])
def test_an_output_need_not_say_its_shape_or_type(path, part, shown):
    assert [str(tensor) for tensor in read_signature(changed(path, without("output", part))).outputs] == [shown]


@pytest.mark.parametrize("part", ["shape", "type"])
def test_an_input_without_a_shape_is_no_picture(path, part):
    with pytest.raises(DataError, match=r"want an input of shape \(batch, 3, height, width\).*its inputs: images "):
        read_signature(changed(path, without("input", part)))


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (TensorProto.STRING, "string"),
        (TensorProto.BFLOAT16, "bfloat16"),
        (TensorProto.FLOAT8E4M3FN, "float8e4m3fn"),
        (TensorProto.INT4, "int4"),
        (TensorProto.DOUBLE, "float64"),
        (TensorProto.BOOL, "bool"),
        (0, "undefined"),
        (99, "dtype 99"),
    ],
)
def test_every_dtype_has_a_name(path, number, name):
    def change(model):
        model.graph.output[0].type.tensor_type.elem_type = number

    assert read_signature(changed(path, change)).outputs[0].dtype == name


@pytest.mark.parametrize(
    "dtype", ["FLOAT16", "BFLOAT16", "FLOAT8E5M2", "INT4", "UINT4", "INT8", "BOOL", "DOUBLE", "INT64", "COMPLEX64"]
)
@pytest.mark.parametrize("outside", [False, True], ids=["inside", "beside"])
def test_weights_of_every_dtype_are_read(tmp_path, dtype, outside):
    """Three of them, so that those of four bits do not fill their bytes."""
    number = TensorProto.DataType.Value(dtype)
    bits = {"INT4": 4, "UINT4": 4, "BOOL": 8, "FLOAT8E5M2": 8, "DOUBLE": 64}.get(dtype) or int(re.sub(r"\D", "", dtype))
    weights = TensorProto(name="w", data_type=number, dims=[3], raw_data=bytes((3 * bits + 7) // 8))
    path = changed(channel_means(tmp_path / "one.onnx", 1), lambda model: model.graph.initializer.append(weights))
    path = beside(path, tmp_path / "two.onnx") if outside else path

    assert read_signature(path)
    assert load_onnx(path).graph.initializer[0].raw_data == weights.raw_data

    def cut(model):
        model.graph.initializer[0].raw_data = b"1"

    if not outside:
        with pytest.raises(DataError, match="w has 1 bytes, its shape wants"):
            read_signature(changed(path, cut))


def test_names_that_are_no_utf8_are_one_line(path):
    content = path.read_bytes().replace(b"relu", b"re\xff\xfe")
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"not a whole ONNX model \(.*(UTF-8|utf-8)"):
        read_signature(path)


def test_a_newer_ir_version_is_told_with_what_to_do(path):
    def change(model):
        model.ir_version = 99

    words = rf"IR version 99 is newer than onnx {re.escape(onnx.__version__)} knows \(\d+\); pip install -U onnx "
    with pytest.raises(DataError, match=words):
        read_signature(changed(path, change))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        pytest.param(lambda path: path.mkdir(), InputError, "a folder; want an ONNX file", id="a folder"),
        pytest.param(os.mkfifo, InputError, "not a file; want an ONNX file", id="a pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), InputError, "not a file", id="a device"),
        pytest.param(lambda path: path.symlink_to(path), InputError, "symbolic", id="a link to itself"),
        pytest.param(lambda path: path.symlink_to("none"), InputError, "no such model file", id="a link to nothing"),
        pytest.param(lambda path: None, InputError, "no such model file", id="nothing"),
        pytest.param(lambda path: path.write_bytes(b""), DataError, "is empty", id="empty"),
        pytest.param(lambda path: path.write_text("<html>"), DataError, "an HTML page", id="a page"),
    ],
)
def test_what_is_no_file_is_not_waited_for(tmp_path, make, error, words):
    path = tmp_path / "x.onnx"
    make(path)
    with pytest.raises(error, match=words) as caught:
        read_signature(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_larger_than_protobuf_can_be_is_not_read(tmp_path):
    path = tmp_path / "x.onnx"
    path.touch()
    os.truncate(path, 2**31)  # without a byte on the disk
    with pytest.raises(DataError, match="larger than 2 GB"):
        read_signature(path)


def test_models_with_weights_of_more_than_one_file_can_hold_are_read_but_not_loaded(tmp_path):
    path = channel_means(tmp_path / "x.onnx", 1)
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2**29])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="w.bin")
    changed(path, lambda model: model.graph.initializer.append(weights))
    (tmp_path / "w.bin").touch()
    os.truncate(tmp_path / "w.bin", 2**31)

    assert read_signature(path)
    with pytest.raises(DataError, match=r"has 2\.1 GB of weights; up to 2 GB can be made into INT8 or FP16"):
        load_onnx(path)


@pytest.mark.parametrize("name", ["two words", "schön 模型", "new\nline", "quote'\"", "-dash", "%s {0}"])
def test_any_name_of_a_file_will_do(tmp_path, name, verb):
    folder = tmp_path / name
    folder.mkdir()
    path = beside(convolution(tmp_path / "one.onnx", 1), folder / f"{name}.onnx")
    assert read_signature(path)
    assert digest(path) != sha256(path)
    code, _, err = verb("models", "inspect", path)
    assert (code, err.count("\n")) == (78, 1)  # a layout that nobody knows


BYTES = st.builds(lambda at, bit: (at, 1 << bit), st.integers(0, 10**6), st.integers(0, 7))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(BYTES, max_size=4), end=st.integers(1, 10**6) | st.none(), outside=st.booleans())
def test_damaged_files_are_refused_in_one_line_or_read(tmp_path, flips, end, outside):
    path = tmp_path / "damaged.onnx"
    beside(boxes(path), path)
    if not outside:
        boxes(path)
    content = bytearray(path.read_bytes())
    for at, bit in flips:
        content[at % len(content)] ^= bit
    path.write_bytes(content[: end % len(content) if end else None])
    for reads in (read_signature, digest, load_onnx):
        with contextlib.suppress(EdgeAppError):
            reads(path)
