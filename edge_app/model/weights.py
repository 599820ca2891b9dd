"""Weights in files beside an ONNX file, such as `model.onnx.data`, which may say of them what it likes.

A path in it is followed only to a file of its own folder; nothing is read before it is known to be there whole.
"""

from __future__ import annotations

import math
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from onnx import GraphProto, ModelProto, TensorProto
from onnx.external_data_helper import uses_external_data

from edge_app.core.errors import DataError, InputError, first_line
from edge_app.model.not_onnx import what_else
from edge_app.onnx_graph import graphs, tensors

LARGEST = 2**31 - 1  # what one ONNX file can be at most, as protobuf has it [bytes]
BITS = {"FLOAT": 32, "DOUBLE": 64, "BOOL": 8}  # of the dtypes whose names do not say it


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Where the weights of one tensor are: a file, and from which byte to which."""

    path: Path
    start: int
    end: int


def data_files(path: Path, model: ModelProto) -> tuple[Path, ...]:
    """The files beside the ONNX file at `path` that hold weights of it, by name; each is there and long enough.

    Raises:
        InputError: One of them is missing; the text names it.
        DataError: One of them is too short or not in the folder, or the model's references to them are invalid.
    """
    return tuple(sorted({stretch.path for _, stretch in _beside(path, model)}))


def load_weights(path: Path, model: ModelProto, most: float = math.inf) -> bool:
    """Reads what lies beside `path` into the model, a tensor at a time; returns whether anything was read.

    Args:
        path: The ONNX file.
        model: What is in it.
        most: Bytes of a tensor at most; larger ones stay where they are.

    Raises:
        InputError, DataError: See `data_files`; or what is read is more than one ONNX file can be.
    """
    read = [(tensor, stretch) for tensor, stretch in _beside(path, model) if stretch.end - stretch.start <= most]
    total = path.stat().st_size + sum(stretch.end - stretch.start for _, stretch in read)
    if read and total > LARGEST:
        raise DataError(f"{path}: has {total / 1e9:.1f} GB of weights; up to 2 GB can be made into INT8 or FP16")
    for tensor, stretch in read:
        with stretch.path.open("rb") as file:
            file.seek(stretch.start)
            tensor.raw_data = file.read(stretch.end - stretch.start)
        del tensor.external_data[:]
        tensor.ClearField("data_location")
    return bool(read)


def drop_weights(model: ModelProto) -> None:
    """Leaves of each weight its name and dtype, which is all that a check of the model looks at.

    Raises:
        ValueError: One has not as many bytes as its shape wants.
    """
    for tensor in tensors(model):
        if tensor.HasField("raw_data") and len(tensor.raw_data) != _bytes(tensor):
            raise ValueError(f"{tensor.name} has {len(tensor.raw_data)} bytes, its shape wants {_bytes(tensor)}")
        if tensor.HasField("raw_data") or uses_external_data(tensor):
            for field in ("raw_data", "external_data", "data_location"):
                tensor.ClearField(field)
            tensor.dims[:] = [0]
    for graph in graphs(model):
        if isinstance(graph, GraphProto):
            for sparse in graph.sparse_initializer:
                graph.initializer.add(name=sparse.values.name, data_type=sparse.values.data_type, dims=[0])
            graph.ClearField("sparse_initializer")


def _beside(path: Path, model: ModelProto) -> list[tuple[TensorProto, _Stretch]]:
    """The tensors whose values are not in the file itself, and where these are; raises as `data_files`."""
    try:
        return [(tensor, _stretch(path, tensor)) for tensor in tensors(model) if uses_external_data(tensor)]
    except ValueError as error:  # a NUL in a path, say, or a name that is no UTF-8
        raise DataError(f"{path}: its references to external weights are invalid ({first_line(error)})") from error


def _stretch(path: Path, tensor: TensorProto) -> _Stretch:
    said = {entry.key: str(entry.value) for entry in tensor.external_data}  # bytes where it is no UTF-8
    file = _located(path, said.get("location", ""))
    wanted = _bytes(tensor)
    start, length = (_number(path, tensor, key, said.get(key)) for key in ("offset", "length"))
    if length not in (None, wanted):
        raise DataError(f"{path}: says that {tensor.name!r} has {length} bytes; its shape wants {wanted}")
    stretch = _Stretch(file, start or 0, (start or 0) + wanted)
    if (size := file.stat().st_size) < stretch.end:
        if what := what_else(file):
            raise DataError(f"{path}: its weights should be in {file.name!r}: {what}")
        raise DataError(f"{path}: its weights in {file.name!r} end at byte {size}, want {stretch.end}; copy it again")
    return stretch


def _located(path: Path, location: str) -> Path:
    """The file that the model at `path` names.

    Raises:
        InputError: There is none.
        DataError: It is not in the model's folder, or no file.
    """
    named = PurePosixPath(location)
    if named.is_absolute() or ".." in named.parts:
        raise DataError(f"{path}: wants its weights from {location!r}; only its own folder is looked in")
    file = path.parent / named
    if not os.path.exists(file):  # noqa: PTH110, which raises where a name is too long
        # The ONNX file alone is a link.
        file = Path(os.path.realpath(path)).parent / named
    folders = os.path.realpath(path.parent), Path(os.path.realpath(path)).parent  # the latter where all are links
    if not any(Path(os.path.realpath(file)).is_relative_to(folder) for folder in folders):
        raise DataError(f"{path}: its weights, {location!r}, are a link out of the folder; put the file itself there")
    try:
        about = file.stat()
    except OSError as error:
        missing = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise InputError(f"{path}: its weights are in {location!r}, which {missing}; put it into its folder") from error
    if not stat.S_ISREG(about.st_mode):
        raise DataError(f"{path}: its weights are said to be in {location!r}, which is no file")
    return file


def _number(path: Path, tensor: TensorProto, key: str, text: str | None) -> int | None:
    if text is None or (text.isascii() and text.isdigit()):
        return None if text is None else int(text)
    raise DataError(f"{path}: the {key} of {tensor.name!r} in its file of weights is {text!r}")


def _bytes(tensor: TensorProto) -> int:
    """How many bytes its values take; raises ValueError if it cannot have any."""
    name = TensorProto.DataType.Name(tensor.data_type)
    bits = re.search(r"\d+", name)
    if (not bits and name not in BITS) or any(size < 0 for size in tensor.dims):
        raise ValueError(f"{tensor.name} cannot be of {name} {tuple(tensor.dims)}")
    count: int = math.prod(tensor.dims)
    return (count * (int(bits[0]) if bits else BITS[name]) + 7) // 8
