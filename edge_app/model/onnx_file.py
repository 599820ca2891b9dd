"""Reads an ONNX file, whatever exporter wrote it: in order, with or without what lies beside it."""

from __future__ import annotations

import stat
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto

from edge_app.core.errors import AccessError, DataError, InputError, first_line
from edge_app.model.not_onnx import what_else
from edge_app.model.weights import LARGEST, data_files, drop_weights, load_weights
from edge_app.onnx_graph import nodes, sort_nodes, texts

PLUGINS = onnx.helper.make_opsetid("tensorrt_plugins", 1)


def read_onnx(path: Path) -> ModelProto:
    """What is in the file; weights beside it stay there.

    Nodes are put in order, metadata that is there twice is taken once (the last), and what only training needs is
    left out. The file itself stays as it is.

    Raises:
        InputError, AccessError: There is no such file, or it cannot be read.
        DataError: It is not an ONNX model.
    """
    model = ModelProto()
    try:
        model.ParseFromString(_content(path))
        if not all(isinstance(text, str) for text in texts(model)):
            raise ValueError("a name in it is no UTF-8")
        sort_nodes(model)
        onnx.helper.set_model_props(model, {entry.key: entry.value for entry in model.metadata_props})
    except (DecodeError, ValueError) as error:
        raise not_whole(path, error) from error
    model.ClearField("training_info")
    return model


def load_onnx(path: Path) -> ModelProto:
    """The same with all of its weights; raises like `read_onnx` and `load_weights`."""
    model = read_onnx(path)
    load_weights(path, model)
    return model


def check_onnx(path: Path) -> ModelProto:
    """The same without any weights, and checked: what lies beside the file too, as far as that goes without reading it.

    Raises:
        InputError, AccessError: It or a file of its weights is missing, or cannot be read.
        DataError: It is not a complete ONNX model.
    """
    model = read_onnx(path)
    if model.ir_version > onnx.IR_VERSION:
        raise DataError(
            f"{path}: IR version {model.ir_version} is newer than onnx {onnx.__version__} knows ({onnx.IR_VERSION}); "
            "pip install -U onnx onnxruntime, or export it in an older one"
        )
    data_files(path, model)
    try:
        drop_weights(model)
        _move_plugins(model)
        _state_types(model)
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise not_whole(path, error) from error
    return model


def not_whole(path: Path, error: Exception) -> DataError:
    """What is said of a file that libraries cannot read."""
    return DataError(f"{path}: {what_else(path) or f'not a whole ONNX model ({first_line(error)})'}")


def may_name_weights(path: Path) -> bool:
    """Whether the file may say that weights are beside it; only then must it be parsed to know. Raises as `read_onnx`.

    A tensor whose values are elsewhere has a key `location`, which may of course stand in a file for other reasons.
    """
    return b"location" in _content(path)


def check_file(path: Path) -> None:
    """Whether it can be an ONNX file, without a look into it: a pipe is not waited for, and a device not read.

    Raises:
        InputError, AccessError: There is no such file, or it cannot be read.
        DataError: It is too large.
    """
    try:
        about = path.stat()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such model file") from error
    except PermissionError as error:
        raise AccessError(f"{path}: {error.strerror}") from error
    except (OSError, ValueError) as error:  # the latter for a NUL
        raise InputError(f"{path}: {getattr(error, 'strerror', error)}") from error
    if not stat.S_ISREG(about.st_mode):
        raise InputError(f"{path}: {'a folder' if stat.S_ISDIR(about.st_mode) else 'not a file'}; want an ONNX file")
    if about.st_size > LARGEST:
        raise DataError(f"{path}: larger than 2 GB, which no ONNX file can be: its weights would be beside it")


def _content(path: Path) -> bytes:
    check_file(path)
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise AccessError(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _move_plugins(model: ModelProto) -> None:
    """Moves TensorRT's plugins to a domain of their own; onnx-graphsurgeon leaves them in ONNX's or an undeclared one.

    The checker ignores a domain that it does not know; otherwise it would reject the file.
    """
    plugins = [node for node in nodes(model) if node.op_type.endswith("_TRT")]
    for node in plugins:
        node.domain = PLUGINS.domain
    if plugins:
        model.opset_import.append(PLUGINS)


def _state_types(model: ModelProto) -> None:
    """Gives inputs and outputs of no type or rank, which runtimes find out for themselves, an empty one."""
    for value in (*model.graph.input, *model.graph.output):
        if value.type.WhichOneof("value") in (None, "tensor_type"):
            tensor = value.type.tensor_type
            tensor.elem_type = tensor.elem_type  # stated, if only as undefined
            tensor.shape.SetInParent()
